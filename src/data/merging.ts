// SPDX-License-Identifier: Apache-2.0
import { textAt } from "../core/text-column.ts";
import { GrowingColumn } from "./columns.ts";
import { type DropCount, DropCounter, type DropReason } from "./drops.ts";
import { clusterByText, clusterMembers } from "./exact-duplicates.ts";
import { newPause } from "./pause.ts";
import { compareIds, ID_BYTES, idPrefix, writeRepeatId } from "./row-id.ts";
import { ROLES, type TaskRows } from "./rows.ts";
import { selectIds } from "./selection.ts";
import { sortedBy } from "./sorting.ts";
import { UnionFind } from "./union-find.ts";

/** What is left of a task's rows when exact duplicates are one. */
export interface MergedRows {
  /** The rows that stay, by id, as indexes into the input; and their ids, which differ only for repeats. */
  readonly indexes: Uint32Array<ArrayBuffer>;
  readonly id: Uint8Array<ArrayBuffer>;
  readonly count: Uint32Array<ArrayBuffer>;
  /** Over the input's rows: those that share a group value, and those that became one. */
  readonly sets: UnionFind;
  readonly drops: readonly DropCount[];
}

const TRAIN = ROLES.indexOf("train");

/** Official rows are a source's own test or eval: they stay as they are, so that figures compare. */
export function isOfficial(rows: TaskRows, i: number): boolean {
  return rows.role[i] !== TRAIN;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Order of two rows of one label and text; 0 only where they are the same in all that is written. */
function compareRows(rows: TaskRows, i: number, j: number): number {
  return (
    compareIds(rows.id, i, j) ||
    (rows.role[i] as number) - (rows.role[j] as number) ||
    (rows.origin[i] as number) - (rows.origin[j] as number) ||
    compareText(rows.sources[rows.source[i] as number] ?? "", rows.sources[rows.source[j] as number] ?? "") ||
    compareText(
      rows.languages[rows.language[i] as number] ?? "",
      rows.languages[rows.language[j] as number] ?? "",
    ) ||
    (rows.count[i] as number) - (rows.count[j] as number)
  );
}

/**
 * Label with the most source rows, or null on a tie. Only rows of the best origin vote: a real row must
 * not lose its label, or its place, to made-up ones.
 */
function majorityLabel(rows: TaskRows, members: readonly number[]): number | null {
  const best = members.reduce((least, i) => Math.min(least, rows.origin[i] as number), 255);
  const votes = new Map<number, number>();
  for (const i of members) {
    if (rows.origin[i] !== best) continue;
    const label = rows.label[i] as number;
    votes.set(label, (votes.get(label) ?? 0) + (rows.count[i] as number));
  }
  const most = Math.max(...votes.values());
  const winners = [...votes].filter(([, count]) => count === most);
  return winners.length === 1 ? (winners[0]?.[0] ?? null) : null;
}

class Merger {
  readonly drops = new DropCounter();
  readonly sets: UnionFind;
  readonly kept = new GrowingColumn();
  readonly count: Uint32Array;
  readonly #rows: TaskRows;

  constructor(rows: TaskRows) {
    this.#rows = rows;
    this.sets = new UnionFind(rows.length);
    this.count = Uint32Array.from(rows.count);
    for (let i = 0; i < rows.length; i++) {
      const anchor = rows.group[i] as number;
      if (anchor !== i) this.sets.union(i, anchor);
    }
  }

  merge(members: readonly number[]): void {
    const rows = this.#rows;
    const official = members.filter((i) => isOfficial(rows, i));
    for (const i of official) this.kept.push(i);
    const others = official.length === 0 ? members : members.filter((i) => !isOfficial(rows, i));
    if (official.length > 0) {
      for (const i of others) this.#drop("duplicate_of_official", i);
      return;
    }
    const label = majorityLabel(rows, others);
    for (const i of others) if (rows.label[i] !== label) this.#drop("label_conflict", i);
    if (label !== null) this.#represent(others.filter((i) => rows.label[i] === label));
  }

  /** One row stands for all: of the best origin, then the smallest id. */
  #represent(members: readonly number[]): void {
    const rows = this.#rows;
    const order = (i: number, j: number) =>
      (rows.origin[i] as number) - (rows.origin[j] as number) || compareRows(rows, i, j);
    const kept = members.reduce((best, i) => (order(i, best) < 0 ? i : best));
    this.kept.push(kept);
    for (const i of members) {
      if (i === kept) continue;
      this.count[kept] = (this.count[kept] as number) + (rows.count[i] as number);
      this.sets.union(i, kept);
      this.#drop("exact_duplicate", i);
    }
  }

  #drop(reason: DropReason, i: number): void {
    const { text, textB } = this.#rows;
    this.drops.add(reason, textB === null ? textAt(text, i) : `${textAt(text, i)} | ${textAt(textB, i)}`);
  }
}

function sortById(
  ids: Uint8Array,
  length: number,
  compare: (i: number, j: number) => number,
): Uint32Array<ArrayBuffer> {
  const prefixes = new Uint32Array(length);
  for (let i = 0; i < length; i++) prefixes[i] = idPrefix(ids, i);
  return sortedBy(prefixes, compare);
}

/**
 * Ids of sorted rows. Only official rows can repeat one (an official test may hold the same text twice):
 * the k-th repeat gets an id hashed from the first one's and k, so that an id stands for one row.
 */
function distinctIds(
  ids: Uint8Array<ArrayBuffer>,
  length: number,
): { id: Uint8Array<ArrayBuffer>; repeats: boolean } {
  const id = ids.slice();
  let occurrence = 0;
  let repeats = false;
  for (let i = 1; i < length; i++) {
    occurrence = compareIds(ids, i, i - 1) === 0 ? occurrence + 1 : 0;
    if (occurrence === 0) continue;
    repeats = true;
    writeRepeatId(ids, i * ID_BYTES, occurrence, id, i * ID_BYTES);
  }
  return { id, repeats };
}

/**
 * Makes exact duplicates one row, settles texts of several labels by majority, and takes out what repeats
 * an official row. The result is sorted by id and does not depend on the order of `rows`.
 */
export async function mergeExactDuplicates(rows: TaskRows): Promise<MergedRows> {
  const clusters = await clusterByText(rows);
  const merger = new Merger(rows);
  const pause = newPause();
  for (let i = 0; i < rows.length; i++) {
    if ((i & 1023) === 0 && pause.due()) await pause.turn();
    if (clusters.first[i] !== i) continue;
    if (clusters.last[i] === i) merger.kept.push(i);
    else merger.merge(clusterMembers(clusters, i));
  }
  const kept = merger.kept.build();
  const keptIds = selectIds(rows.id, kept);
  const order = sortById(keptIds, kept.length, (a, b) =>
    compareRows(rows, kept[a] as number, kept[b] as number),
  );
  const sorted = order.map((k) => kept[k] as number);
  const { id, repeats } = distinctIds(selectIds(rows.id, sorted), sorted.length);
  const again = repeats ? sortById(id, sorted.length, (a, b) => compareIds(id, a, b)) : null;
  const indexes = again === null ? sorted : again.map((k) => sorted[k] as number);
  return {
    indexes,
    id: again === null ? id : selectIds(id, again),
    count: indexes.map((i) => merger.count[i] as number),
    sets: merger.sets,
    drops: merger.drops.counts(),
  };
}
