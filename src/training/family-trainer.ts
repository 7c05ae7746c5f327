// SPDX-License-Identifier: Apache-2.0
import type { Examples } from "../core/example.ts";
import type { InputKind, TaskDefinition } from "../core/task.ts";
import type { AnalyzerSettings } from "../model/analyzer.ts";
import type { Calibration } from "../model/calibration.ts";
import type { FamilyModel } from "../model/classifier.ts";
import { shareDoubles, shareWords } from "../storage/shared-array.ts";
import { type BlockStep, stepsBy } from "./block-steps.ts";
import type { CalibrationMethod } from "./calibration.ts";
import { TRIAL_PASSES } from "./cost-search.ts";
import { type CalibrationRows, foldsToScore, joinFolds, NO_FOLDS } from "./cross-fitting.ts";
import { dealOf } from "./dealing.ts";
import type { FamilyFeatures } from "./feature-selection.ts";
import type { NumberedChunk } from "./indexing.ts";
import type { TaskInputs } from "./inputs.ts";
import { type Labelled, labelWeights, rowWeights } from "./label-weights.ts";
import type { EpochListener, WorkerPool } from "./pool.ts";
import { type Quantization, withCalibrations } from "./quantizer.ts";
import { numbersOf } from "./row-selection.ts";
import type { Folds, TaskFeatures } from "./task-features.ts";
import type { SyntheticFilter, TaskSettings } from "./task-settings.ts";
import {
  type EpochStatistics,
  SMALLEST_GAP,
  type TaskFit,
  type TaskProblem,
  trainTask,
} from "./task-trainer.ts";
import { vectorize } from "./vectorization.ts";

/** A task of a family with its rows. */
export interface TaskRowsAndSettings {
  readonly definition: TaskDefinition;
  readonly settings: TaskSettings;
  readonly calibration: CalibrationMethod;
  readonly syntheticFilter: SyntheticFilter;
  /** At least one row. */
  readonly train: Examples;
  /** Factor on the weight of each train row, over 0; null is 1 for all. */
  readonly trust: Float64Array | null;
  /** Null or without rows: nothing is chosen on eval then. */
  readonly eval: Examples | null;
}

export interface FamilyProblem {
  readonly family: string;
  readonly input: InputKind;
  readonly analyzer: AnalyzerSettings;
  readonly maxFeatures: number;
  readonly quantization: Quantization;
  readonly tasks: readonly TaskRowsAndSettings[];
}

/** How a task's training went; its weights are in the model. */
export type TaskHistory = Omit<TaskFit, "ids" | "weights" | "bias" | "cost" | "evalScores" | "duals"> & {
  readonly features: number;
};

export interface FamilyFit {
  readonly model: FamilyModel;
  /** In the order of the problem's tasks. */
  readonly histories: readonly TaskHistory[];
  /** Raw scores of each task's eval rows by the fit that had not seen them, rows x labels. */
  readonly evalScores: readonly Float32Array[];
  /** Of each task's eval rows, the share of its n-grams that the task knows, in [0, 1]. */
  readonly evalShares: readonly Float64Array[];
  /** What fitted each task's calibration, its eval rows first; null without any. */
  readonly calibrationRows: readonly (CalibrationRows | null)[];
}

/**
 * Share of a family's work from which on a task leaves the other threads too little to do. At .7 of it (sgd_act with five
 * smaller tasks) one partition was faster than two, which take more passes: 9.5 s for 10.4.
 */
const DOMINANT_SHARE = 0.8;

/**
 * Trains a family: analyzes every distinct input once, counts the features of each task, chooses the family's,
 * numbers the inputs by them, fits one head a task, and puts the heads into one model. The threads share the rows'
 * memory and change nothing but the time.
 */
export async function trainFamily(
  problem: FamilyProblem,
  pool: WorkerPool,
  report: (task: string, epoch: EpochStatistics, seconds: number) => void,
): Promise<FamilyFit> {
  const { family, input, analyzer, quantization, tasks } = problem;
  const { features, chunks, inputs } = await vectorize(problem, tasks, pool);
  const allWork = tasks.reduce((sum, task) => sum + workOf(task), 0);
  const heads = await Promise.all(
    tasks.map(async (task, t) => {
      const vectors = { family: features, chunks, inputs: inputs[t] as TaskInputs };
      const dominates = workOf(task) > allWork * DOMINANT_SHARE;
      const { name } = task.definition;
      const told: EpochListener = (epoch, seconds) => report(name, epoch, seconds);
      const folds = foldsOfTask(task);
      const fit = await fitTask(task, vectors, { dominates, crossFit: folds.scored > 0 }, pool, told);
      // What is large of a fit is kept until its head is stored and calibrated, and no longer.
      const { weights, bias, duals, ...kept } = fit;
      const head = { ids: fit.ids, weights, bias };
      const labels = task.definition.labels.length;
      const [stored, calibrated] = await Promise.all([
        pool.run<"store">({ kind: "store", head, labels, weights: features.weights, quantization }),
        calibrateTask(task, vectors, fit, folds, pool),
      ]);
      return { fit: kept, stored, ...calibrated };
    }),
  );
  const fits = heads.map(({ fit }) => fit);
  const outline = {
    family,
    input,
    analyzer,
    quantization,
    features,
    tasks: tasks.map(({ definition }) => ({
      name: definition.name,
      labels: definition.labels.map((label) => label.name),
      default: definition.default,
      minConfidence: definition.minConfidence,
    })),
  };
  const histories = fits.map(({ ids, alpha, epochs }) => ({
    features: ids.length,
    alpha,
    epochs,
  }));
  const evalScores = fits.map((fit) => fit.evalScores);
  const calibrations = heads.map(({ calibration }) => calibration);
  const calibrationRows = heads.map(({ rows }) => rows);
  const stored = heads.map((head) => head.stored);
  const known = {
    chunks,
    features: features.hashes.length,
    heads: stored,
    inputs: inputs.map((of) => of.eval),
  };
  const [assembled, evalShares] = await Promise.all([
    pool.run<"assemble">({ kind: "assemble", outline, heads: stored }),
    pool.run<"know">({ kind: "know", problem: known }),
  ]);
  const model = withCalibrations(assembled, calibrations);
  return { model, histories, evalScores, evalShares, calibrationRows };
}

/** Fits a task's calibration on rows that its fit had not seen; without any it stays uncalibrated. */
async function calibrateTask(
  task: TaskRowsAndSettings,
  vectors: Vectors,
  fit: TaskFit,
  folds: Folds,
  pool: WorkerPool,
): Promise<{ calibration: Calibration; rows: CalibrationRows | null }> {
  const { eval: held } = task;
  if (held === null || held.rows === 0) return { calibration: { method: "none" }, rows: null };
  const byFold = await scoreFolds(task, vectors, fit, folds, pool);
  const rows = joinFolds(task, folds.fold, byFold, held, fit.evalScores);
  return {
    calibration: await pool.run<"calibrate">({ kind: "calibrate", method: task.calibration, rows }),
    rows,
  };
}

/** Folds of a task whose eval rows are too few to calibrate it by themselves. */
function foldsOfTask({ train, eval: held }: TaskRowsAndSettings): Folds {
  return held === null || held.rows === 0 ? NO_FOLDS : foldsToScore(train, held.rows);
}

/** Train rows of a task, each scored by a fit on the other folds. */
async function scoreFolds(
  { train, trust, settings, definition }: TaskRowsAndSettings,
  { family, chunks, inputs }: Vectors,
  { ids, cost, epochs, duals }: TaskFit,
  { fold, scored }: Folds,
  pool: WorkerPool,
): Promise<Float32Array[]> {
  if (scored === 0 || duals === null) return [];
  const narrow = {
    kind: "narrow",
    rows: { chunks, inputs: inputs.train },
    weights: family.weights,
    ids,
  } as const;
  const rows = await pool.run<"narrow">(narrow);
  const { label, count } = train;
  const labels = definition.labels.length;
  const features = await pool.run<"weigh folds">({
    kind: "weigh folds",
    rows: { chunks: rows.chunks, inputs: numbersOf(fold.length), label, count },
    folds: { fold, scored },
    weights: rows.weights,
    labels,
    minDf: settings.minDf,
  });
  const of = {
    rows,
    labels,
    label,
    count,
    trust,
    fold,
    minDf: settings.minDf,
    classWeight: settings.classWeight,
    seed: settings.seed,
    cost,
    duals,
    gap: Math.max(SMALLEST_GAP, epochs.at(-1)?.gap ?? 0),
    passes: epochs.length + TRIAL_PASSES,
  };
  return Promise.all(
    Array.from({ length: scored }, (_, f) =>
      pool.run<"fold">(
        { kind: "fold", problem: { ...of, scored: f, features: features[f] as TaskFeatures } },
        undefined,
        train.rows,
      ),
    ),
  );
}

function workOf({ train, definition }: TaskRowsAndSettings): number {
  return train.rows * definition.labels.length;
}

/** A family's inputs, and those of one task. */
interface Vectors {
  readonly family: FamilyFeatures;
  readonly chunks: readonly NumberedChunk[];
  readonly inputs: TaskInputs;
}

/** Fits one head, in one thread; the partitions of a long task in as many as there are. */
async function fitTask(
  task: TaskRowsAndSettings,
  { family, chunks, inputs }: Vectors,
  { dominates, crossFit }: { readonly dominates: boolean; readonly crossFit: boolean },
  pool: WorkerPool,
  report: EpochListener,
): Promise<TaskFit> {
  const { definition, settings, train, trust, eval: held } = task;
  const labels = definition.labels.length;
  const work = workOf(task);
  const rows = { chunks, inputs: inputs.train, label: train.label, count: train.count };
  const { weights } = family;
  const byLabel = labelWeights(train, labels, settings.classWeight);
  const none = { label: new Uint32Array(0), count: new Uint32Array(0) };
  const weighted = (part: Labelled, numbers: Uint32Array, factor: Float64Array | null) => ({
    chunks,
    inputs: numbers,
    label: shareWords(part.label),
    weight: shareDoubles(rowWeights(part, byLabel, factor)),
  });
  const parts = {
    train: weighted(train, inputs.train, trust),
    eval: weighted(held ?? none, inputs.eval, null),
  };
  const weigh = { kind: "weigh", rows, weights, labels, minDf: settings.minDf } as const;
  const features = await pool.run<"weigh">(weigh, undefined, work);
  const of = { weights, features, labels, ...parts };
  const deal = dealOf(of, dominates);
  const { name, input } = definition;
  // A fold is fitted in one block: rows that fill more are calibrated on eval alone.
  const fits = deal.blocks === 1 || dealOf(of, false).blocks === 1;
  const problem: TaskProblem = { task: name, input, settings, rows: of, deal, crossFit: crossFit && fits };
  return deal.blocks === 1
    ? pool.run<"fit">({ kind: "fit", problem }, report, work)
    : fitInBlocks(problem, pool, report, work);
}

function fitInBlocks(
  problem: TaskProblem,
  pool: WorkerPool,
  report: EpochListener,
  work: number,
): Promise<TaskFit> {
  const steps = stepsBy((step: BlockStep, of) =>
    pool.run<"step">({ kind: "step", step, of }, undefined, work),
  );
  let from = performance.now();
  return trainTask(problem, steps, (epoch) => {
    const now = performance.now();
    report(epoch, (now - from) / 1000);
    from = now;
  });
}
