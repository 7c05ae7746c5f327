// SPDX-License-Identifier: Apache-2.0
import { log } from "../core/elementary.ts";
import { type FeatureWeights, weightTable } from "../model/vectorizer.ts";
import { sharedFloats, shareWords } from "../storage/shared-array.ts";
import type { IndexedChunk } from "./indexing.ts";
import { CHUNK_INPUTS } from "./inputs.ts";
import { type NgramKernel, ngramKernel, STAGED_ROWS, StagedRows } from "./ngram-kernel.ts";

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
  const [found] = supervisedWeights(rows, weights.codes.length, labels, minDf, null);
  return taskFeatures(rows, weights, found as SupervisedWeights);
}

/** For each fold that is scored, what {@link weighFeatures} makes of the rows of the other folds, in one go over all rows. */
export function weighFolds(
  rows: TrainRows,
  folds: Folds,
  weights: FeatureWeights,
  labels: number,
  minDf: number,
): TaskFeatures[] {
  const found = supervisedWeights(rows, weights.codes.length, labels, minDf, folds);
  return found.map((weighed, left) => {
    const inputs = rows.inputs.filter((_, row) => folds.fold[row] !== left);
    return taskFeatures({ chunks: rows.chunks, inputs }, weights, weighed);
  });
}

function taskFeatures(
  rows: IndexedRows,
  weights: FeatureWeights,
  { weight, frequency, namespace }: SupervisedWeights,
): TaskFeatures {
  const constant = namespaceConstants(rows, weights, weight);
  const ids = shareWords(byFrequency(frequency));
  const factor = sharedFloats(ids.length);
  ids.forEach((id, f) => {
    factor[f] = (weight[id] as number) * (constant[namespace[id] as number] as number);
  });
  return { ids, factor };
}

/** Rows of each label one after another: those of label k are [start[k], start[k + 1]) of `rows`. */
function byLabel(label: Uint32Array, labels: number) {
  const start = new Uint32Array(labels + 1);
  for (const k of label) start[k + 1] = (start[k + 1] as number) + 1;
  for (let k = 0; k < labels; k++) start[k + 1] = (start[k + 1] as number) + (start[k] as number);
  const next = start.slice();
  const rows = new Uint32Array(label.length);
  label.forEach((k, row) => {
    rows[next[k] as number] = row;
    next[k] = (next[k] as number) + 1;
  });
  return { start, rows };
}

/** What the rows' labels say of the family's features. */
interface SupervisedWeights {
  /** 0 for one of fewer than `minDf` source rows. */
  readonly weight: Float64Array;
  /** Source rows that have it; 0 for one of fewer than `minDf`. */
  readonly frequency: Uint32Array;
  /** The namespace that it was met in. */
  readonly namespace: Uint8Array;
}

/**
 * Where a label has more than one in so many of all features, {@link LabelTally.take} goes through all of them in ascending order, not in the
 * order in which they were met: memory is read fastest so.
 */
const MANY = 8;

/** Source rows of the label at hand that have each feature. */
class LabelTally {
  readonly counts: Uint32Array;
  /** The namespace that each feature was met in. */
  readonly namespace: Uint8Array;
  /** The features that any row has, each once, are the first `#length`. */
  readonly #met: Uint32Array;
  #length = 0;

  /** Counts in the kernel's memory; the namespaces outlast it. */
  constructor(kernel: NgramKernel, features: number) {
    this.counts = kernel.words(features);
    this.namespace = new Uint8Array(features);
    this.#met = kernel.words(features);
  }

  /** Counts the features of one part of a row: `part` is its number in the chunk. */
  add({ start, ids, namespaces }: IndexedChunk, part: number, copies: number): void {
    const { counts, namespace } = this;
    const met = this.#met;
    const to = start[part + 1] as number;
    let n = this.#length;
    for (let j = start[part] as number; j < to; j++) {
      const f = ids[j] as number;
      const before = counts[f] as number;
      counts[f] = before + copies;
      if (before > 0) continue;
      met[n++] = f;
      namespace[f] = part % namespaces;
    }
    this.#length = n;
  }

  /** The features that have a count, each once. Whoever takes them sets their counts back to 0, for the next label. */
  take(): Uint32Array {
    const { counts } = this;
    const met = this.#met;
    let n = this.#length;
    this.#length = 0;
    if (n * MANY > counts.length) {
      n = 0;
      for (let f = 0; f < counts.length; f++) if (counts[f] !== 0) met[n++] = f;
    }
    return met.subarray(0, n);
  }
}

/** Counts the features of one part of a row of fold `fold`, of `folds` that lie side by side for each feature. */
function tallyFold(
  left: Uint32Array,
  folds: number,
  fold: number,
  { start, ids }: IndexedChunk,
  part: number,
  copies: number,
): void {
  const to = start[part + 1] as number;
  for (let j = start[part] as number; j < to; j++) {
    const at = (ids[j] as number) * folds + fold;
    left[at] = (left[at] as number) + copies;
  }
}

/**
 * 7 ns an n-gram of banking77's rows, and 28 with five folds beside. Label after label, so that the work goes by the features that a label has: with m_k = n_fk + p(k), which add up to df + 1,
 * the divergence is sum_k m_k ln(m_k / p(k)) / (df + 1) - ln(df + 1), and a label without the feature adds nothing. With
 * `folds`, once for each that is scored, of all rows but its own; else once, of all rows.
 */
function supervisedWeights(
  { chunks, inputs, label, count }: TrainRows,
  features: number,
  labels: number,
  minDf: number,
  folds: Folds | null,
): SupervisedWeights[] {
  const { start: rowsOf, rows } = byLabel(label, labels);
  const scored = folds?.scored ?? 0;
  const sets = folds === null ? 1 : scored;
  const totals = totalsOf(count, folds, sets);
  // In memory that the thread has touched before: what is new costs as much as the counting.
  const kernel = ngramKernel();
  // By feature and set, side by side.
  const frequencies = kernel.words(features * sets);
  const sums = kernel.doubles(features * sets);
  // Of the label at hand: source rows that have each feature, and those of them that each set leaves out.
  const tally = new LabelTally(kernel, features);
  const { counts, namespace } = tally;
  const left = kernel.words(features * scored);
  const prior = new Float64Array(sets);
  const logPrior = new Float64Array(sets);
  for (let k = 0; k < labels; k++) {
    let own = 0;
    prior.fill(0);
    for (let i = rowsOf[k] as number; i < (rowsOf[k + 1] as number); i++) {
      const row = rows[i] as number;
      const input = inputs[row] as number;
      const chunk = chunks[Math.floor(input / CHUNK_INPUTS)] as IndexedChunk;
      const first = (input % CHUNK_INPUTS) * chunk.namespaces;
      const copies = count[row] as number;
      const fold = folds?.fold[row] ?? 0;
      const isLeft = fold < scored;
      own += copies;
      if (isLeft) prior[fold] = (prior[fold] as number) - copies;
      for (let part = first; part < first + chunk.namespaces; part++) {
        tally.add(chunk, part, copies);
        if (isLeft) tallyFold(left, scored, fold, chunk, part, copies);
      }
    }
    for (let s = 0; s < sets; s++) {
      prior[s] = ((prior[s] as number) + own) / (totals[s] as number);
      logPrior[s] = log(prior[s] as number);
    }
    for (const f of tally.take()) {
      const all = counts[f] as number;
      counts[f] = 0;
      for (let s = 0, at = f * sets; s < sets; s++, at++) {
        const found = all - (scored > 0 ? (left[at] as number) : 0);
        if (scored > 0) left[at] = 0;
        if (found === 0) continue;
        const mass = found + (prior[s] as number);
        frequencies[at] = (frequencies[at] as number) + found;
        sums[at] = (sums[at] as number) + mass * (log(mass) - (logPrior[s] as number));
      }
    }
  }
  return Array.from({ length: sets }, (_, s) => {
    const weight = new Float64Array(features);
    const frequency = new Uint32Array(features);
    for (let f = 0; f < features; f++) {
      const df = frequencies[f * sets + s] as number;
      if (df === 0 || df < minDf) continue;
      frequency[f] = df;
      const divergence = (sums[f * sets + s] as number) / (df + 1) - log(df + 1);
      weight[f] = WEIGHT_FLOOR + Math.sqrt(Math.max(0, divergence));
    }
    return { weight, frequency, namespace };
  });
}

/** Source rows of each set: all, or all but those of its fold. */
function totalsOf(count: Uint32Array, folds: Folds | null, sets: number): Float64Array {
  const all = count.reduce((sum, n) => sum + n, 0);
  const totals = new Float64Array(sets).fill(all);
  folds?.fold.forEach((fold, row) => {
    if (fold < sets) totals[fold] = (totals[fold] as number) - (count[row] as number);
  });
  return totals;
}

/** Rows that show the mean length of a namespace's part to half a percent. */
const SHOWN_ROWS = 2 ** 14;

/** 1 over the mean length of weighted parts, of at most {@link SHOWN_ROWS} rows, for each namespace; 1 where there are none. */
function namespaceConstants(
  { chunks, inputs }: IndexedRows,
  weights: FeatureWeights,
  weight: Float64Array,
): Float64Array {
  const codeValue = weightTable(weights);
  const { codes } = weights;
  const namespaces = chunks[0]?.namespaces ?? 0;
  const kernel = ngramKernel();
  const value = kernel.floats(weight.length);
  for (let f = 0; f < value.length; f++)
    value[f] = (weight[f] as number) * (codeValue[codes[f] as number] as number);
  const squares = kernel.doubles(STAGED_ROWS * namespaces);
  const staged = new StagedRows(kernel, namespaces);
  const sums = new Float64Array(namespaces);
  const rows = new Float64Array(namespaces);
  const step = Math.ceil(inputs.length / SHOWN_ROWS);
  for (let row = 0; row < inputs.length; ) {
    staged.clear();
    row = staged.addRows(chunks, inputs, row, step);
    staged.squares(value, squares);
    for (let i = 0; i < staged.segments; i++) {
      if (squares[i] === 0) continue;
      const s = i % namespaces;
      sums[s] = (sums[s] as number) + Math.sqrt(squares[i] as number) * (staged.factor[i] as number);
      rows[s] = (rows[s] as number) + 1;
    }
  }
  return sums.map((sum, s) => (sum > 0 ? (rows[s] as number) / sum : 1));
}

/** Bits of a key that one turn of the radix sort goes by. */
const DIGIT = 16;

/** The features that occur, those of the most source rows first; ties by number. */
function byFrequency(frequency: Uint32Array): Uint32Array {
  const kernel = ngramKernel();
  const key = kernel.words(frequency.length);
  const occurring = kernel.words(frequency.length);
  let n = 0;
  for (let f = 0; f < frequency.length; f++) {
    if (frequency[f] === 0) continue;
    key[f] = ~(frequency[f] as number);
    occurring[n++] = f;
  }
  const once = kernel.words(n);
  const twice = kernel.words(n);
  const next = kernel.words(2 ** DIGIT + 1);
  sortByDigit(occurring.subarray(0, n), key, 0, once, next);
  sortByDigit(once, key, DIGIT, twice, next);
  return twice;
}

/** A stable sort of `ids` by 16 bits of their keys into `sorted`; `next` has room for where those with each 16 bits go. */
function sortByDigit(
  ids: Uint32Array,
  key: Uint32Array,
  shift: number,
  sorted: Uint32Array,
  next: Uint32Array,
): void {
  next.fill(0);
  const mask = 2 ** DIGIT - 1;
  for (let i = 0; i < ids.length; i++) {
    const after = (((key[ids[i] as number] as number) >>> shift) & mask) + 1;
    next[after] = (next[after] as number) + 1;
  }
  for (let d = 0; d <= mask; d++) next[d + 1] = (next[d + 1] as number) + (next[d] as number);
  for (let i = 0; i < ids.length; i++) {
    const digit = ((key[ids[i] as number] as number) >>> shift) & mask;
    const at = next[digit] as number;
    sorted[at] = ids[i] as number;
    next[digit] = at + 1;
  }
}
