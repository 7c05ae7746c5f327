// SPDX-License-Identifier: Apache-2.0
/** Rows as a model that ships scores them. */
export interface RowScores {
  /** Raw, rows x labels. */
  readonly scores: Float32Array;
  /** Share of each row's n-grams that the task knows, in [0, 1]. */
  readonly knownShare: Float64Array;
}

/** Rows whose n-grams are known less than those of other rows: 2 in 100. */
const UNUSUAL = 0.02;
/** Without rows to tell what is usual, a text without any known n-gram is still unlike all. */
const LEAST_SHARE = 1e-6;

/**
 * What share of its n-grams a task knows of nearly every text of its own, in (0, 1]: the 2nd percentile over rows that had
 * no part in choosing the features. docs/engine.md tells what other percentiles and powers did.
 */
export function usualShareOf(knownShare: Float64Array): number {
  const sorted = knownShare.slice().sort();
  return Math.max(sorted[Math.floor(sorted.length * UNUSUAL)] ?? 0, LEAST_SHARE);
}
