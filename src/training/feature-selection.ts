// SPDX-License-Identifier: Apache-2.0
import type { FeatureWeights } from "../model/vectorizer.ts";
import { sharedBytes, shareWords } from "../storage/shared-array.ts";
import type { Candidates } from "./feature-counts.ts";
import { type NgramKernel, ngramKernel, sortByKey } from "./ngram-kernel.ts";

/** The features that a family keeps, and the weight of each, in shared memory. */
export interface FamilyFeatures {
  /** Ascending. */
  readonly hashes: Uint32Array;
  readonly weights: FeatureWeights;
}

/**
 * Chooses a family's features: each task has the same quota, its most frequent ones, and the quota is the
 * largest with which the union stays within `most`; a large task does not crowd out a small one. A feature
 * at the last rank is taken by ascending hash.
 */
export function selectFeatures(tasks: readonly Candidates[], most: number): FamilyFeatures {
  const kernel = ngramKernel(true);
  const { features: loops } = kernel;
  const { hashes, ranks, frequencies } = unite(kernel, tasks);
  const rankCount = Math.max(0, ...tasks.map((task) => task.hashes.length));
  const ofRank = kernel.words(rankCount + 1);
  const last = loops.cut(hashes.length, ranks.byteOffset, rankCount, ofRank.byteOffset, most);
  const ids = kernel.words(hashes.length);
  loops.iota(ids.length, ids.byteOffset);
  sortByKey(kernel, ids, hashes, "rising");
  const ofLast = ofRank[last] as number;
  const all = kernel.words(hashes.length);
  const length = loops.keep(ids.length, ids.byteOffset, ranks.byteOffset, last, ofLast, all.byteOffset);
  const kept = all.subarray(0, length);
  const sorted = kernel.words(length);
  loops.gather(length, kept.byteOffset, hashes.byteOffset, sorted.byteOffset);
  const rows = tasks.reduce((sum, task) => sum + task.rows, 0);
  return { hashes: shareWords(sorted), weights: inverseFrequencies(kernel, kept, frequencies, rows) };
}

/** Hashes of any task, each once, in a kernel's memory. */
interface UnitedHashes {
  readonly hashes: Uint32Array;
  /** The best in a task. */
  readonly ranks: Uint32Array;
  /** The sum over the tasks. */
  readonly frequencies: Float64Array;
}

/** Every hash of any task once, by an open-addressed table. */
function unite(kernel: NgramKernel, tasks: readonly Candidates[]): UnitedHashes {
  const most = tasks.reduce((sum, task) => sum + task.hashes.length, 0);
  const bits = Math.ceil(Math.log2(most + 1)) + 1;
  const table = kernel.words(2 ** bits);
  const hashes = kernel.words(most);
  const ranks = kernel.words(most);
  const frequencies = kernel.doubles(most);
  let length = 0;
  for (const task of tasks)
    kernel.within(() => {
      length = kernel.features.unite(
        task.hashes.length,
        kernel.wordsOf(task.hashes).byteOffset,
        kernel.wordsOf(task.frequencies).byteOffset,
        table.byteOffset,
        32 - bits,
        length,
        hashes.byteOffset,
        ranks.byteOffset,
        frequencies.byteOffset,
      );
    });
  return {
    hashes: hashes.subarray(0, length),
    ranks: ranks.subarray(0, length),
    frequencies: frequencies.subarray(0, length),
  };
}

/** Square root of smoothed IDF, sqrt(ln((1 + n) / (1 + df)) + 1), over all tasks' rows, in one byte. */
function inverseFrequencies(
  kernel: NgramKernel,
  ids: Uint32Array,
  frequencies: Float64Array,
  rows: number,
): FeatureWeights {
  const n = ids.length;
  if (n === 0) return { codes: sharedBytes(0), low: 1, high: 1 };
  const [exact, range, codes] = [kernel.doubles(n), kernel.doubles(2), kernel.bytes(n)];
  kernel.features.inverse(
    n,
    ids.byteOffset,
    frequencies.byteOffset,
    rows,
    exact.byteOffset,
    range.byteOffset,
    codes.byteOffset,
  );
  const shared = sharedBytes(n);
  shared.set(codes);
  return { codes: shared, low: range[0] as number, high: range[1] as number };
}
