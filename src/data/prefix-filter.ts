// SPDX-License-Identifier: Apache-2.0
import { GrowingColumn } from "./columns.ts";
import type { RowTexts } from "./exact-duplicates.ts";
import { GramSet } from "./gram-set.ts";
import { sortedByKey } from "./sorting.ts";

/** Counters of grams by the low bits of their hash: that grams share one only makes the order less sharp. */
const COUNTERS = 1 << 18;

/** Which rows of a bucket share which of their rarest grams; rows by their place in the bucket. */
export interface RareGrams {
  /** For each row, where its entries begin; then their end. One entry for each gram of its prefix. */
  readonly offsets: Uint32Array;
  /** The list that each entry is in: rows that share a gram. */
  readonly lists: Uint32Array;
  /** For each list, where its rows begin in `members`; then their end. */
  readonly starts: Uint32Array;
  /** The rows of each list, ascending. */
  readonly members: Uint32Array;
}

/** Grams of a set among which two similar sets must share one: all but ceil(t n) - 1. */
export function prefixLength(size: number, threshold: number): number {
  // The small number only makes a prefix longer, where t n is an integer but for rounding.
  return size - Math.ceil(threshold * size - 1e-9) + 1;
}

/**
 * How many grams of their prefixes two sets of these sizes share at least, if their Jaccard is at least t.
 * They share o = ceil(t (a + b) / (1 + t)) grams in all, so a prefix holds at most a - o that are not
 * shared; and of the two prefixes, the one that ends first in the order has its shared grams in the other.
 * Two sets of 130 must share 13 of their 27 rarest grams at 0.8, where rows of one template share 1 or 2.
 */
export function sharedInPrefix(a: number, b: number, threshold: number): number {
  const common = Math.ceil((threshold / (1 + threshold)) * (a + b) - 1e-9);
  const spare = Math.min(prefixLength(a, threshold) - a, prefixLength(b, threshold) - b);
  return Math.max(1, spare + common);
}

/**
 * Indexes the rows of a bucket by their rarest grams. Two sets with a Jaccard of at least t share at least
 * ceil(t n) grams, n the size of either, so with all grams in one order they share one of the first
 * n - ceil(t n) + 1 (Chaudhuri, Ganti and Kaushik, ICDE 2006; Bayardo, Ma and Srikant, WWW 2007). With the
 * rarest first, what thousands of rows have in common, a template, no longer brings them together.
 * Lossless: grams are their hashes here, and two that share one count as equal members of a bag, for which
 * this holds too.
 */
export function indexRareGrams(texts: RowTexts, rows: Uint32Array, threshold: number): RareGrams {
  const grams = new GramSet();
  const counts = countGrams(texts, rows, grams);
  const keys = new GrowingColumn();
  const owners = new GrowingColumn();
  const offsets = new Uint32Array(rows.length + 1);
  let ranks = new Float64Array(256);
  for (let x = 0; x < rows.length; x++) {
    grams.read(texts, rows[x] as number);
    if (grams.size > ranks.length) ranks = new Float64Array(grams.size * 2);
    for (let k = 0; k < grams.size; k++) {
      const hash = grams.hashes[k] as number;
      ranks[k] = (counts[hash & (COUNTERS - 1)] as number) * 0x1_0000_0000 + (hash >>> 0);
    }
    ranks.subarray(0, grams.size).sort();
    for (let k = prefixLength(grams.size, threshold) - 1; k >= 0; k--) {
      keys.push((ranks[k] as number) % 0x1_0000_0000);
      owners.push(x);
    }
    offsets[x + 1] = keys.length;
  }
  return { offsets, ...listsOf(keys.build(), owners.build()) };
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

function listsOf(keys: Uint32Array, owners: Uint32Array): Pick<RareGrams, "lists" | "starts" | "members"> {
  const order = sortedByKey(keys);
  const lists = new Uint32Array(keys.length);
  const starts = new GrowingColumn();
  for (let k = 0; k < order.length; k++) {
    const entry = order[k] as number;
    if (k === 0 || keys[entry] !== keys[order[k - 1] as number]) starts.push(k);
    lists[entry] = starts.length - 1;
  }
  starts.push(order.length);
  return { lists, starts: starts.build(), members: order.map((entry) => owners[entry] as number) };
}
