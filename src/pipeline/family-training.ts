// SPDX-License-Identifier: Apache-2.0
import { type PipelineConfig, trainSettings } from "../config/schema.ts";
import type { Split } from "../core/example.ts";
import type { Reporter } from "../core/reporter.ts";
import type { InputKind } from "../core/task.ts";
import { type FamilyProblem, type TaskRowsAndSettings, trainFamily } from "../training/family-trainer.ts";
import type { WorkerPool } from "../training/pool.ts";
import type { EpochStatistics } from "../training/task-trainer.ts";
import { measureSplit, type SplitExamples, scoreSplit } from "./evaluation.ts";
import { gatherEvidence } from "./mistakes.ts";
import type { FamilyResult } from "./model-files.ts";
import { readSplit } from "./prepared-dataset.ts";
import type { RunLog } from "./run-log.ts";
import { filterFamily } from "./synthetic-filtering.ts";
import { trainableTasks } from "./trainable.ts";
import type { OpenedVersion } from "./workspace.ts";

/** What every family of a run shares. */
export interface TrainContext {
  readonly config: PipelineConfig;
  readonly dataset: OpenedVersion;
  readonly pool: WorkerPool;
  readonly run: RunLog;
  readonly reporter: Reporter;
}

/** A family with something to learn from. */
export interface TrainableFamily {
  readonly family: string;
  readonly input: InputKind;
  /** What train looks at; the test rows are read while it does. */
  readonly rows: Readonly<Record<"train" | "eval", SplitExamples>>;
  readonly readTest: () => Promise<SplitExamples>;
  readonly tasks: readonly TaskRowsAndSettings[];
}

/** Reads a family's rows; null where no task of it has any to learn from. */
export async function readTasks(
  family: string,
  { config, dataset, run, reporter }: TrainContext,
): Promise<TrainableFamily | null> {
  const definitions = config.tasks.filter((task) => task.family === family);
  const read = (split: Split) => readSplit(dataset.folder, family, split, definitions);
  const rows = await run.phase(`${family}: read`, async () => ({
    train: await read("train"),
    eval: await read("eval"),
  }));
  const tasks = trainableTasks(config, definitions, rows, reporter);
  const input = definitions[0]?.input;
  return tasks.length === 0 || input === undefined
    ? null
    : { family, input, rows, readTest: () => read("test"), tasks };
}

/** A family's tasks with the settings that they share. */
export function familyProblem(
  config: PipelineConfig,
  family: string,
  input: InputKind,
  tasks: readonly TaskRowsAndSettings[],
): FamilyProblem {
  const settings = trainSettings(config, family);
  return {
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
  };
}

/** Trains, calibrates and measures a family. */
export async function trainOne(
  { family, input, rows, readTest, tasks }: TrainableFamily,
  { config, dataset, pool, run, reporter }: TrainContext,
): Promise<FamilyResult> {
  const settings = trainSettings(config, family);
  const asRead = familyProblem(config, family, input, tasks);
  const { problem, filters } = await run.phase(`${family}: filter`, () =>
    filterFamily(asRead, pool, reporter),
  );
  const report = (task: string, epoch: EpochStatistics, seconds: number) => {
    run.epoch(task, epoch.epoch, seconds);
    reporter.note(`${describeEpoch(task, epoch)} | ${seconds.toFixed(2)} s`);
  };
  const [fit, rowsOfTest] = await run.phase(`${family}: fit`, () =>
    Promise.all([trainFamily(problem, pool, report), readTest()]),
  );
  const methodOf = (task: string) => trainSettings(config, family, task).calibration_method;
  const onTest = await run.phase(`${family}: score test`, () =>
    scoreSplit(fit.model, rowsOfTest, pool, settings.predict_batch_size),
  );
  const { model, histories } = fit;
  const splits = await run.phase(`${family}: measure`, async () => {
    // Eval by the fit on train alone: the shipped one has seen the eval rows.
    const [test, held] = await Promise.all([
      measureSplit(model, rowsOfTest, onTest, null, pool),
      measureSplit(model, rows.eval, fit.evalScores, methodOf, pool),
    ]);
    return { test, eval: held };
  });
  const evidence = await run.phase(`${family}: gather evidence`, () =>
    gatherEvidence(dataset.folder, model, splits, { test: rowsOfTest, eval: rows.eval }),
  );
  return {
    family,
    model,
    histories,
    splits,
    dataset: dataset.version,
    settings: problem.tasks,
    filters,
    methodOf,
    evidence,
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
