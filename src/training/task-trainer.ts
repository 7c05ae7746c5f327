// SPDX-License-Identifier: Apache-2.0
import type { Examples } from "../core/example.ts";
import type { InputKind } from "../core/task.ts";
import type { AnalyzerSettings } from "../model/analyzer.ts";
import { FeatureTable, Vectorizer } from "../model/vectorizer.ts";
import { searchCost } from "./cost-search.ts";
import { rowReader } from "./feature-counts.ts";
import type { FamilyFeatures } from "./feature-selection.ts";
import { type Figures, figures } from "./figures.ts";
import { fitsKernel, KernelSolver } from "./kernel-solver.ts";
import { PlainSolver } from "./plain-solver.ts";
import type { LabelledRows, Solver, SolverProblem, SparseRows } from "./solver.ts";
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
  /** Raw scores of the eval rows before these joined the fit, rows x labels. */
  readonly evalScores: Float32Array;
}

/** A relative duality gap below this ends the passes: eval figures no longer move, and each pass costs as much. */
const SMALLEST_GAP = 0.01;

/**
 * Passes over train and eval together end at this gap, from the solution for train alone: alpha and the features'
 * weights stay, and the eval rows, a tenth of all, are what is new. Until then the bias swings from pass to pass: after
 * two passes mr answered one label 58 times in 100 where it had been 50.
 */
const REFIT_GAP = 0.02;
const MOST_REFIT_PASSES = 4;

interface Matrices {
  readonly train: SparseRows;
  readonly eval: SparseRows | null;
  readonly features: TaskFeatures;
}

/** Trains one softmax head. `report` hears of every epoch as it ends. */
export function trainTask(problem: TaskProblem, report: (epoch: EpochStatistics) => void): TaskFit {
  const { labels, settings, train, eval: held } = problem;
  const matrices = buildMatrices(problem);
  const { ids, factor } = matrices.features;
  const byLabel = labelWeights(problem);
  const parts = [labelled(matrices.train, train, byLabel)];
  if (matrices.eval !== null && held !== null) parts.push(labelled(matrices.eval, held, byLabel));
  const solver = solverFor({ parts, labels, features: ids.length, seed: settings.seed });
  const rows = { train: train.rows, all: train.rows + (held?.rows ?? 0) };
  const total = (parts[0] as LabelledRows).weight.reduce((sum, w) => sum + w, 0);
  const cost = startSolver(solver, problem, rows, total);
  const epochs = fitHead(solver, settings, rows, labels, report);
  const evalScores = solver.scores(rows.train, rows.all);
  if (rows.all > rows.train) refit(solver, rows.all);
  const weights = solver.weights();
  for (let f = 0; f < factor.length; f++)
    for (let k = 0; k < labels; k++)
      weights[f * labels + k] = (weights[f * labels + k] as number) * (factor[f] as number);
  return { ids, weights, bias: solver.bias(), alpha: 1 / (cost * total), epochs, evalScores };
}

function refit(solver: Solver, rows: number): void {
  for (let pass = 1; pass <= MOST_REFIT_PASSES; pass++) if (solver.pass(rows).gap < REFIT_GAP) return;
}

function solverFor(problem: SolverProblem): Solver {
  return fitsKernel(problem) ? new KernelSolver(problem) : new PlainSolver(problem);
}

interface Rows {
  readonly train: number;
  /** Train rows, and the eval rows after them. */
  readonly all: number;
}

/** Sets the cost, chosen on eval or given as alpha; returns it. */
function startSolver(
  solver: Solver,
  { settings, labels, input }: TaskProblem,
  rows: Rows,
  total: number,
): number {
  if (settings.alpha !== "auto") {
    const cost = 1 / (settings.alpha * total);
    solver.setCost(cost);
    return cost;
  }
  const metric = (from: number, to: number) => {
    const { confusion, loss } = solver.evaluate(from, to);
    return metricOf(figures(confusion, labels, loss), settings.metric);
  };
  const held = rows.all - rows.train;
  return searchCost(solver, { input, train: rows.train, held, minDelta: settings.minDelta, metric });
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

/** Weight of each label, (n / (K n_k))^power, of mean 1 over train's source rows; 1 for one that train lacks. */
function labelWeights({ train, labels, settings }: TaskProblem): Float64Array {
  const counts = new Float64Array(labels);
  let rows = 0;
  train.label.forEach((k, i) => {
    counts[k] = (counts[k] as number) + (train.count[i] as number);
    rows += train.count[i] as number;
  });
  const present = counts.reduce((n, count) => n + (count > 0 ? 1 : 0), 0);
  const byLabel = counts.map((n) => (n === 0 ? 0 : power(rows / (present * n), settings.classWeight)));
  const mean = byLabel.reduce((sum, w, k) => sum + w * (counts[k] as number), 0) / rows;
  return byLabel.map((w) => (w === 0 ? 1 : w / mean));
}

/** Rows with the weight of each: the source rows behind it times its label's weight. */
function labelled(x: SparseRows, { label, count }: Examples, byLabel: Float64Array): LabelledRows {
  const weight = Float64Array.from(label, (k, i) => (byLabel[k] as number) * (count[i] as number));
  return { x, truth: label, weight };
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
  solver: Solver,
  settings: TaskSettings,
  rows: Rows,
  labels: number,
  report: (epoch: EpochStatistics) => void,
): EpochStatistics[] {
  const stops = settings.earlyStopping && rows.all > rows.train;
  const epochs: EpochStatistics[] = [];
  let bar = Number.NEGATIVE_INFINITY;
  let waited = 0;
  for (let epoch = 1; epoch <= settings.maxIter; epoch++) {
    const pass = solver.pass(rows.train);
    const held = rows.all > rows.train ? solver.evaluate(rows.train, rows.all) : null;
    const statistics = {
      epoch,
      train: figures(pass.confusion, labels, pass.loss),
      eval: held === null ? null : figures(held.confusion, labels, held.loss),
      gap: pass.gap,
    };
    epochs.push(statistics);
    report(statistics);
    if (pass.gap < SMALLEST_GAP) break;
    if (!stops || statistics.eval === null) continue;
    const score = metricOf(statistics.eval, settings.metric);
    waited = score > bar + settings.minDelta ? 0 : waited + 1;
    if (waited === 0) bar = score;
    if (waited >= settings.patience) break;
  }
  return epochs;
}
