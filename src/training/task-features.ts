// SPDX-License-Identifier: Apache-2.0
import { log } from "../core/elementary.ts";
import { type FeatureWeights, weightTable } from "../model/vectorizer.ts";
import { shareFloats, shareWords } from "../storage/shared-array.ts";
import type { IndexedChunk } from "./indexing.ts";
import { type NgramKernel, ngramKernel, sortByKey } from "./ngram-kernel.ts";
import { STAGED_ROWS, StagedRows, type Tallied } from "./staged-rows.ts";

/** Added to the supervised weight, so that a feature without any preference still says a little. */
const WEIGHT_FLOOR = 0.1;

/** Rows of a task as sparse vectors: input `inputs[row]` of the family's chunks. */
export interface IndexedRows {
  readonly chunks: readonly IndexedChunk[];
  readonly inputs: Uint32Array;
}

/** The folds of a task's train rows, and how many of them, from the first on, are to be scored for its calibration; 0 for none. */
export interface Folds {
  /** Of every train row; empty where none is to be scored. */
  readonly fold: Uint8Array;
  readonly scored: number;
}

/** The train rows of a task with their labels. */
export interface TrainRows extends IndexedRows {
  /** Index below `labels`. */
  readonly label: Uint32Array;
  /** Source rows that each row stands for. */
  readonly count: Uint32Array;
}

/** What a task makes of the family's features: which it uses, and by how much it weighs each. */
export interface TaskFeatures {
  /**
   * Family's number of each of the task's features, by falling frequency: the weights that a pass meets most lie
   * together in the caches.
   */
  readonly ids: Uint32Array;
  /** Factor on the family's value of each: supervised weight times the constant of its namespace. */
  readonly factor: Float32Array;
}

/**
 * Chooses a task's features (at least `minDf` source rows) and weighs each by how much it says about the
 * label: 0.1 + sqrt(KL(p(label | feature) || p(label))), p(k | f) = (n_fk + p(k)) / (df + 1); times one constant a
 * namespace that brings the mean length of its weighted part back to 1, as if it had been normalized after
 * weighting: a constant can be folded into the weights, a norm a row could not.
 */
export function weighFeatures(
  rows: TrainRows,
  weights: FeatureWeights,
  labels: number,
  minDf: number,
): TaskFeatures {
  return taskFeatures(learn(rows, weights.codes.length, labels, null), 0, rows, weights, minDf);
}

/** For each fold that is scored, what {@link weighFeatures} makes of the rows of the other folds, in one go over all rows. */
export function weighFolds(
  rows: TrainRows,
  folds: Folds,
  weights: FeatureWeights,
  labels: number,
  minDf: number,
): TaskFeatures[] {
  const learnt = learn(rows, weights.codes.length, labels, folds);
  return Array.from({ length: folds.scored }, (_, left) => {
    const inputs = rows.inputs.filter((_, row) => folds.fold[row] !== left);
    const others = { chunks: rows.chunks, inputs };
    return learnt.kernel.within(() => taskFeatures(learnt, left, others, weights, minDf));
  });
}

/** The rows of each label one after another: those of label k are [start[k], start[k + 1]). */
function byLabel({ inputs, label, count }: TrainRows, labels: number, folds: Folds | null) {
  const start = new Uint32Array(labels + 1);
  for (const k of label) start[k + 1] = (start[k + 1] as number) + 1;
  for (let k = 0; k < labels; k++) start[k + 1] = (start[k + 1] as number) + (start[k] as number);
  const next = start.slice();
  const rows = label.length;
  const sorted = {
    inputs: new Uint32Array(rows),
    count: new Uint32Array(rows),
    fold: new Uint8Array(folds === null ? 0 : rows),
  };
  for (let row = 0; row < rows; row++) {
    const k = label[row] as number;
    const at = next[k] as number;
    next[k] = at + 1;
    sorted.inputs[at] = inputs[row] as number;
    sorted.count[at] = count[row] as number;
    if (folds !== null) sorted.fold[at] = folds.fold[row] as number;
  }
  return { start, ...sorted };
}

/**
 * What the rows' labels say of the family's features, in the memory of a kernel. Of sets of rows: all of them, or one for each fold
 * that is scored, all but its own; side by side for each feature.
 */
interface Learnt {
  readonly kernel: NgramKernel;
  readonly sets: number;
  /** Source rows that have each feature. */
  readonly frequencies: Uint32Array;
  /** The sum of m_k ln(m_k / p(k)) over the labels k of its rows, with m_k = n_fk + p(k). */
  readonly sums: Float64Array;
  /** The namespace that each feature was met in. */
  readonly spaces: Uint8Array;
}

/**
 * 7 ns an n-gram of banking77's rows, and 31 with what each of five folds makes of it. Label after label, so that the work goes by the features that a
 * label has: with m_k = n_fk + p(k), which add up to df + 1, the divergence is sum_k m_k ln(m_k / p(k)) / (df + 1) - ln(df + 1), and a
 * label without the feature adds nothing.
 */
function learn(rows: TrainRows, features: number, labels: number, folds: Folds | null): Learnt {
  const { chunks } = rows;
  const { start, inputs, count, fold } = byLabel(rows, labels, folds);
  const scored = folds?.scored ?? 0;
  const sets = folds === null ? 1 : scored;
  const totals = copiesOf(count, fold, 0, count.length, sets);
  // In memory that the thread has touched before: what is new costs as much as the counting.
  const kernel = ngramKernel();
  const frequencies = kernel.words(features * sets);
  const sums = kernel.doubles(features * sets);
  const tallied: Tallied = {
    counts: kernel.words(features),
    left: kernel.words(features * scored),
    spaces: kernel.bytes(features),
    met: kernel.words(features),
    length: 0,
  };
  const staged = new StagedRows(kernel, chunks[0]?.namespaces ?? 0);
  const copies = kernel.words(STAGED_ROWS);
  const foldOf = kernel.bytes(STAGED_ROWS);
  const prior = kernel.doubles(sets);
  const logPrior = kernel.doubles(sets);
  for (let k = 0; k < labels; k++) {
    const [from, to] = [start[k] as number, start[k + 1] as number];
    const own = inputs.subarray(0, to);
    for (let row = from; row < to; ) {
      staged.clear();
      const next = staged.addRows(chunks, own, row);
      copies.set(count.subarray(row, next));
      foldOf.set(fold.subarray(row, next));
      staged.tally(copies, foldOf, scored, tallied);
      row = next;
    }
    copiesOf(count, fold, from, to, sets).forEach((n, set) => {
      prior[set] = n / (totals[set] as number);
      logPrior[set] = log(prior[set] as number);
    });
    kernel.features.learn(
      features,
      tallied.met.byteOffset,
      tallied.length,
      tallied.counts.byteOffset,
      tallied.left.byteOffset,
      sets,
      scored,
      prior.byteOffset,
      logPrior.byteOffset,
      frequencies.byteOffset,
      sums.byteOffset,
    );
    tallied.length = 0;
  }
  return { kernel, sets, frequencies, sums, spaces: tallied.spaces };
}

/** Source rows that rows [from, to) stand for, by set: all of them, or those that are not of its fold. */
function copiesOf(
  count: Uint32Array,
  fold: Uint8Array,
  from: number,
  to: number,
  sets: number,
): Float64Array {
  let all = 0;
  const left = new Float64Array(sets);
  for (let row = from; row < to; row++) {
    const copies = count[row] as number;
    all += copies;
    const own = fold[row] ?? sets;
    if (own < sets) left[own] = (left[own] as number) + copies;
  }
  return left.map((n) => all - n);
}

/** Rows that show the mean length of a namespace's part to half a percent. */
const SHOWN_ROWS = 2 ** 14;

/** The features of one of the sets of what was learnt, of `rows`: each that `minDf` source rows have. */
function taskFeatures(
  { kernel, sets, frequencies, sums, spaces }: Learnt,
  set: number,
  rows: IndexedRows,
  weights: FeatureWeights,
  minDf: number,
): TaskFeatures {
  const features = weights.codes.length;
  const weight = kernel.doubles(features);
  const frequency = kernel.words(features);
  const ids = kernel.words(features);
  const n = kernel.features.weigh(
    features,
    sets,
    set,
    minDf,
    WEIGHT_FLOOR,
    frequencies.byteOffset,
    sums.byteOffset,
    weight.byteOffset,
    frequency.byteOffset,
    ids.byteOffset,
  );
  const constants = namespaceConstants(kernel, rows, weights, weight);
  sortByKey(kernel, ids.subarray(0, n), frequency, "falling");
  const factor = kernel.floats(n);
  kernel.features.factors(
    n,
    ids.byteOffset,
    weight.byteOffset,
    spaces.byteOffset,
    constants.byteOffset,
    factor.byteOffset,
  );
  return { ids: shareWords(ids.subarray(0, n)), factor: shareFloats(factor) };
}

/** 1 over the mean length of weighted parts, of at most {@link SHOWN_ROWS} rows, for each namespace; 1 where there are none. */
function namespaceConstants(
  kernel: NgramKernel,
  { chunks, inputs }: IndexedRows,
  weights: FeatureWeights,
  weight: Float64Array,
): Float64Array {
  const features = weight.length;
  const value = kernel.floats(features);
  kernel.features.values(
    features,
    weight.byteOffset,
    kernel.bytesOf(weights.codes).byteOffset,
    kernel.doublesOf(weightTable(weights)).byteOffset,
    value.byteOffset,
  );
  const namespaces = chunks[0]?.namespaces ?? 0;
  const [sums, filled] = [kernel.doubles(namespaces), kernel.doubles(namespaces)];
  const staged = new StagedRows(kernel, namespaces);
  const step = Math.ceil(inputs.length / SHOWN_ROWS);
  for (let row = 0; row < inputs.length; ) {
    staged.clear();
    row = staged.addRows(chunks, inputs, row, step);
    staged.addLengths(value, sums, filled);
  }
  return kernel.doublesOf(sums.map((sum, s) => (sum > 0 ? (filled[s] as number) / sum : 1)));
}
