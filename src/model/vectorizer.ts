// SPDX-License-Identifier: Apache-2.0
import { log } from "../core/elementary.ts";
import type { FeatureHashes } from "./analyzer.ts";

/** Entries of a bucket that are looked at one after another; larger buckets are halved first. */
const LONGEST_SCAN = 16;

/** Bits of a hash below those that a directory of so many features goes by: it has an entry for each value of these, and the end. */
export function directoryShift(features: number): number {
  return Math.max(8, Math.clz32(features | 1));
}

/**
 * Finds a feature by its hash. The hashes lie in ascending order, which makes a file of 4 bytes a feature
 * and a position that is the feature's number; a directory over their leading bits, built when the model
 * is opened (opening-kernel.ts says how fast), makes a look-up one step, as an open-addressed table would: 4 ns an n-gram with
 * 180,000 features in the caches and 8 between predictions, of the 15 to 23 that vectorizing one takes.
 */
export class FeatureTable {
  readonly hashes: Uint32Array;
  readonly #directory: Uint32Array;

  /** `directory` is what `directoryOf` makes of the hashes. */
  constructor(hashes: Uint32Array, directory: Uint32Array) {
    this.hashes = hashes;
    this.#directory = directory;
  }

  /**
   * Looks hashes[from, to) up and writes the numbers of those features that there are into `found`, from `at` on and in their
   * order; returns the end of them.
   */
  find(hashes: Uint32Array, from: number, to: number, found: Uint32Array, at: number): number {
    const all = this.hashes;
    const directory = this.#directory;
    const shift = directoryShift(all.length);
    for (; from < to; from++) {
      const hash = hashes[from] as number;
      const bucket = hash >>> shift;
      let i = directory[bucket] as number;
      let end = directory[bucket + 1] as number;
      // Real hashes lie 0 to 2 to a bucket; a file whose hashes are huddled together must not cost a scan.
      while (end - i > LONGEST_SCAN) {
        const middle = (i + end) >>> 1;
        if ((all[middle] as number) <= hash) i = middle;
        else end = middle;
      }
      while (i < end && all[i] !== hash) i++;
      if (i < end) found[at++] = i;
    }
    return at;
  }
}

/** The weight of each feature, in one byte. Training uses the decoded weights, so that nothing is lost. */
export interface FeatureWeights {
  /** One code a feature. */
  readonly codes: Uint8Array;
  /** Weights of code 0 and of code 255; between them they are equally spaced. */
  readonly low: number;
  readonly high: number;
}

/** A sparse vector; reused from input to input. */
export class SparseVector {
  ids = new Uint32Array(1024);
  /** How often the input has each: clamped where {@link termFrequency} is. */
  counts = new Uint8ClampedArray(1024);
  values = new Float64Array(1024);
  length = 0;
  /** Hashes that the table does not have, repeats included. */
  unknown = 0;
  /** Namespace i is [ends[i - 1] ?? 0, ends[i]); a feature stands in the first namespace that has it. */
  ends: readonly number[] = [];

  /** Makes room for `length` entries; what was there is lost. */
  reserve(length: number): void {
    if (length <= this.ids.length) return;
    this.ids = new Uint32Array(length * 2);
    this.counts = new Uint8ClampedArray(length * 2);
    this.values = new Float64Array(length * 2);
  }
}

const TF = Float64Array.from({ length: 256 }, (_, count) => (count === 0 ? 0 : 1 + log(count)));

/** Sublinear term frequency, 1 + ln c (Manning, Raghavan and Schütze 2008, 6.4.1); no more than for 255. */
export function termFrequency(count: number): number {
  return TF[count < 255 ? count : 255] as number;
}

/** What each code of a feature stands for. */
export function weightTable({ low, high }: Pick<FeatureWeights, "low" | "high">): Float64Array {
  return Float64Array.from({ length: 256 }, (_, code) => low + ((high - low) * code) / 255);
}

/**
 * Turns feature hashes into a sparse vector: sublinear term frequency times the feature's weight, every
 * namespace scaled to length 1 by itself. Hashes that the table does not have are left out.
 */
export class Vectorizer {
  readonly table: FeatureTable;
  readonly #codes: Uint8Array;
  readonly #weight: Float64Array;
  /** Position + 1 of a feature in the vector at hand; all zero between two calls. */
  readonly #seen: Uint32Array;

  constructor(table: FeatureTable, weights: FeatureWeights) {
    this.table = table;
    this.#codes = weights.codes;
    this.#seen = new Uint32Array(table.hashes.length);
    this.#weight = weightTable(weights);
  }

  // Loops of their own for looking up, counting and scaling take 5 % less of a whole prediction than one that does all.
  vectorize(features: FeatureHashes, out: SparseVector): void {
    out.reserve(features.length);
    const { ids } = out;
    const ends: number[] = [];
    let from = 0;
    let n = 0;
    let known = 0;
    for (const end of features.ends) {
      const found = this.table.find(features.hashes, from, end, ids, n);
      known += found - n;
      n = this.#count(out, n, found);
      ends.push(n);
      from = end;
    }
    out.ends = ends;
    out.length = n;
    out.unknown = features.length - known;
    from = 0;
    for (const end of ends) {
      this.#scale(out, from, end);
      from = end;
    }
    const seen = this.#seen;
    for (let i = 0; i < n; i++) seen[ids[i] as number] = 0;
  }

  /** Counts the features of [from, to) and moves those that are new to the front; returns the end of them. */
  #count({ ids, counts }: SparseVector, from: number, to: number): number {
    const seen = this.#seen;
    let n = from;
    for (let i = from; i < to; i++) {
      const id = ids[i] as number;
      const at = seen[id] as number;
      if (at > 0) counts[at - 1] = (counts[at - 1] as number) + 1;
      else {
        ids[n] = id;
        counts[n] = 1;
        seen[id] = ++n;
      }
    }
    return n;
  }

  #scale({ ids, counts, values }: SparseVector, from: number, to: number): void {
    let squares = 0;
    for (let i = from; i < to; i++) {
      const weight = this.#weight[this.#codes[ids[i] as number] as number] as number;
      const value = (TF[counts[i] as number] as number) * weight;
      values[i] = value;
      squares += value * value;
    }
    if (squares === 0) return;
    const factor = 1 / Math.sqrt(squares);
    for (let i = from; i < to; i++) values[i] = (values[i] as number) * factor;
  }
}
