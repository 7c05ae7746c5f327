// SPDX-License-Identifier: Apache-2.0
import { log } from "../core/elementary.ts";
import type { FeatureHashes } from "./analyzer.ts";

/** Entries of a bucket that are looked at one after another; larger buckets are halved first. */
const LONGEST_SCAN = 16;

/** Bits of a hash below those that a directory of so many features goes by: it has an entry for each value of these, and the end. */
export function directoryShift(features: number): number {
  return Math.max(8, Math.min(31, Math.clz32(features)));
}

/**
 * Finds a feature by its hash. The hashes lie in ascending order, which makes a file of 4 bytes a feature
 * and a position that is the feature's number; a directory over their leading bits, built when the model
 * is opened (1 ms for 250,000), makes a look-up one step, as an open-addressed table would: 9 ns an n-gram with
 * 180,000 features, of the 22 (in the caches) to 35 (between predictions) that vectorizing one takes.
 */
export class FeatureTable {
  readonly hashes: Uint32Array;
  readonly #directory: Uint32Array;
  readonly #shift: number;

  /** `directory` is what `directoryOf` makes of the hashes. */
  constructor(hashes: Uint32Array, directory: Uint32Array) {
    this.hashes = hashes;
    this.#directory = directory;
    this.#shift = directoryShift(hashes.length);
  }

  /** Number of the feature with this hash, or -1. */
  find(hash: number): number {
    const bucket = hash >>> this.#shift;
    const end = this.#directory[bucket + 1] as number;
    let i = this.#directory[bucket] as number;
    // Real hashes lie 0 to 2 to a bucket; a file whose hashes are huddled together must not cost a scan.
    for (let last = end; last - i > LONGEST_SCAN; ) {
      const middle = (i + last) >>> 1;
      if ((this.hashes[middle] as number) <= hash) i = middle;
      else last = middle;
    }
    for (; i < end; i++) if ((this.hashes[i] as number) >= hash) return this.hashes[i] === hash ? i : -1;
    return -1;
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
  values = new Float64Array(1024);
  length = 0;
  /** Hashes that the table does not have, repeats included. */
  unknown = 0;
  /** Namespace i is [ends[i - 1] ?? 0, ends[i]); a feature stands in the first namespace that has it. */
  readonly ends: number[] = [];

  /** Makes room for `length` entries; what was there is lost. */
  reserve(length: number): void {
    if (length <= this.ids.length) return;
    this.ids = new Uint32Array(length * 2);
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
  /** How often the input has each: clamped where {@link termFrequency} is. */
  #counts = new Uint8ClampedArray(1024);

  constructor(table: FeatureTable, weights: FeatureWeights) {
    this.table = table;
    this.#codes = weights.codes;
    this.#seen = new Uint32Array(table.hashes.length);
    this.#weight = weightTable(weights);
  }

  vectorize(features: FeatureHashes, out: SparseVector): void {
    const most = Math.min(features.length, this.table.hashes.length);
    out.reserve(most);
    if (this.#counts.length < most) this.#counts = new Uint8ClampedArray(most * 2);
    this.#count(features, out);
    let from = 0;
    for (const end of out.ends) {
      this.#scale(out, from, end);
      from = end;
    }
    for (let i = 0; i < out.length; i++) this.#seen[out.ids[i] as number] = 0;
  }

  #count(features: FeatureHashes, out: SparseVector): void {
    const { hashes, ends } = features;
    const seen = this.#seen;
    const counts = this.#counts;
    const ids = out.ids;
    let n = 0;
    let i = 0;
    let unknown = 0;
    out.ends.length = 0;
    for (const end of ends) {
      for (; i < end; i++) {
        const id = this.table.find(hashes[i] as number);
        if (id < 0) {
          unknown++;
          continue;
        }
        const at = seen[id] as number;
        if (at > 0) {
          counts[at - 1] = (counts[at - 1] as number) + 1;
          continue;
        }
        ids[n] = id;
        counts[n] = 1;
        seen[id] = ++n;
      }
      out.ends.push(n);
    }
    out.length = n;
    out.unknown = unknown;
  }

  #scale(out: SparseVector, from: number, to: number): void {
    let squares = 0;
    for (let i = from; i < to; i++) {
      const weight = this.#weight[this.#codes[out.ids[i] as number] as number] as number;
      const value = (TF[this.#counts[i] as number] as number) * weight;
      out.values[i] = value;
      squares += value * value;
    }
    if (squares === 0) return;
    const factor = 1 / Math.sqrt(squares);
    for (let i = from; i < to; i++) out.values[i] = (out.values[i] as number) * factor;
  }
}
