// SPDX-License-Identifier: Apache-2.0
import type { Examples } from "../core/example.ts";
import { sharedFloats } from "../storage/shared-array.ts";
import { BlockMemory, type WeightedRows } from "./blocks.ts";
import { foldsOf } from "./folds.ts";
import { joinColumns, joinInto } from "./joined-rows.ts";
import { KernelSolver } from "./kernel-solver.ts";
import { labelWeights, rowWeights } from "./label-weights.ts";
import type { NarrowRows } from "./narrowing.ts";
import { rowsWhere } from "./row-selection.ts";
import { relativeGap } from "./solver.ts";
import { type Folds, type TaskFeatures, weighFeatures } from "./task-features.ts";

/** Eval rows that calibrate well enough by themselves; with fewer, the train rows help. */
const ENOUGH_EVAL_ROWS = 1_000;
/** Rows that are enough with the train rows' help: every fold costs a fit. */
const ENOUGH_ROWS = 5_000;
/** Each fold's rows are scored by a fit on the others. */
const FOLDS = 5;

export const NO_FOLDS: Folds = { fold: new Uint8Array(0), scored: 0 };

/**
 * The folds of a task's train rows, and how many are to be scored so that they and its eval rows are enough to calibrate by; none
 * where the eval rows are, or where there are fewer groups than folds.
 */
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
  const inputs = rowsWhere(fold, of);
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
  const rows = joinColumns(byFold.map((_, f) => rowsWhere(fold, (own) => own === f)));
  const groups = held.group.reduce((most, group) => Math.max(most, group + 1), 0);
  const take = (column: Uint32Array) => rows.map((row) => column[row] as number);
  const weight = Float64Array.from(joinColumns([held.count, take(train.count)]));
  if (trust !== null)
    rows.forEach((row, i) => {
      weight[held.rows + i] = (weight[held.rows + i] as number) * (trust[row] as number);
    });
  const parts = [evalScores, ...byFold];
  const joined = () => joinInto(sharedFloats(parts.reduce((n, part) => n + part.length, 0)), parts);
  return {
    scores: byFold.length === 0 ? evalScores : joined(),
    label: joinColumns([held.label, take(train.label)]),
    weight,
    group: joinColumns([held.group, take(train.group).map((group) => group + groups)]),
  };
}
