// SPDX-License-Identifier: Apache-2.0
import { log } from "../core/elementary.ts";
import { type FeatureWeights, featureTable } from "../model/vectorizer.ts";
import type { Candidates } from "./feature-counts.ts";
import { sharedBytes, shareWords } from "./shared-array.ts";

/** The features that a family keeps, and the weight of each, in shared memory. */
export interface FamilyFeatures {
  /** Ascending. */
  readonly hashes: Uint32Array;
  readonly weights: FeatureWeights;
}

/** Every hash of any task once, ascending, with its best rank in a task and its summed frequency. */
function unite(tasks: readonly Candidates[]) {
  const all = new Float64Array(tasks.reduce((n, task) => n + task.hashes.length, 0));
  let n = 0;
  // hash * 2^20 + rank sorts by hash, then by rank: ranks stay below 2^20, as the config caps max_features.
  for (const task of tasks)
    for (let r = 0; r < task.hashes.length; r++) all[n++] = (task.hashes[r] as number) * 2 ** 20 + r;
  all.sort();
  const hashes = new Uint32Array(n);
  const ranks = new Uint32Array(n);
  let unique = 0;
  for (let i = 0; i < n; i++) {
    const hash = Math.floor((all[i] as number) / 2 ** 20);
    if (unique > 0 && hashes[unique - 1] === hash) continue;
    hashes[unique] = hash;
    ranks[unique++] = (all[i] as number) - hash * 2 ** 20;
  }
  return { hashes: hashes.subarray(0, unique), ranks: ranks.subarray(0, unique) };
}

/**
 * Chooses a family's features: each task has the same quota, its most frequent ones, and the quota is the
 * largest with which the union stays within `most`; a large task does not crowd out a small one. A feature
 * at the last rank is taken by ascending hash.
 */
export function selectFeatures(tasks: readonly Candidates[], most: number): FamilyFeatures {
  const { hashes, ranks } = unite(tasks);
  let kept = hashes;
  if (hashes.length > most) {
    const sorted = ranks.slice().sort();
    const cut = sorted[most] as number;
    let atCut = most;
    for (const rank of ranks) if (rank < cut) atCut--;
    kept = hashes.filter((_, i) => {
      const rank = ranks[i] as number;
      return rank < cut || (rank === cut && atCut-- > 0);
    });
  }
  return { hashes: shareWords(kept), weights: inverseFrequencies(tasks, kept) };
}

/** Square root of smoothed IDF, sqrt(ln((1 + n) / (1 + df)) + 1), over all tasks' rows, in one byte. */
function inverseFrequencies(tasks: readonly Candidates[], hashes: Uint32Array): FeatureWeights {
  const frequencies = new Float64Array(hashes.length);
  const table = featureTable(hashes);
  let rows = 0;
  for (const task of tasks) {
    rows += task.rows;
    task.hashes.forEach((hash, r) => {
      const i = table.find(hash);
      if (i >= 0) frequencies[i] = (frequencies[i] as number) + (task.frequencies[r] as number);
    });
  }
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
