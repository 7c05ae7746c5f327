// SPDX-License-Identifier: Apache-2.0
import type { Examples } from "../core/example.ts";
import type { InputKind } from "../core/task.ts";
import type { AnalyzerSettings } from "../model/analyzer.ts";
import { FeatureTable, Vectorizer } from "../model/vectorizer.ts";
import { rowReader } from "./feature-counts.ts";
import type { FamilyFeatures } from "./feature-selection.ts";
import { type Figures, figures, heldOutFigures } from "./figures.ts";
import { SoftmaxSolver, type SparseRows } from "./solver.ts";
import {
  namespaceFactors,
  narrowRows,
  type TaskFeatures,
  vectorizeRows,
  weighFeatures,
} from "./task-matrix.ts";

/** What `[train]` says of one task, and nothing that changes only how it is run. */
export interface TaskSettings {
  readonly seed: number;
  readonly minDf: number;
  /** Passes at most. */
  readonly maxIter: number;
  /** Strength of L2 in mean loss + alpha / 2 |w|^2; "auto" chooses on eval. */
  readonly alpha: number | "auto";
  /** Exponent on the inverse label frequency: 0 none, 1 balanced. */
  readonly classWeight: number;
  readonly earlyStopping: boolean;
  readonly patience: number;
  readonly metric: "macro_f1" | "accuracy" | "log_loss";
  readonly minDelta: number;
}

/** One task with its rows and the features of its family. */
export interface TaskProblem {
  readonly task: string;
  readonly labels: number;
  readonly input: InputKind;
  readonly analyzer: AnalyzerSettings;
  readonly features: FamilyFeatures;
  readonly settings: TaskSettings;
  readonly train: Examples;
  /** Null where the task has no eval rows: nothing is chosen then, and nothing stops early. */
  readonly eval: Examples | null;
}

/** One pass over a task's rows: train figures from the pass itself, eval figures exact and uncalibrated. */
export interface EpochStatistics {
  readonly epoch: number;
  readonly train: Figures;
  readonly eval: Figures | null;
  /** Relative duality gap, as seen during the pass. */
  readonly gap: number;
}

/** A trained head over the family's features. */
export interface TaskFit {
  readonly ids: Uint32Array;
  /** [position in ids * labels + label], with the task's factors folded in. */
  readonly weights: Float32Array;
  readonly bias: Float64Array;
  readonly alpha: number;
  readonly epochs: readonly EpochStatistics[];
}

/**
 * C of the loss against |w|^2 / 2 that "auto" tries, the preferred one first; alpha = 1 / (C rows). Of 1, 2,
 * 4, 8 and 16 for all, 8 was best on the mean of 14 public tasks' eval rows; a few want much less or more.
 */
const COSTS = [8, 2, 32];
/** What another cost must gain, in units of 1 / sqrt(eval rows): less is noise, and choosing by noise costs. */
const LEAST_GAIN = 0.1;
/** Rows and passes that settle alpha; the ranking hardly moves with more (ENGINE trials). */
const TRIAL_ROWS = 20_000;
const TRIAL_PASSES = 5;
/** A relative duality gap below this ends the passes: no figure moves after it. */
const SMALLEST_GAP = 1e-3;

interface Matrices {
  readonly train: SparseRows;
  readonly eval: SparseRows | null;
  readonly features: TaskFeatures;
}

/** Trains one softmax head. `report` hears of every epoch as it ends. */
export function trainTask(problem: TaskProblem, report: (epoch: EpochStatistics) => void): TaskFit {
  const matrices = buildMatrices(problem);
  const weight = rowWeights(problem);
  const total = weight.reduce((sum, w) => sum + w, 0);
  const { alpha } = problem.settings;
  const cost = alpha === "auto" ? chooseCost(problem, matrices, weight) : 1 / (alpha * total);
  const fit = fitHead(problem, matrices, weight, cost, report);
  const { factor } = matrices.features;
  for (let f = 0; f < factor.length; f++)
    for (let k = 0; k < problem.labels; k++)
      fit.weights[f * problem.labels + k] =
        (fit.weights[f * problem.labels + k] as number) * (factor[f] as number);
  return { ...fit, ids: matrices.features.ids, alpha: 1 / (cost * total) };
}

function buildMatrices(problem: TaskProblem): Matrices {
  const { features, train, labels, settings } = problem;
  const size = features.hashes.length;
  const vectorizer = new Vectorizer(new FeatureTable(features.hashes), features.weights);
  const namespaceOf = new Uint8Array(size);
  const vectorize = (examples: Examples) =>
    vectorizeRows(
      examples.rows,
      rowReader(examples, problem.input, problem.analyzer),
      vectorizer,
      namespaceOf,
    );
  const x = vectorize(train);
  const { ids, weight } = weighFeatures(x, train, labels, size, settings.minDf);
  const local = new Int32Array(size).fill(-1);
  ids.forEach((id, f) => {
    local[id] = f;
  });
  const constant = namespaceFactors(x, local, weight, namespaceOf);
  const factor = Float32Array.from(
    weight,
    (w, f) => w * (constant[namespaceOf[ids[f] as number] as number] as number),
  );
  const held = problem.eval === null ? null : narrowRows(vectorize(problem.eval), local, factor);
  return { train: narrowRows(x, local, factor), eval: held, features: { ids, factor } };
}

/** Source rows behind each row, times its label's weight (n / (K n_k))^power, of mean 1 over source rows. */
function rowWeights(problem: TaskProblem): Float64Array {
  const { train, labels, settings } = problem;
  const counts = new Float64Array(labels);
  let rows = 0;
  train.label.forEach((k, i) => {
    counts[k] = (counts[k] as number) + (train.count[i] as number);
    rows += train.count[i] as number;
  });
  const present = counts.reduce((n, count) => n + (count > 0 ? 1 : 0), 0);
  const byLabel = counts.map((n) => (n === 0 ? 0 : power(rows / (present * n), settings.classWeight)));
  const mean = byLabel.reduce((sum, w, k) => sum + w * (counts[k] as number), 0) / rows;
  return Float64Array.from(
    train.label,
    (k, i) => ((byLabel[k] as number) / mean) * (train.count[i] as number),
  );
}

/** x^p by square roots, because Math.pow may differ between engines: exact for p in 64ths. */
function power(x: number, p: number): number {
  let result = 1;
  let root = x;
  let rest = p;
  for (let whole = Math.floor(rest); whole > 0; whole--) result *= x;
  rest -= Math.floor(rest);
  for (let i = 0; i < 20 && rest > 0; i++) {
    root = Math.sqrt(root);
    rest *= 2;
    if (rest < 1) continue;
    result *= root;
    rest -= 1;
  }
  return result;
}

function firstRows(x: SparseRows, rows: number): SparseRows {
  return rows >= x.rows ? x : { ...x, rows };
}

function solver(problem: TaskProblem, x: SparseRows, features: number, weight: Float64Array, cost: number) {
  return new SoftmaxSolver({
    x,
    truth: problem.train.label,
    cost: weight.map((w) => w * cost),
    labels: problem.labels,
    features,
    seed: problem.settings.seed,
  });
}

/** The cost whose short fit is best on eval; the preferred one unless another gains more than the noise. */
function chooseCost(problem: TaskProblem, matrices: Matrices, weight: Float64Array): number {
  const [preferred = 1, ...others] = COSTS;
  const held = problem.eval;
  if (held === null || matrices.eval === null || held.rows === 0) return preferred;
  const x = firstRows(matrices.train, TRIAL_ROWS);
  const evalRows = firstRows(matrices.eval, TRIAL_ROWS);
  const score = (cost: number): number => {
    const trial = solver(problem, x, matrices.features.ids.length, weight, cost);
    for (let pass = 0; pass < TRIAL_PASSES; pass++) trial.pass();
    const seen = heldOutFigures(evalRows, held.label, trial, problem.labels);
    return metricOf(seen, problem.settings.metric);
  };
  let best = preferred;
  let bestScore = score(preferred) + problem.settings.minDelta + LEAST_GAIN / Math.sqrt(evalRows.rows);
  for (const cost of others) {
    const s = score(cost);
    if (s <= bestScore) continue;
    best = cost;
    bestScore = s;
  }
  return best;
}

/** Larger is better. */
function metricOf(seen: Figures, metric: TaskSettings["metric"]): number {
  if (metric === "accuracy") return seen.accuracy ?? 0;
  return metric === "macro_f1" ? (seen.macroF1 ?? 0) : -(seen.loss ?? 0);
}

/**
 * Passes over the rows until eval no longer improves, or the duality gap closes. The last weights are kept:
 * they are the nearest to the optimum of a convex problem, while the best of several passes on a small eval
 * split is mostly luck (on trec6 it kept the second pass, and lost two points on test).
 */
function fitHead(
  problem: TaskProblem,
  matrices: Matrices,
  weight: Float64Array,
  cost: number,
  report: (epoch: EpochStatistics) => void,
) {
  const { settings, labels } = problem;
  const head = solver(problem, matrices.train, matrices.features.ids.length, weight, cost);
  const stops = settings.earlyStopping && problem.eval !== null && problem.eval.rows > 0;
  const epochs: EpochStatistics[] = [];
  let bar = Number.NEGATIVE_INFINITY;
  let waited = 0;
  for (let epoch = 1; epoch <= settings.maxIter; epoch++) {
    const pass = head.pass();
    const seen =
      problem.eval === null || matrices.eval === null || matrices.eval.rows === 0
        ? null
        : heldOutFigures(matrices.eval, problem.eval.label, head, labels);
    const statistics = {
      epoch,
      train: figures(pass.confusion, labels, pass.loss),
      eval: seen,
      gap: pass.gap,
    };
    epochs.push(statistics);
    report(statistics);
    if (pass.gap < SMALLEST_GAP) break;
    if (!stops || seen === null) continue;
    const score = metricOf(seen, settings.metric);
    waited = score > bar + settings.minDelta ? 0 : waited + 1;
    if (waited === 0) bar = score;
    if (waited >= settings.patience) break;
  }
  return { weights: head.weights, bias: head.bias, epochs };
}
