// SPDX-License-Identifier: Apache-2.0
import type { Examples } from "../core/example.ts";
import { sharedFloats } from "../storage/shared-array.ts";
import { BlockMemory, type WeightedRows } from "./blocks.ts";
import { foldsOf } from "./folds.ts";
import { KernelSolver } from "./kernel-solver.ts";
import { labelWeights, rowWeights } from "./label-weights.ts";
import type { NarrowRows } from "./narrowing.ts";
import { relativeGap } from "./solver.ts";
import { type Folds, type TaskFeatures, weighFeatures } from "./task-features.ts";

/** Eval rows that calibrate well enough by themselves; with fewer, the train rows help. */
const ENOUGH_EVAL_ROWS = 1_000;
/** Rows that are enough with the train rows' help: every fold costs a fit. */
const ENOUGH_ROWS = 5_000;
/** Each fold's rows are scored by a fit on the others. */
const FOLDS = 5;

export const NO_FOLDS: Folds = { fold: new Uint8Array(0), scored: 0 };

export function foldsToScore(train: Pick<Examples, "rows" | "group">, evalRows: number): Folds {
  if (evalRows >= ENOUGH_EVAL_ROWS) return NO_FOLDS;
  const { fold, folds } = foldsOf(train.group, FOLDS);
  const needed = Math.ceil((ENOUGH_ROWS - evalRows) / (train.rows / FOLDS));
  return folds < FOLDS ? NO_FOLDS : { fold, scored: Math.min(FOLDS, needed) };
}

/** One fold of a task's train rows, to be scored by what the others teach. */
export interface FoldProblem {
  readonly rows: NarrowRows;
  /** What the other folds' rows make of them; null where that is still to be found. */
  readonly features: TaskFeatures | null;
  readonly labels: number;
  /** Of every train row. */
  readonly label: Examples["label"];
  readonly count: Examples["count"];
  /** Factor on the weight of every train row; null is 1 for all. */
  readonly trust: Float64Array | null;
  /** Fold of every train row, and the one that is scored. */
  readonly fold: Uint8Array;
  readonly scored: number;
  readonly minDf: number;
  readonly classWeight: number;
  readonly seed: number;
  /** What the fit on all train rows chose, its duals (rows x padded labels), and the gap and passes that it ended with. */
  readonly cost: number;
  /** Null for a fit from nothing. */
  readonly duals: Float32Array | null;
  readonly gap: number;
  readonly passes: number;
}

/**
 * Raw scores of a fold's rows, rows x labels in their order, by a fit that has seen neither their labels nor what
 * these say about the features. It goes on from the duals that the other rows have in the fit on all, which are as
 * good a start as any, to the same gap. Its block is made in `memory`.
 */
export function scoreFold(problem: FoldProblem, memory = new BlockMemory()): Float32Array {
  const { labels, seed, cost, duals, gap } = problem;
  const { weights } = problem.rows;
  const learnt = takeRows(problem, (fold) => fold !== problem.scored);
  const scored = takeRows(problem, (fold) => fold === problem.scored);
  const features = problem.features ?? weighFeatures(learnt, weights, labels, problem.minDf);
  const byLabel = labelWeights(learnt, labels, problem.classWeight);
  const weighted = ({ trust, ...rows }: typeof learnt): WeightedRows => ({
    ...rows,
    weight: rowWeights(rows, byLabel, trust),
  });
  const parts = { weights, features, labels, train: weighted(learnt), eval: weighted(scored) };
  const block = memory.fill(parts);
  const solver = new KernelSolver(block, seed);
  solver.setCost(cost);
  if (duals !== null) solver.resume(takeDuals(duals, problem.label.length, learnt.inputs));
  for (let pass = 0; pass < problem.passes; pass++)
    if (relativeGap(solver.pass(block.shape.train)) <= gap) break;
  return solver.scores(block.shape.train, block.shape.rows);
}

/** Duals of some of the `rows` rows that have them. */
function takeDuals(duals: Float32Array, rows: number, taken: Uint32Array): Float32Array {
  const padded = duals.length / rows;
  const own = new Float32Array(taken.length * padded);
  taken.forEach((row, i) => {
    own.set(duals.subarray(row * padded, (row + 1) * padded), i * padded);
  });
  return own;
}

/** Rows of the folds that `of` takes; their inputs are their numbers. */
function takeRows(
  { rows: { chunks }, label, count, trust, fold }: FoldProblem,
  of: (fold: number) => boolean,
) {
  const inputs = Uint32Array.from(fold.keys()).filter((row) => of(fold[row] as number));
  const take = (column: Uint32Array) => inputs.map((row) => column[row] as number);
  const taken = trust === null ? null : Float64Array.from(inputs, (row) => trust[row] as number);
  return { chunks, inputs, label: take(label), count: take(count), trust: taken };
}

/** Rows that no fit had seen when it scored them: what calibrates a task. */
export interface CalibrationRows {
  /** Rows x labels, in shared memory. */
  readonly scores: Float32Array;
  readonly label: Uint32Array;
  /** Source rows that each stands for, times its trust. */
  readonly weight: Float64Array;
  /** Numbers of groups; rows of one belong together. */
  readonly group: Uint32Array;
}

/** The eval rows, and the rows of the folds that were scored after them, fold by fold. */
export function joinFolds(
  { train, trust }: { readonly train: Examples; readonly trust: Float64Array | null },
  fold: Uint8Array,
  byFold: readonly Float32Array[],
  held: Examples,
  evalScores: Float32Array,
): CalibrationRows {
  const rows = rowsByFold(fold, byFold.length);
  const groups = held.group.reduce((most, group) => Math.max(most, group + 1), 0);
  const length = held.rows + rows.length;
  const of = (column: Uint32Array) => (row: number) => column[row] as number;
  const [label, count, group] = [of(train.label), of(train.count), of(train.group)];
  const parts = [evalScores, ...byFold];
  const scores = sharedFloats(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    scores.set(part, at);
    at += part.length;
  }
  return {
    scores,
    label: append(new Uint32Array(length), held.label, rows, label),
    weight: append(new Float64Array(length), held.count, rows, (row) => count(row) * (trust?.[row] ?? 1)),
    group: append(new Uint32Array(length), held.group, rows, (row) => group(row) + groups),
  };
}

/** The rows of the first `folds` folds, one fold after another. */
function rowsByFold(fold: Uint8Array, folds: number): Uint32Array {
  const rows = new Uint32Array(fold.length);
  let n = 0;
  for (let f = 0; f < folds; f++)
    for (let row = 0; row < fold.length; row++) if (fold[row] === f) rows[n++] = row;
  return rows.subarray(0, n);
}

/** Fills `all` with the values of `first`, and behind them that of each of the rows. */
function append<Column extends Uint32Array | Float64Array>(
  all: Column,
  first: Uint32Array,
  rows: Uint32Array,
  of: (row: number) => number,
): Column {
  all.set(first);
  rows.forEach((row, i) => {
    all[first.length + i] = of(row);
  });
  return all;
}
