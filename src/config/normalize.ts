// SPDX-License-Identifier: Apache-2.0
import { resolve } from "node:path";
import type { TaskDefinition } from "../core/task.ts";
import type { Draft, DraftDataset } from "./draft.ts";
import { show } from "./problem.ts";
import type { DatasetConfig, Paths, PipelineConfig, PrepareSettings, TaskInput } from "./schema.ts";
import { hubName } from "./source.ts";
import { parseSplit } from "./split.ts";

/** A config that every check has passed, in its effective form; `notes` say what was changed on the way. */
export function normalize(draft: Draft, folder: string): { config: PipelineConfig; notes: string[] } {
  const notes: string[] = [];
  const config: PipelineConfig = {
    ...draft.settings,
    paths: resolvePaths(draft.settings.paths, folder),
    prepare: normalizePrepare(draft.settings.prepare, notes),
    tasks: draft.tasks.map(({ value }) => definition(value)),
    datasets: draft.datasets.map(datasetConfig),
  };
  notes.push(
    ...config.tasks.flatMap(onlyLabel),
    ...config.tasks.flatMap(similarLabels),
    ...tasksWithoutRows(config),
  );
  if (draft.isLegacy) notes.push(...withoutMappings(config));
  return { config, notes };
}

function resolvePaths(paths: Paths, folder: string): Paths {
  return {
    prepared_dir: resolve(folder, paths.prepared_dir),
    bootstrap_prepared_dir: resolve(folder, paths.bootstrap_prepared_dir),
    trained_models_dir: resolve(folder, paths.trained_models_dir),
    datasets_cache_dir: resolve(folder, paths.datasets_cache_dir),
    backfill_dir: resolve(folder, paths.backfill_dir),
  };
}

function normalizePrepare(prepare: PrepareSettings, notes: string[]): PrepareSettings {
  const {
    train_ratio,
    test_ratio,
    eval_ratio,
    target_per_task_label: target,
    max_per_task_label: cap,
  } = prepare;
  let result = prepare;
  const sum = train_ratio + test_ratio + eval_ratio;
  // 0.7, 0.2 and 0.1 sum to 1 less a rounding error: they are left as they were written.
  if (Math.abs(sum - 1) > 1e-9) {
    result = {
      ...result,
      train_ratio: train_ratio / sum,
      test_ratio: test_ratio / sum,
      eval_ratio: eval_ratio / sum,
    };
    const shares = [result.train_ratio, result.test_ratio, result.eval_ratio].map((share) =>
      Number(share.toFixed(6)),
    );
    notes.push(
      `prepare: the ratios ${train_ratio}, ${test_ratio} and ${eval_ratio} do not sum to 1; normalized to ${shares.join(", ")}`,
    );
  }
  if (cap < target) {
    result = { ...result, max_per_task_label: target };
    notes.push(`prepare: max_per_task_label (${cap}) is below target_per_task_label; raised to ${target}`);
  }
  return result;
}

function definition(task: TaskInput): TaskDefinition {
  return {
    name: task.name,
    family: task.family,
    input: task.input,
    objective: task.objective,
    description: task.description,
    labels: task.labels.map((label) =>
      typeof label === "string" ? { name: label, description: "" } : label,
    ),
    default: task.default ?? null,
    targetPrecision: task.target_precision ?? null,
    targetOutOfScopeRecall: task.target_out_of_scope_recall ?? null,
    minConfidence: task.min_confidence ?? null,
  };
}

function datasetConfig({ value, maps }: DraftDataset): DatasetConfig {
  const { path, ...rest } = value;
  const split = parseSplit(value.split);
  return {
    ...rest,
    ...("name" in split ? { split: split.name, slice: split.slice } : { slice: null }),
    dataset_id: value.kind === "huggingface" ? hubName(value) : undefined,
    path: [path ?? []].flat(),
    map: maps.map((one) => one.value),
  };
}

// Its model is right every time, and says nothing.
function onlyLabel({ name, labels }: TaskDefinition): string[] {
  const [only, ...others] = labels;
  if (only === undefined || others.length > 0) return [];
  return [
    `task ${show(name)} has one label, ${show(only.name)}: there is nothing to tell apart, and every text gets it; add a label for texts that are something else`,
  ];
}

// Byte-exact labels are what data from strangers needs; two spellings that look the same are mostly a slip.
function similarLabels(task: TaskDefinition): string[] {
  const seen = new Map<string, string>();
  return task.labels.flatMap(({ name }) => {
    const folded = name.normalize("NFC").trim();
    const other = seen.get(folded);
    seen.set(folded, name);
    if (other === undefined) return [];
    return [
      `task ${show(task.name)}: two labels look like ${show(name)} and differ in their bytes; they are two labels`,
    ];
  });
}

function tasksWithoutRows(config: PipelineConfig): string[] {
  const mapped = new Set(
    config.datasets
      .filter(({ enabled }) => enabled)
      .flatMap(({ map }) => map.filter(({ role }) => role === "train").map(({ task }) => task)),
  );
  const without = config.tasks.filter(({ name }) => !mapped.has(name)).map(({ name }) => show(name));
  if (without.length === 0) return [];
  return [
    `no enabled dataset has train rows for ${without.join(", ")}: they must come from backfill or earlier files`,
  ];
}

// What the Python pipeline had in its code.
function withoutMappings({ tasks, datasets }: PipelineConfig): string[] {
  const notes: string[] = [];
  if (tasks.length === 0)
    notes.push(
      "there are no [[tasks]], which the Python pipeline had in its code: those of the model_pipeline.toml that comes with modelpack are a start",
    );
  const unmapped = datasets.filter(({ enabled, map }) => enabled && map.length === 0);
  if (unmapped.length > 0)
    notes.push(
      `nothing is taken from ${unmapped.map(({ name }) => show(name)).join(", ")} without a [[datasets.map]], which says what columns feed which task`,
    );
  return notes;
}
