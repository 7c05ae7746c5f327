// SPDX-License-Identifier: Apache-2.0
import { log } from "../core/elementary.ts";
import type { Examples } from "../core/example.ts";
import type { FeatureHashes } from "../model/analyzer.ts";
import { SparseVector, type Vectorizer } from "../model/vectorizer.ts";
import type { SparseRows } from "./solver.ts";

/** Added to the supervised weight, so that a feature without any preference still says a little. */
const WEIGHT_FLOOR = 0.1;

/** Grows by half as it fills, so that the peak is 1.5 times the content rather than twice. */
class RowBuilder {
  #start = new Float64Array(1024);
  #ids = new Uint32Array(1 << 16);
  #values = new Float32Array(1 << 16);
  #rows = 0;
  #length = 0;

  push(vector: SparseVector): void {
    const end = this.#length + vector.length;
    if (end > this.#ids.length) {
      const size = Math.ceil(end * 1.5);
      this.#ids = enlarge(this.#ids, new Uint32Array(size));
      this.#values = enlarge(this.#values, new Float32Array(size));
    }
    if (this.#rows + 2 > this.#start.length)
      this.#start = enlarge(this.#start, new Float64Array(this.#start.length * 2));
    this.#ids.set(vector.ids.subarray(0, vector.length), this.#length);
    this.#values.set(vector.values.subarray(0, vector.length), this.#length);
    this.#length = end;
    this.#start[++this.#rows] = end;
  }

  build(): SparseRows {
    return { rows: this.#rows, start: this.#start, ids: this.#ids, values: this.#values };
  }
}

function enlarge<A extends Float32Array | Float64Array | Uint32Array>(from: A, into: A): A {
  into.set(from);
  return into;
}

/** Vectors of all rows over the family's features, and the namespace that each feature was met in. */
export function vectorizeRows(
  rows: number,
  read: (row: number) => FeatureHashes,
  vectorizer: Vectorizer,
  namespaceOf: Uint8Array,
): SparseRows {
  const builder = new RowBuilder();
  const vector = new SparseVector();
  for (let row = 0; row < rows; row++) {
    vectorizer.vectorize(read(row), vector);
    for (let i = 0, namespace = 0; i < vector.length; i++) {
      while (i >= (vector.ends[namespace] as number)) namespace++;
      namespaceOf[vector.ids[i] as number] = namespace;
    }
    builder.push(vector);
  }
  return builder.build();
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

/** Positions of each feature in the rows: feature f is [start[f], start[f + 1]) of `rows`. */
function byFeature(x: SparseRows, features: number) {
  const start = new Float64Array(features + 1);
  const total = x.start[x.rows] as number;
  for (let j = 0; j < total; j++) {
    const next = (x.ids[j] as number) + 1;
    start[next] = (start[next] as number) + 1;
  }
  for (let f = 0; f < features; f++) start[f + 1] = (start[f + 1] as number) + (start[f] as number);
  const fill = start.slice();
  const rows = new Uint32Array(total);
  for (let i = 0; i < x.rows; i++) {
    for (let j = x.start[i] as number; j < (x.start[i + 1] as number); j++) {
      const f = x.ids[j] as number;
      rows[fill[f] as number] = i;
      fill[f] = (fill[f] as number) + 1;
    }
  }
  return { start, rows };
}

/**
 * Chooses a task's features (at least `minDf` source rows) and weighs each by how much it says about the
 * label: 0.1 + sqrt(KL(p(label | feature) || p(label))), p(k | f) = (n_fk + p(k)) / (df + 1).
 */
export function weighFeatures(
  x: SparseRows,
  examples: Examples,
  labels: number,
  familySize: number,
  minDf: number,
): { ids: Uint32Array; weight: Float64Array } {
  const { label, count } = examples;
  const prior = new Float64Array(labels);
  let total = 0;
  for (let i = 0; i < x.rows; i++) {
    const k = label[i] as number;
    prior[k] = (prior[k] as number) + (count[i] as number);
    total += count[i] as number;
  }
  for (let k = 0; k < labels; k++) prior[k] = (prior[k] as number) / total;
  const columns = byFeature(x, familySize);
  const weight = new Float64Array(familySize);
  const frequency = new Float64Array(familySize);
  const counts = new Float64Array(labels);
  for (let f = 0; f < familySize; f++) {
    let df = 0;
    counts.fill(0);
    for (let j = columns.start[f] as number; j < (columns.start[f + 1] as number); j++) {
      const i = columns.rows[j] as number;
      const k = label[i] as number;
      counts[k] = (counts[k] as number) + (count[i] as number);
      df += count[i] as number;
    }
    if (df === 0 || df < minDf) continue;
    frequency[f] = df;
    weight[f] = WEIGHT_FLOOR + Math.sqrt(Math.max(0, divergence(counts, prior, df)));
  }
  const ids = byFrequency(frequency);
  return { ids, weight: Float64Array.from(ids, (f) => weight[f] as number) };
}

/** The features that occur, those of the most source rows first; ties by number. */
function byFrequency(frequency: Float64Array): Uint32Array {
  const most = 2 ** 32;
  const keys: number[] = [];
  frequency.forEach((n, f) => {
    if (n > 0) keys.push((most - n) * 2 ** 21 + f);
  });
  return Uint32Array.from(Float64Array.from(keys).sort(), (key) => key % 2 ** 21);
}

/** KL divergence in nats of the smoothed label distribution of a feature from the prior. */
function divergence(counts: Float64Array, prior: Float64Array, df: number): number {
  let sum = 0;
  for (let k = 0; k < counts.length; k++) {
    const p = prior[k] as number;
    if (p === 0) continue;
    const q = ((counts[k] as number) + p) / (df + 1);
    sum += q * log(q / p);
  }
  return sum;
}

/**
 * Narrows vectors to a task's features, numbered from 0, with the task's factors on the values. In place:
 * the rows only get shorter.
 */
export function narrowRows(x: SparseRows, local: Int32Array, factor: Float32Array): SparseRows {
  const start = x.start.slice();
  let n = 0;
  for (let i = 0; i < x.rows; i++) {
    const from = x.start[i] as number;
    const to = x.start[i + 1] as number;
    start[i] = n;
    for (let j = from; j < to; j++) {
      const f = local[x.ids[j] as number] as number;
      if (f < 0) continue;
      x.ids[n] = f;
      x.values[n++] = (x.values[j] as number) * (factor[f] as number);
    }
  }
  start[x.rows] = n;
  return { rows: x.rows, start, ids: x.ids, values: x.values };
}

/**
 * One constant a namespace that brings the mean length of its weighted part back to 1, as if it had been
 * normalized after weighting; a constant can be folded into the weights, a norm a row could not.
 */
export function namespaceFactors(
  x: SparseRows,
  local: Int32Array,
  weight: Float64Array,
  namespaceOf: Uint8Array,
): Float64Array {
  const namespaces = 8;
  const sums = new Float64Array(namespaces);
  const rows = new Float64Array(namespaces);
  const squares = new Float64Array(namespaces);
  for (let i = 0; i < x.rows; i++) {
    squares.fill(0);
    for (let j = x.start[i] as number; j < (x.start[i + 1] as number); j++) {
      const id = x.ids[j] as number;
      const f = local[id] as number;
      if (f < 0) continue;
      const v = (x.values[j] as number) * (weight[f] as number);
      const s = namespaceOf[id] as number;
      squares[s] = (squares[s] as number) + v * v;
    }
    for (let s = 0; s < namespaces; s++) {
      if (squares[s] === 0) continue;
      sums[s] = (sums[s] as number) + Math.sqrt(squares[s] as number);
      rows[s] = (rows[s] as number) + 1;
    }
  }
  return sums.map((sum, s) => (sum > 0 ? (rows[s] as number) / sum : 1));
}
