// SPDX-License-Identifier: Apache-2.0
import type { RowTexts } from "./exact-duplicates.ts";
import { GramSet } from "./gram-set.ts";
import { sortedByKey } from "./sorting.ts";

/** Counters of grams by the low bits of their hash: that grams share one only makes the order less sharp. */
const COUNTERS = 1 << 18;

/** Rows that share one of their rarest grams, as runs over `rows`. */
export interface RareGramBuckets {
  readonly rows: Uint32Array;
  /** Ends of the runs in `rows`. */
  readonly ends: readonly number[];
}

/** Grams of a set among which two similar sets must share one: all but ceil(t n) - 1. */
export function prefixLength(size: number, threshold: number): number {
  // The small number only makes a prefix longer, where t n is an integer but for rounding.
  return size - Math.ceil(threshold * size - 1e-9) + 1;
}

/**
 * Splits a bucket by rare grams. Two sets with a Jaccard of at least t share at least ceil(t n) grams, n
 * the size of either, so with all grams in one order they share one of the first n - ceil(t n) + 1
 * (Chaudhuri, Ganti and Kaushik, ICDE 2006; Bayardo, Ma and Srikant, WWW 2007). With the rarest first,
 * what thousands of rows have in common, a template, no longer brings them together. Lossless: grams are
 * their hashes here, and two that share one count as two equal members of a bag, for which this holds too.
 */
export function splitByRareGrams(texts: RowTexts, rows: Uint32Array, threshold: number): RareGramBuckets {
  const grams = new GramSet();
  const counts = countGrams(texts, rows, grams);
  const keys: number[] = [];
  const owners: number[] = [];
  let ranks = new Float64Array(256);
  for (const row of rows) {
    grams.read(texts, row);
    if (grams.size > ranks.length) ranks = new Float64Array(grams.size * 2);
    for (let k = 0; k < grams.size; k++) {
      const hash = grams.hashes[k] as number;
      ranks[k] = (counts[hash & (COUNTERS - 1)] as number) * 0x1_0000_0000 + (hash >>> 0);
    }
    const prefix = ranks.subarray(0, grams.size).sort().subarray(0, prefixLength(grams.size, threshold));
    for (let k = 0; k < prefix.length; k++) {
      keys.push((prefix[k] as number) % 0x1_0000_0000);
      owners.push(row);
    }
  }
  return runsOf(Uint32Array.from(keys), owners);
}

function countGrams(texts: RowTexts, rows: Uint32Array, grams: GramSet): Uint32Array {
  const counts = new Uint32Array(COUNTERS);
  for (const row of rows) {
    grams.read(texts, row);
    for (let k = 0; k < grams.size; k++) {
      const at = (grams.hashes[k] as number) & (COUNTERS - 1);
      counts[at] = (counts[at] as number) + 1;
    }
  }
  return counts;
}

function runsOf(keys: Uint32Array, owners: readonly number[]): RareGramBuckets {
  const order = sortedByKey(keys);
  const ends: number[] = [];
  for (let k = 1; k <= order.length; k++) {
    if (k === order.length || keys[order[k] as number] !== keys[order[k - 1] as number]) ends.push(k);
  }
  return { rows: order.map((k) => owners[k] as number), ends };
}
