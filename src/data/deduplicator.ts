// SPDX-License-Identifier: Apache-2.0
import type { DropCounts, DropReason } from "./drops.ts";
import type { RowTexts } from "./exact-duplicates.ts";
import { type PairGrouping, tiePairs } from "./grouping.ts";
import { isOfficial, type MergedRows, mergeExactDuplicates } from "./merging.ts";
import { findNearDuplicates, type NearDuplicates } from "./near-duplicates.ts";
import type { TaskRows } from "./rows.ts";
import { selectRows, selectTexts } from "./selection.ts";
import { setSizes, UnionFind } from "./union-find.ts";

export interface DeduplicationSettings {
  /** Jaccard of character 3-grams from which on two texts share a group. */
  readonly nearDuplicateThreshold: number;
}

/** What deduplication found in one task; every count is of rows. */
export interface DeduplicationReport {
  /** Merged into another row. */
  readonly exactDuplicates: number;
  /** Dropped because the same text has another label more often, or as often. */
  readonly labelConflicts: number;
  /** Left train because the same text is in the official test or eval. */
  readonly duplicatesOfOfficial: number;
  /** Rows, official ones apart, that have a near-duplicate among such rows. */
  readonly nearDuplicateRows: number;
  /** Groups of rows, official ones apart. */
  readonly groups: number;
  /** Rows of the largest of these groups. */
  readonly largestGroup: number;
  /** Rows that stay, not official themselves, with a near-duplicate among the official rows. */
  readonly officialNearDuplicatesInTrain: number;
  /** Official rows with a near-duplicate among the rows that stay and are not official. */
  readonly officialRowsNearTrain: number;
  readonly pairGrouping: PairGrouping;
}

export interface Deduplicated {
  /** Merged, grouped, sorted by id. */
  readonly rows: TaskRows;
  readonly drops: DropCounts;
  readonly report: DeduplicationReport;
}

/** What the input's sets tie together, among the rows that were kept. */
function keptSets(merged: MergedRows): UnionFind {
  const sets = new UnionFind(merged.indexes.length);
  // By root in the input, the first row that was kept, + 1.
  const firstOf = new Uint32Array(merged.sets.length);
  for (let k = 0; k < merged.indexes.length; k++) {
    const root = merged.sets.find(merged.indexes[k] as number);
    const first = firstOf[root] as number;
    if (first === 0) firstOf[root] = k + 1;
    else sets.union(first - 1, k);
  }
  return sets;
}

function countWhere(length: number, holds: (i: number) => boolean): number {
  let count = 0;
  for (let i = 0; i < length; i++) if (holds(i)) count++;
  return count;
}

function reportOf(
  near: NearDuplicates,
  group: Uint32Array,
  official: Uint8Array,
): Pick<
  DeduplicationReport,
  "nearDuplicateRows" | "groups" | "largestGroup" | "officialNearDuplicatesInTrain" | "officialRowsNearTrain"
> {
  const n = group.length;
  const nearRoots = near.sets.roots();
  const nearSizes = setSizes(nearRoots);
  const groupSizes = setSizes(group);
  let largestGroup = 0;
  for (let i = 0; i < n; i++) {
    if (official[i] === 0) largestGroup = Math.max(largestGroup, groupSizes[i] as number);
  }
  return {
    nearDuplicateRows: countWhere(
      n,
      (i) => official[i] === 0 && (nearSizes[nearRoots[i] as number] as number) > 1,
    ),
    groups: countWhere(n, (i) => official[i] === 0 && group[i] === i),
    largestGroup,
    officialNearDuplicatesInTrain: countWhere(n, (i) => official[i] === 0 && near.across[i] === 1),
    officialRowsNearTrain: countWhere(n, (i) => official[i] === 1 && near.across[i] === 1),
  };
}

/**
 * Deduplicates the rows of one task: exact duplicates become one row, and near-duplicates, rows of one
 * group value and pairs that share a text get one group. Rows come out sorted by id, so a group's smallest
 * id is that of its first row. The order of the input changes nothing. `findNear` is what looks for near-duplicates, in
 * this thread where nothing else is given.
 */
export async function deduplicate(
  rows: TaskRows,
  settings: DeduplicationSettings,
  findNear = findNearDuplicates,
): Promise<Deduplicated> {
  const merged = await mergeExactDuplicates(rows);
  const { indexes } = merged;
  const official = Uint8Array.from(indexes, (i) => (isOfficial(rows, i) ? 1 : 0));
  const texts: RowTexts = {
    length: indexes.length,
    text: selectTexts(rows.text, indexes),
    textB: rows.textB === null ? null : selectTexts(rows.textB, indexes),
  };
  const sets = keptSets(merged);
  const shared = await tiePairs(texts.text, texts.textB, official);
  sets.unite(shared.sets);
  const near = await findNear(texts, official, settings.nearDuplicateThreshold);
  sets.unite(near.sets);
  const group = sets.roots();
  const dropped = (reason: DropReason) => merged.drops.find((drop) => drop.reason === reason)?.rows ?? 0;
  return {
    rows: selectRows(rows, indexes, { id: merged.id, count: merged.count, group }),
    drops: merged.drops,
    report: {
      exactDuplicates: dropped("exact_duplicate"),
      labelConflicts: dropped("label_conflict"),
      duplicatesOfOfficial: dropped("duplicate_of_official"),
      ...reportOf(near, group, official),
      pairGrouping: shared.grouping,
    },
  };
}
