// SPDX-License-Identifier: Apache-2.0
import type { TextColumn } from "../core/text-column.ts";
import { firstWithText } from "./exact-duplicates.ts";
import { concatenateTexts } from "./selection.ts";
import { setSizes, UnionFind } from "./union-find.ts";

/** Which texts of pairs tie them: those on either side, text_a alone, or (single texts) none. */
export type PairGrouping = "both" | "text_a" | null;

/** A group of more than this share of a task's rows leaves too little to split. */
const MAX_SHARED_GROUP = 0.05;

/** Rows that share a group, and by which rule. */
export interface SharedTexts {
  readonly sets: UnionFind;
  readonly grouping: PairGrouping;
}

/** Ties what is equal in `first`: entry k stands for row k, or for row k - rows of the second half. */
function tieEqual(first: Uint32Array, official: Uint8Array): UnionFind {
  const rows = official.length;
  const sets = new UnionFind(rows);
  // By text, the first row of each kind that holds it, + 1: official rows and others are tied apart.
  const holders = [new Uint32Array(first.length), new Uint32Array(first.length)] as const;
  for (let k = 0; k < first.length; k++) {
    const row = k % rows;
    const holder = holders[official[row] === 0 ? 0 : 1];
    const text = first[k] as number;
    const other = holder[text] as number;
    if (other === 0) holder[text] = row + 1;
    else sets.union(other - 1, row);
  }
  return sets;
}

function largestShare(sets: UnionFind, official: Uint8Array): number {
  const sizes = setSizes(sets.roots());
  let rows = 0;
  let largest = 0;
  for (let i = 0; i < sizes.length; i++) {
    if (official[i] !== 0) continue;
    rows++;
    largest = Math.max(largest, sizes[i] as number);
  }
  return rows === 0 ? 0 : largest / rows;
}

/**
 * Ties pairs that share a text (normalized) on either side: a model that has seen one half of a pair with
 * its answer is no fair judge of the other. Where that would put over {@link MAX_SHARED_GROUP} of the rows
 * in one group (a few popular texts link everything), only text_a counts.
 */
export async function tiePairs(
  a: TextColumn,
  b: TextColumn | null,
  official: Uint8Array,
): Promise<SharedTexts> {
  if (b === null) return { sets: new UnionFind(official.length), grouping: null };
  const either = tieEqual(await firstWithText([concatenateTexts(a, b)], a.length * 2), official);
  if (largestShare(either, official) <= MAX_SHARED_GROUP) return { sets: either, grouping: "both" };
  return { sets: tieEqual(await firstWithText([a], a.length), official), grouping: "text_a" };
}
