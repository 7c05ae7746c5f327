// SPDX-License-Identifier: Apache-2.0
import { log } from "../core/elementary.ts";
import type { FeatureWeights } from "../model/vectorizer.ts";
import { sharedBytes, shareWords } from "../storage/shared-array.ts";
import type { Candidates } from "./feature-counts.ts";

/** 2^32 over the golden ratio, odd: the leading bits of a product with it depend on every bit (Knuth, TAOCP 3, 6.4). */
const SCRAMBLE = 0x9e3779b1;

/**
 * Where to look first for a hash in a table of 2^(32 - shift) slots: hashes of which one part of the counting has but one in eight
 * would lie in a few heaps of it as they are.
 */
function firstSlot(hash: number, shift: number): number {
  return Math.imul(hash, SCRAMBLE) >>> shift;
}

/** The features that a family keeps, and the weight of each, in shared memory. */
export interface FamilyFeatures {
  /** Ascending. */
  readonly hashes: Uint32Array;
  readonly weights: FeatureWeights;
}

/** More hashes than are ever kept: max_features is below 2^20, as the config says, and each task has one of the last rank. */
const MOST_KEPT = 2 ** 21;

/** Hashes of any task, each once. */
interface UnitedHashes {
  readonly length: number;
  readonly hashes: Uint32Array;
  /** The best in a task. */
  readonly ranks: Uint32Array;
  /** The sum over the tasks. */
  readonly frequencies: Float64Array;
}

/** Every hash of any task once, in an open-addressed table: 60 ns a feature of a task with all that selecting takes; a sort of all took five times as long. */
function unite(tasks: readonly Candidates[]): UnitedHashes {
  const most = tasks.reduce((sum, task) => sum + task.hashes.length, 0);
  const bits = Math.ceil(Math.log2(most + 1)) + 1;
  const slots = new Int32Array(2 ** bits).fill(-1);
  const hashes = new Uint32Array(most);
  const ranks = new Uint32Array(most);
  const frequencies = new Float64Array(most);
  let length = 0;
  for (const task of tasks)
    for (let rank = 0; rank < task.hashes.length; rank++) {
      const hash = task.hashes[rank] as number;
      let at = firstSlot(hash, 32 - bits);
      let i = slots[at] as number;
      for (; i >= 0 && hashes[i] !== hash; i = slots[at] as number) at = (at + 1) & (slots.length - 1);
      if (i < 0) {
        i = length++;
        slots[at] = i;
        hashes[i] = hash;
        ranks[i] = rank;
      }
      if (rank < (ranks[i] as number)) ranks[i] = rank;
      frequencies[i] = (frequencies[i] as number) + (task.frequencies[rank] as number);
    }
  return { length, hashes, ranks, frequencies };
}

/** The last rank of which hashes are kept, so that `most` are, and of how many it can be. */
function cutRanks({ length, ranks }: UnitedHashes, most: number): { last: number; ofLast: number } {
  const ofRank: number[] = [];
  for (let i = 0; i < length; i++) {
    const rank = ranks[i] as number;
    while (ofRank.length <= rank) ofRank.push(0);
    ofRank[rank] = (ofRank[rank] as number) + 1;
  }
  let left = most;
  for (let rank = 0; rank < ofRank.length; rank++) {
    const here = ofRank[rank] as number;
    if (here > left) return { last: rank, ofLast: left };
    left -= here;
  }
  return { last: ofRank.length, ofLast: 0 };
}

/**
 * Chooses a family's features: each task has the same quota, its most frequent ones, and the quota is the
 * largest with which the union stays within `most`; a large task does not crowd out a small one. A feature
 * at the last rank is taken by ascending hash.
 */
export function selectFeatures(tasks: readonly Candidates[], most: number): FamilyFeatures {
  const united = unite(tasks);
  const { last, ofLast } = cutRanks(united, most);
  const candidates = new Uint32Array(united.length);
  let n = 0;
  for (let i = 0; i < united.length; i++) if ((united.ranks[i] as number) <= last) candidates[n++] = i;
  // A hash and where it stands among the candidates as one number, which sorts by the hash.
  const keys = new Float64Array(n);
  for (let k = 0; k < n; k++) keys[k] = (united.hashes[candidates[k] as number] as number) * MOST_KEPT + k;
  const hashes = new Uint32Array(n);
  const frequencies = new Float64Array(n);
  let kept = 0;
  let left = ofLast;
  for (const key of keys.sort()) {
    const i = candidates[key % MOST_KEPT] as number;
    if (united.ranks[i] === last && left-- <= 0) continue;
    hashes[kept] = united.hashes[i] as number;
    frequencies[kept++] = united.frequencies[i] as number;
  }
  const rows = tasks.reduce((sum, task) => sum + task.rows, 0);
  return {
    hashes: shareWords(hashes.subarray(0, kept)),
    weights: inverseFrequencies(frequencies.subarray(0, kept), rows),
  };
}

/** Square root of smoothed IDF, sqrt(ln((1 + n) / (1 + df)) + 1), over all tasks' rows, in one byte. */
function inverseFrequencies(frequencies: Float64Array, rows: number): FeatureWeights {
  const exact = frequencies.map((df) => Math.sqrt(log((1 + rows) / (1 + Math.min(df, rows))) + 1));
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (const weight of exact) {
    low = Math.min(low, weight);
    high = Math.max(high, weight);
  }
  const codes = sharedBytes(exact.length);
  if (exact.length === 0) return { codes, low: 1, high: 1 };
  const step = high > low ? 255 / (high - low) : 0;
  exact.forEach((weight, f) => {
    codes[f] = Math.round((weight - low) * step);
  });
  return { codes, low, high };
}
