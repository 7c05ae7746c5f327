// SPDX-License-Identifier: Apache-2.0
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LoadedConfig } from "../config/load.ts";
import { type PipelineConfig, type TrainSettings, trainSettings } from "../config/schema.ts";
import { ModelpackError } from "../core/error.ts";
import type { Examples, Split } from "../core/example.ts";
import type { Reporter } from "../core/reporter.ts";
import type { TaskDefinition } from "../core/task.ts";
import { readExamples } from "../data/dataset.ts";
import { FORMAT_VERSION } from "../modelpack/family-file.ts";
import { commitVersion, probeWritable, removeDeadTemporaries } from "../storage/commit.ts";
import { canonicalJson, prettyJson } from "../storage/digest.ts";
import { acquireLock } from "../storage/lock.ts";
import { type TaskRowsAndSettings, trainFamily } from "../training/family-trainer.ts";
import { WorkerPool } from "../training/pool.ts";
import { withCalibrations } from "../training/quantizer.ts";
import type { EpochStatistics, TaskSettings } from "../training/task-trainer.ts";
import {
  fitCalibrations,
  measureSplit,
  type SplitExamples,
  type SplitMetrics,
  scoreSplit,
} from "./evaluation.ts";
import { type FamilyResult, familyFiles, modelManifest } from "./model-files.ts";
import { familiesOf } from "./prepare.ts";
import {
  checkpoint,
  DATASET_POINTER,
  MODEL_POINTER,
  type OpenedVersion,
  openVersion,
  producer,
  type RunOptions,
  reuseVersion,
  taskProjection,
  versionOf,
} from "./workspace.ts";

export interface TrainResult {
  readonly version: string;
  readonly folder: string;
  readonly unchanged: boolean;
  readonly families: readonly {
    readonly family: string;
    readonly test: SplitMetrics;
    readonly eval: SplitMetrics;
  }[];
}

/**
 * Runs the second stage: a prepared dataset to a committed pack of one model a family.
 *
 * @throws ModelpackError DATASET_MISSING, DATASET_MISMATCH, DATASET_CORRUPT, TASK_UNTRAINABLE, LOCKED,
 * STORAGE, INTERRUPTED
 */
export async function train(
  loaded: LoadedConfig,
  reporter: Reporter,
  options: RunOptions = {},
): Promise<TrainResult> {
  const { config } = loaded;
  const root = config.paths.trained_models_dir;
  const dataset = await openDataset(config);
  const families = config.train.families.length > 0 ? config.train.families : familiesOf(config);
  const projection = trainProjection(config, families);
  const version = versionOf({
    kind: "modelpack",
    ...producer(),
    format: FORMAT_VERSION,
    dataset: dataset.version,
    config: projection,
  });
  const folder = join(root, version);
  if (await reuseVersion(root, MODEL_POINTER, version)) {
    reporter.note(`nothing has changed: pack ${version} is up to date`);
    return { version, folder, unchanged: true, families: [] };
  }
  await probeWritable(root);
  const lock = await acquireLock(root, "train");
  const pool = new WorkerPool(config.train.workers, options.signal);
  try {
    await removeDeadTemporaries(root);
    const run = new RunLog(options.clock ?? (() => 0));
    const results: FamilyResult[] = [];
    for (const family of families) {
      checkpoint(options.signal);
      const result = await trainOne(config, dataset, family, pool, run, reporter);
      if (result !== null) results.push(result);
    }
    if (results.length === 0)
      throw new ModelpackError("TASK_UNTRAINABLE", "no task of these families has a train row", {
        where: `dataset ${dataset.version}`,
        hint: "run `modelpack status` to see what each label has, and map a dataset to it",
      });
    await commitVersion({
      root,
      version,
      pointer: MODEL_POINTER,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      write: async (into) => {
        await mkdir(into, { recursive: true });
        for (const result of results)
          for (const [name, content] of familyFiles(result)) await writeFile(join(into, name), content);
        await writeFile(join(into, "run.json"), prettyJson(run.record(pool.size)));
      },
      manifest: (files) =>
        modelManifest({ version, dataset: dataset.version, config: projection, results, files }),
    });
    const summary = results.map(({ family, splits }) => ({ family, test: splits.test, eval: splits.eval }));
    return { version, folder, unchanged: false, families: summary };
  } finally {
    await pool.close();
    await lock.release();
  }
}

/** What of [train] can change a model's bytes: not the threads, not how rows are batched. */
function trainProjection(config: PipelineConfig, families: readonly string[]): unknown {
  const effective = (settings: TrainSettings) => {
    const { workers: _workers, predict_batch_size: _batch, ...rest } = settings;
    return rest;
  };
  const tasks = config.tasks.filter((task) => families.includes(task.family));
  return {
    families: families.map((family) => ({ family, settings: effective(trainSettings(config, family)) })),
    tasks: tasks.map((task) => ({
      task: task.name,
      settings: effective(trainSettings(config, task.family, task.name)),
    })),
    definitions: taskProjection(tasks),
  };
}

/** The current dataset, whose tasks and labels must be the TOML's. */
export async function openDataset(config: PipelineConfig): Promise<OpenedVersion> {
  const root = config.paths.prepared_dir;
  const dataset = await openVersion(root, DATASET_POINTER);
  if (dataset === null)
    throw new ModelpackError("DATASET_MISSING", "there is no prepared dataset", {
      where: root,
      hint: "run `modelpack prepare` (npm run prepare) first",
    });
  const prepared =
    (dataset.manifest.config as { tasks?: { name: string; labels: { name: string }[] }[] })?.tasks ?? [];
  const shape = (task: {
    name: string;
    labels: readonly { name: string }[];
    input?: string;
    family?: string;
  }) =>
    canonicalJson([task.name, task.family ?? "", task.input ?? "", task.labels.map((label) => label.name)]);
  const there = new Map(prepared.map((task) => [task.name, shape(task)]));
  for (const task of config.tasks) {
    if (there.get(task.name) === shape(task)) continue;
    throw new ModelpackError(
      "DATASET_MISMATCH",
      there.has(task.name)
        ? `task "${task.name}" has another family, input or list of labels in the prepared dataset than in the TOML`
        : `task "${task.name}" is not in the prepared dataset`,
      {
        where: `dataset ${dataset.version}`,
        hint: "run `modelpack prepare` again: the TOML has changed since",
      },
    );
  }
  return dataset;
}

/** Rows of a family by split and task. */
export async function readFamily(
  folder: string,
  family: string,
  tasks: readonly TaskDefinition[],
): Promise<Readonly<Record<Split, SplitExamples>>> {
  const read = async (split: Split) => ({
    split,
    examples: await readExamples(folder, family, split, tasks),
  });
  const [train, test, held] = [await read("train"), await read("test"), await read("eval")];
  return { train, test, eval: held };
}

async function trainOne(
  config: PipelineConfig,
  dataset: OpenedVersion,
  family: string,
  pool: WorkerPool,
  run: RunLog,
  reporter: Reporter,
): Promise<FamilyResult | null> {
  const definitions = config.tasks.filter((task) => task.family === family);
  const rows = await readFamily(dataset.folder, family, definitions);
  const tasks = trainableTasks(config, definitions, rows, reporter);
  const input = definitions[0]?.input;
  if (tasks.length === 0 || input === undefined) return null;
  const settings = trainSettings(config, family);
  run.start(family);
  const fit = await trainFamily(
    {
      family,
      input,
      analyzer: {
        ngramMin: settings.ngram_min,
        ngramMax: settings.ngram_max,
        charNgramMin: settings.char_ngram_min,
        charNgramMax: settings.char_ngram_max,
      },
      maxFeatures: settings.max_features,
      quantization: settings.quantization,
      tasks,
    },
    pool,
    (task, epoch) => {
      run.epoch(task, epoch.epoch);
      reporter.note(describeEpoch(task, epoch));
    },
  );
  run.start(`${family}: calibration and metrics`);
  const methodOf = (task: string) => trainSettings(config, family, task).calibration_method;
  const scores = {
    test: await scoreSplit(fit.model, rows.test, pool),
    eval: await scoreSplit(fit.model, rows.eval, pool),
  };
  const model = withCalibrations(fit.model, fitCalibrations(fit.model, rows.eval, scores.eval, methodOf));
  const splits = {
    test: measureSplit(model, rows.test, scores.test, null),
    eval: measureSplit(model, rows.eval, scores.eval, methodOf),
  };
  run.end();
  return {
    family,
    model,
    histories: fit.histories,
    splits,
    dataset: dataset.version,
    settings: tasks,
    methodOf,
  };
}

/** Tasks with something to learn from; warns of what will not be learnt, by name. */
function trainableTasks(
  config: PipelineConfig,
  definitions: readonly TaskDefinition[],
  rows: Readonly<Record<Split, SplitExamples>>,
  reporter: Reporter,
): TaskRowsAndSettings[] {
  const tasks: TaskRowsAndSettings[] = [];
  for (const definition of definitions) {
    const own = rows.train.examples.get(definition.name);
    if (own === undefined || own.rows === 0) {
      reporter.warn(
        `task "${definition.name}" has no train rows: it is left out, and the runtime answers its default`,
      );
      continue;
    }
    warnOfLabels(definition, own, reporter);
    const held = rows.eval.examples.get(definition.name);
    if (held === undefined || held.rows === 0)
      reporter.warn(
        `task "${definition.name}" has no eval rows: nothing stops early, and it is not calibrated`,
      );
    const settings = taskSettings(trainSettings(config, definition.family, definition.name));
    tasks.push({
      definition,
      settings,
      train: own,
      eval: held === undefined || held.rows === 0 ? null : held,
    });
  }
  return tasks;
}

function warnOfLabels(task: TaskDefinition, rows: Examples, reporter: Reporter): void {
  const seen = new Set(rows.label);
  const without = task.labels.filter((_, k) => !seen.has(k)).map((label) => JSON.stringify(label.name));
  if (without.length > 0)
    reporter.warn(
      `task "${task.name}": no train rows for ${without.slice(0, 10).join(", ")}${without.length > 10 ? ` and ${without.length - 10} more` : ""}; never predicted`,
    );
}

const BALANCE = new Map<string | number, number>([
  ["none", 0],
  ["balanced", 1],
]);

function taskSettings(settings: TrainSettings): TaskSettings {
  const { class_weight } = settings;
  return {
    seed: settings.seed,
    minDf: settings.min_df,
    maxIter: settings.max_iter,
    alpha: settings.alpha,
    classWeight: typeof class_weight === "number" ? class_weight : (BALANCE.get(class_weight) ?? 0),
    earlyStopping: settings.early_stopping,
    patience: settings.early_stopping_patience,
    metric: settings.early_stopping_metric,
    minDelta: settings.early_stopping_min_delta,
  };
}

function describeEpoch(task: string, { epoch, train, eval: held, gap }: EpochStatistics): string {
  const figure = (value: number | null | undefined) => (value ?? 0).toFixed(4);
  const onTrain = `train loss ${figure(train.loss)} acc ${figure(train.accuracy)} f1 ${figure(train.macroF1)} wf1 ${figure(train.weightedF1)}`;
  const onEval =
    held === null
      ? "no eval rows"
      : `eval loss ${figure(held.loss)} acc ${figure(held.accuracy)} f1 ${figure(held.macroF1)}`;
  return `${task} epoch ${epoch}: ${onTrain} | ${onEval} | gap ${figure(gap)}`;
}

/** What a run did and when: goes to run.json, which no digest covers. */
class RunLog {
  readonly #clock: () => number;
  readonly #started: number;
  readonly #phases: { phase: string; seconds: number }[] = [];
  readonly #epochs: { task: string; epoch: number; seconds: number }[] = [];
  #phase: { phase: string; from: number } | null = null;

  constructor(clock: () => number) {
    this.#clock = clock;
    this.#started = clock();
  }

  start(phase: string): void {
    this.end();
    this.#phase = { phase, from: this.#clock() };
  }

  end(): void {
    if (this.#phase !== null)
      this.#phases.push({ phase: this.#phase.phase, seconds: this.#clock() - this.#phase.from });
    this.#phase = null;
  }

  epoch(task: string, epoch: number): void {
    this.#epochs.push({ task, epoch, seconds: this.#clock() - this.#started });
  }

  record(workers: number): unknown {
    return { workers, seconds: this.#clock() - this.#started, phases: this.#phases, epochs: this.#epochs };
  }
}
