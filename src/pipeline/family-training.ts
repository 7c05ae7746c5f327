// SPDX-License-Identifier: Apache-2.0
import { type PipelineConfig, trainSettings } from "../config/schema.ts";
import type { Split } from "../core/example.ts";
import type { Reporter } from "../core/reporter.ts";
import type { InputKind } from "../core/task.ts";
import type { SharedEngine } from "../data/shared-engine.ts";
import { countFamily, type SplitCount } from "../data/split-counts.ts";
import { usualShareOf } from "../training/familiarity.ts";
import {
  type FamilyFit,
  type FamilyProblem,
  type TaskRowsAndSettings,
  trainFamily,
} from "../training/family-trainer.ts";
import type { WorkerPool } from "../training/pool.ts";
import { withThresholds, withUsualShares } from "../training/quantizer.ts";
import type { EpochStatistics } from "../training/task-trainer.ts";
import { fitThresholds } from "./abstaining.ts";
import { measureSplit, type SplitExamples, scoreSplits } from "./evaluation.ts";
import { explainMistakes } from "./mistakes.ts";
import type { FamilyResult } from "./model-files.ts";
import { readOutside, readSplit } from "./prepared-dataset.ts";
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
  /** Reads the dataset. */
  readonly engine: SharedEngine;
}

/** What train does not look at before the model is made. */
interface HeldOut {
  readonly test: SplitExamples;
  /** Out-of-scope rows. */
  readonly outside: Readonly<Record<"test" | "eval", SplitExamples>>;
  /** Of all splits, for the report. */
  readonly counts: readonly SplitCount[];
}

/** A family with something to learn from. */
export interface TrainableFamily {
  readonly family: string;
  readonly input: InputKind;
  /** What train looks at; the others are read while it does. */
  readonly rows: Readonly<Record<"train" | "eval", SplitExamples>>;
  readonly readHeldOut: () => Promise<HeldOut>;
  readonly tasks: readonly TaskRowsAndSettings[];
}

/** Reads a family's rows; null where no task of it has any to learn from. */
export async function readTasks(
  family: string,
  { config, dataset, run, reporter, engine }: TrainContext,
): Promise<TrainableFamily | null> {
  const definitions = config.tasks.filter((task) => task.family === family);
  const read = (split: Split) => readSplit(dataset.folder, family, split, definitions, engine.lend);
  const rows = await run.phase(`${family}: read`, async () => ({
    train: await read("train"),
    eval: await read("eval"),
  }));
  const tasks = trainableTasks(config, definitions, rows, reporter);
  const input = definitions[0]?.input;
  const readHeldOut = async () => {
    const outside = (split: Split) => readOutside(dataset.folder, family, split, definitions, engine.lend);
    const heldOut = {
      test: await read("test"),
      outside: { test: await outside("test"), eval: await outside("eval") },
      counts: await countFamily(dataset.folder, family, engine.lend),
    };
    // The fits need memory now, if there is much to fit.
    await engine.rest();
    return heldOut;
  };
  return tasks.length === 0 || input === undefined ? null : { family, input, rows, readHeldOut, tasks };
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

/** Trains, calibrates and measures a family; `afterAll` reads what is held out behind what other families train with. */
export async function trainOne(
  { family, input, rows, readHeldOut, tasks }: TrainableFamily,
  { config, dataset, pool, run, reporter, engine }: TrainContext,
  afterAll: <T>(read: () => Promise<T>) => Promise<T>,
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
  const [fit, heldOut] = await run.phase(`${family}: fit`, () =>
    Promise.all([trainFamily(problem, pool, report), afterAll(readHeldOut)]),
  );
  const of = {
    tasks: problem.tasks,
    fit,
    rowsOfEval: rows.eval,
    heldOut,
    batch: settings.predict_batch_size,
  };
  const measured = await run.phase(`${family}: measure`, () => measureFamily(of, { config, pool, reporter }));
  const judged = { ...measured, rows: { test: heldOut.test, eval: rows.eval } };
  const mistakes = await run.phase(`${family}: explain mistakes`, () =>
    explainMistakes(dataset.folder, judged, engine.lend),
  );
  await engine.rest();
  return {
    family,
    histories: fit.histories,
    dataset: dataset.version,
    settings: problem.tasks,
    filters,
    evidence: { counts: heldOut.counts, mistakes },
    ...measured,
  };
}

interface FittedFamily {
  readonly tasks: readonly TaskRowsAndSettings[];
  readonly fit: FamilyFit;
  readonly rowsOfEval: SplitExamples;
  readonly heldOut: HeldOut;
  /** Inputs that are scored at a time, at most. */
  readonly batch: number;
}

/** Scores the rows that were held out, fits on eval when to abstain, and measures the model that ships. */
async function measureFamily(
  { tasks, fit, rowsOfEval, heldOut, batch }: FittedFamily,
  { config, pool, reporter }: Pick<TrainContext, "config" | "pool" | "reporter">,
): Promise<Pick<FamilyResult, "model" | "thresholds" | "splits" | "methodOf">> {
  const { test, outside } = heldOut;
  const [outsideEval = []] = await scoreSplits(fit.model, [outside.eval], pool, batch);
  const familiar = withUsualShares(fit.model, fit.evalShares.map(usualShareOf));
  const thresholds = await fitThresholds(
    {
      model: familiar,
      tasks,
      calibrationRows: fit.calibrationRows,
      evalShares: fit.evalShares,
      outOfScope: outside.eval,
      onOutOfScope: outsideEval,
    },
    pool,
    reporter,
  );
  const model = withThresholds(
    familiar,
    thresholds.map(({ min_confidence }) => min_confidence),
  );
  const methodOf = (task: string) => trainSettings(config, model.family, task).calibration_method;
  // Eval by the fit on train alone: the shipped one has seen the eval rows.
  const unseen = fit.evalShares.map((knownShare, t) => ({
    scores: fit.evalScores[t] as Float32Array,
    knownShare,
  }));
  const measureTest = async () => {
    const [rows = [], outOfScope = []] = await scoreSplits(fit.model, [test, outside.test], pool, batch);
    return measureSplit(model, test, { rows, outOfScope, crossFit: null }, pool);
  };
  // Eval first: its calibration is fitted once more for each fold, in one thread.
  const [measuredEval, measuredTest] = await Promise.all([
    measureSplit(model, rowsOfEval, { rows: unseen, outOfScope: outsideEval, crossFit: methodOf }, pool),
    measureTest(),
  ]);
  return { model, thresholds, splits: { test: measuredTest, eval: measuredEval }, methodOf };
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
