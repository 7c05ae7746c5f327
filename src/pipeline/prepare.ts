// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import type { LoadedConfig } from "../config/load.ts";
import type { DatasetConfig, DatasetMap, PipelineConfig } from "../config/schema.ts";
import { ModelpackError } from "../core/error.ts";
import type { Reporter } from "../core/reporter.ts";
import { balanceRows, type LabelBalance } from "../data/balancer.ts";
import { readBootstrap } from "../data/bootstrap.ts";
import { writeFamily } from "../data/dataset.ts";
import { type DeduplicationReport, deduplicate } from "../data/deduplicator.ts";
import type { DropCounts } from "../data/drops.ts";
import { readSource } from "../data/mapping.ts";
import { type TaskRows, TaskRowsBuilder } from "../data/rows.ts";
import { splitRows } from "../data/splitter.ts";
import { commitVersion, probeWritable, removeDeadTemporaries, writeFileAtomic } from "../storage/commit.ts";
import { prettyJson } from "../storage/digest.ts";
import { acquireLock } from "../storage/lock.ts";
import { datasetManifest, readDatasetManifest } from "./dataset-manifest.ts";
import { datasetInputs, type PrepareInputs, type ResolvedDataset, resolveInputs } from "./inputs.ts";
import { checkpoint, DATASET_POINTER, type RunOptions, reuseVersion, versionOf } from "./workspace.ts";

export interface PrepareOptions extends RunOptions {
  /** Rows of each source at most, for a quick run the whole way. */
  readonly sample?: number | null;
  /** Leaves bootstrap files on disk and out of the run. */
  readonly forceFull?: boolean;
  /** Resolves the sources and says what would be done. */
  readonly dryRun?: boolean;
}

/** What a map gave, and what a dataset gave to each. */
export interface SourceReport {
  readonly dataset: string;
  readonly sourceRows: number;
  readonly sampledRows: number;
  readonly maps: readonly { readonly task: string | null; readonly role: string; readonly rows: number }[];
}

/** The rows of one task on their way into the splits, and what happened to the others. */
export interface PreparedTask {
  readonly rows: TaskRows;
  /** Index into SPLITS for each row, or NO_SPLIT. */
  readonly split: Uint8Array;
  readonly drops: DropCounts;
  readonly deduplication: DeduplicationReport;
  readonly labels: readonly LabelBalance[];
  readonly seeds: number;
  readonly outOfScope: number;
}

export interface PrepareResult {
  readonly version: string;
  readonly folder: string;
  /** The inputs had not changed: the version was there already. */
  readonly unchanged: boolean;
  /** Rows missing to the target over all labels. */
  readonly deficit: number;
}

/**
 * Runs the first stage: sources to a balanced, split and committed dataset version.
 *
 * @throws ModelpackError with any of the SOURCE_, COLUMN_, MAPPING_ codes, LOCKED, STORAGE, INTERRUPTED
 */
export async function prepare(
  loaded: LoadedConfig,
  reporter: Reporter,
  options: PrepareOptions = {},
): Promise<PrepareResult> {
  const { config } = loaded;
  const sample = options.sample ?? null;
  const root = config.paths.prepared_dir;
  const clock = options.clock ?? (() => 0);
  const started = clock();
  const inputs = await resolveInputs(
    config,
    loaded.folder,
    { forceFull: options.forceFull ?? false },
    reporter,
  );
  const version = versionOf(datasetInputs(config, inputs, { sample }));
  const folder = join(root, version);
  if (await reuseVersion(root, DATASET_POINTER, version)) {
    reporter.note(`nothing has changed: dataset ${version} is up to date`);
    return { version, folder, unchanged: true, deficit: await storedDeficit(folder) };
  }
  if (options.dryRun === true) {
    reporter.note(
      `would prepare dataset ${version} from ${inputs.datasets.length} datasets; nothing was written`,
    );
    return { version, folder, unchanged: false, deficit: 0 };
  }
  await probeWritable(root);
  const lock = await acquireLock(root, "prepare");
  try {
    await removeDeadTemporaries(root);
    const collected = await collect(config, inputs, sample, reporter, options.signal);
    const tasks: PreparedTask[] = [];
    for (const builder of collected.builders) {
      reporter.progress("deduplicating, splitting and balancing", tasks.length, collected.builders.length);
      checkpoint(options.signal);
      tasks.push(await finishTask(config, builder));
    }
    const deficit = tasks.reduce(
      (sum, task) => sum + task.labels.reduce((n, label) => n + label.deficit, 0),
      0,
    );
    await commitVersion({
      root,
      version,
      pointer: DATASET_POINTER,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      write: async (into) => {
        for (const family of familiesOf(config)) {
          reporter.progress(`writing ${family}`, 0, null);
          await writeFamily(
            into,
            family,
            tasks.filter((task) => task.rows.task.family === family),
          );
          checkpoint(options.signal);
        }
        await writeFileAtomic(join(into, "run.json"), prettyJson({ seconds: clock() - started }));
      },
      manifest: (files) =>
        datasetManifest({ version, config, sample, inputs, sources: collected.sources, tasks, files }),
    });
    return { version, folder, unchanged: false, deficit };
  } finally {
    await lock.release();
  }
}

/** Families in the order of their first task. */
export function familiesOf(config: PipelineConfig): string[] {
  return [...new Set(config.tasks.map((task) => task.family))];
}

async function storedDeficit(folder: string): Promise<number> {
  const { tasks } = await readDatasetManifest(folder);
  return tasks.reduce((sum, task) => sum + task.labels.reduce((n, label) => n + label.deficit, 0), 0);
}

interface Collected {
  /** In the order of the tasks. */
  readonly builders: readonly TaskRowsBuilder[];
  readonly sources: readonly SourceReport[];
}

async function collect(
  config: PipelineConfig,
  inputs: PrepareInputs,
  sample: number | null,
  reporter: Reporter,
  signal: AbortSignal | undefined,
): Promise<Collected> {
  const builders = new Map(config.tasks.map((task) => [task.name, new TaskRowsBuilder(task)]));
  const sources: SourceReport[] = [];
  for (const [i, resolved] of inputs.datasets.entries()) {
    checkpoint(signal);
    reporter.progress(`reading ${resolved.dataset.name}`, i, inputs.datasets.length);
    const report = await collectDataset(config, resolved, sample, (map, push) => {
      const target = map.task === undefined ? undefined : builders.get(map.task);
      if (target !== undefined) push(target);
    });
    reporter.note(describeSource(report));
    sources.push(report);
  }
  for (const file of inputs.bootstrap) {
    checkpoint(signal);
    let used = 0;
    const rows = await readBootstrap(file.path, (batch) => {
      for (const { task, source, row } of batch) {
        const target = builders.get(task);
        if (target === undefined) continue;
        target.push(row, { source, role: "train" });
        used++;
      }
    });
    reporter.note(
      `${file.name}: ${rows} rows of an earlier pipeline, ${used} of them of tasks in this config`,
    );
    sources.push({ dataset: file.name, sourceRows: rows, sampledRows: used, maps: [] });
  }
  return { builders: [...builders.values()], sources };
}

async function collectDataset(
  config: PipelineConfig,
  { dataset, source }: ResolvedDataset,
  sample: number | null,
  into: (map: DatasetMap, push: (builder: TaskRowsBuilder) => void) => void,
): Promise<SourceReport> {
  const rows = new Map(dataset.map.map((map) => [map, 0]));
  const limits = [config.prepare.max_rows_per_source, dataset.max_rows, sample ?? undefined];
  const maxRows = Math.min(...limits.filter((limit) => limit !== undefined));
  const read = await readSource(source, dataset.map, { maxRows, sample: dataset.sample }, (map, batch) => {
    rows.set(map, (rows.get(map) ?? 0) + batch.length);
    into(map, (builder) => {
      for (const row of batch) builder.push(row, { source: dataset.name, role: map.role });
    });
  });
  const maps = dataset.map.map((map) => ({
    task: map.task ?? null,
    role: map.role,
    rows: rows.get(map) ?? 0,
  }));
  checkYield(dataset, maps);
  return { dataset: dataset.name, ...read, maps };
}

/** A dataset whose maps all come up empty is a mistake in a `where`, an `sql` or a path. */
function checkYield(dataset: DatasetConfig, maps: SourceReport["maps"]): void {
  if (maps.length === 0 || maps.some((map) => map.rows > 0)) return;
  throw new ModelpackError("SOURCE_EMPTY", "none of its maps gave a row", {
    where: `dataset "${dataset.name}"`,
    hint: "loosen the where or the sql of its [[datasets.map]], or set enabled = false",
  });
}

function describeSource(report: SourceReport): string {
  const of = report.sampledRows < report.sourceRows ? ` (${report.sampledRows} taken)` : "";
  const maps = report.maps.map((map) => `${map.rows} ${map.role} rows for ${map.task ?? "prompts"}`);
  return `${report.dataset}: ${report.sourceRows} rows${of}: ${maps.join(", ")}`;
}

async function finishTask(config: PipelineConfig, builder: TaskRowsBuilder): Promise<PreparedTask> {
  const { rows: raw, drops, seeds, outOfScope } = builder.build();
  const { prepare: settings } = config;
  const unique = await deduplicate(raw, { nearDuplicateThreshold: settings.near_duplicate_threshold });
  const ratios = { train: settings.train_ratio, test: settings.test_ratio, eval: settings.eval_ratio };
  const split = splitRows(unique.rows, { seed: settings.seed, ratios });
  const balanced = balanceRows(unique.rows, split, {
    seed: settings.seed,
    max: settings.max_per_task_label,
    target: settings.target_per_task_label,
  });
  return {
    rows: unique.rows,
    split: balanced.split,
    drops: [...drops, ...unique.drops],
    deduplication: unique.report,
    labels: balanced.labels,
    seeds: seeds.length,
    outOfScope: outOfScope.length,
  };
}
