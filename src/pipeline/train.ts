// SPDX-License-Identifier: Apache-2.0
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LoadedConfig } from "../config/load.ts";
import { type PipelineConfig, type TrainSettings, trainSettings } from "../config/schema.ts";
import { ModelpackError } from "../core/error.ts";
import type { Reporter } from "../core/reporter.ts";
import { FORMAT_VERSION } from "../modelpack/family-file.ts";
import { commitVersion, probeWritable, removeDeadTemporaries } from "../storage/commit.ts";
import { prettyJson } from "../storage/digest.ts";
import { acquireLock } from "../storage/lock.ts";
import { trainFamily } from "../training/family-trainer.ts";
import { WorkerPool } from "../training/pool.ts";
import { withCalibrations } from "../training/quantizer.ts";
import type { EpochStatistics } from "../training/task-trainer.ts";
import { fitCalibrations, measureSplit, type SplitMetrics, scoreSplit } from "./evaluation.ts";
import { type FamilyResult, familyFiles, modelManifest } from "./model-files.ts";
import { familiesOf } from "./prepare.ts";
import { openDataset, readFamily } from "./prepared-dataset.ts";
import { RunLog } from "./run-log.ts";
import { trainableTasks } from "./trainable.ts";
import {
  checkpoint,
  MODEL_POINTER,
  type OpenedVersion,
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
    (task, epoch, seconds) => {
      run.epoch(task, epoch.epoch, seconds);
      reporter.note(`${describeEpoch(task, epoch)} | ${seconds.toFixed(2)} s`);
    },
  );
  run.start(`${family}: calibration and metrics`);
  const methodOf = (task: string) => trainSettings(config, family, task).calibration_method;
  const onTest = await scoreSplit(fit.model, rows.test, pool, settings.predict_batch_size);
  // By the fit on train alone: the shipped one has seen the eval rows, and would calibrate on what it knows.
  const onEval = fit.evalScores;
  const model = withCalibrations(fit.model, fitCalibrations(fit.model, rows.eval, onEval, methodOf));
  const splits = {
    test: measureSplit(model, rows.test, onTest, null),
    eval: measureSplit(model, rows.eval, onEval, methodOf),
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

function describeEpoch(task: string, { epoch, train, eval: held, gap }: EpochStatistics): string {
  const figure = (value: number | null | undefined) => (value ?? 0).toFixed(4);
  const onTrain = `train loss ${figure(train.loss)} acc ${figure(train.accuracy)} f1 ${figure(train.macroF1)} wf1 ${figure(train.weightedF1)}`;
  const onEval =
    held === null
      ? "no eval rows"
      : `eval loss ${figure(held.loss)} acc ${figure(held.accuracy)} f1 ${figure(held.macroF1)}`;
  return `${task} epoch ${epoch}: ${onTrain} | ${onEval} | gap ${figure(gap)}`;
}
