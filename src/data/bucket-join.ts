// SPDX-License-Identifier: Apache-2.0
import type { RowTexts } from "./exact-duplicates.ts";
import type { PairVerifier } from "./pair-verifier.ts";
import { indexRareGrams, type RareGrams, sharedInPrefix } from "./prefix-filter.ts";
import type { UnionFind } from "./union-find.ts";

/** Pairs of different sets in a bucket up to which all are compared, at about 50 ns each. */
const MAX_PAIRS = 30_000;
/** Rows of a bucket for which listing the sets first does not pay. */
const FEW = 8;
/** First rows of sets that the other sets of a large bucket are held against, before it is split. */
const REPRESENTATIVES = 16;
/**
 * Rows of a bucket that are split by rare grams at once: what the lists may take is bounded (about 200 MB
 * at 60 grams a row). Larger buckets are cut in pieces, rows ordered by size; a pair across a cut is left
 * to the other bands, whose pieces are cut elsewhere.
 */
const MAX_SPLIT = 200_000;
/** Rows that share a rare gram up to which they are counted; longer lists are compared directly. */
const SHORT_LIST = 512;
/**
 * In a list of rows that share even a rare gram and are still too many, a row is compared with so many
 * rows after it in order of size. Nothing measured on real rows gets there.
 */
const WINDOW = 256;

/** What a bucket's pairs are found in and written to. */
export interface JoinState {
  readonly texts: RowTexts;
  /** Grams of each row. */
  readonly sizes: Uint32Array;
  readonly official: Uint8Array;
  readonly threshold: number;
  readonly verifier: PairVerifier;
  /** Ties similar rows, official ones among themselves. */
  readonly sets: UnionFind;
  /** 1 where a row is similar to one of the other kind: official to not, or not to official. */
  readonly across: Uint8Array;
}

function compare(state: JoinState, i: number, j: number): void {
  const { official, sets, across, verifier } = state;
  // Nearly every pair ends here; what is tied already hardly ever comes.
  if (!verifier.maySimilar(i, j)) return;
  if (official[i] === official[j]) {
    if (sets.find(i) !== sets.find(j) && verifier.similar(i, j)) sets.union(i, j);
  } else if ((across[i] === 0 || across[j] === 0) && verifier.similar(i, j)) {
    across[i] = 1;
    across[j] = 1;
  }
}

function compareEach(state: JoinState, rows: Uint32Array, start: number, end: number): void {
  for (let x = start; x < end; x++) {
    for (let y = x + 1; y < end; y++) compare(state, rows[x] as number, rows[y] as number);
  }
}

/** The rows of a bucket by the set that they are in so far, in order of first appearance. */
function bySet(sets: UnionFind, rows: Uint32Array): number[][] {
  const groups = new Map<number, number[]>();
  for (const row of rows) {
    const root = sets.find(row);
    const group = groups.get(root);
    if (group === undefined) groups.set(root, [row]);
    else group.push(row);
  }
  return [...groups.values()];
}

function pairsBetween(groups: readonly (readonly number[])[], rows: number): number {
  return (rows * rows - groups.reduce((sum, group) => sum + group.length * group.length, 0)) / 2;
}

/** Whether nothing is left to learn about two sets: they are one, or every row is known to be similar. */
function settled(state: JoinState, a: readonly number[], b: readonly number[]): boolean {
  const i = a[0] as number;
  const j = b[0] as number;
  return state.official[i] === state.official[j] && state.sets.find(i) === state.sets.find(j);
}

function compareGroups(state: JoinState, a: readonly number[], b: readonly number[]): void {
  for (const i of a) {
    for (const j of b) {
      compare(state, i, j);
      if (settled(state, a, b)) return;
    }
  }
}

function compareAll(state: JoinState, groups: readonly (readonly number[])[]): void {
  for (let x = 0; x < groups.length; x++) {
    const a = groups[x] as readonly number[];
    for (let y = x + 1; y < groups.length; y++) {
      const b = groups[y] as readonly number[];
      if (!settled(state, a, b)) compareGroups(state, a, b);
    }
  }
}

function compareWithRepresentatives(state: JoinState, groups: readonly (readonly number[])[]): void {
  const representatives: number[] = [];
  for (const [first] of groups) {
    if (first === undefined) continue;
    for (const other of representatives) compare(state, other, first);
    const found = representatives.some((other) => state.sets.find(other) === state.sets.find(first));
    if (!found && representatives.length < REPRESENTATIVES) representatives.push(first);
  }
}

function compareInWindow(state: JoinState, rows: Uint32Array): void {
  const ordered = bySize(state, rows);
  passOver(state);
  for (let x = 0; x < ordered.length; x++) {
    const end = Math.min(ordered.length, x + 1 + WINDOW);
    for (let y = x + 1; y < end; y++) compare(state, ordered[x] as number, ordered[y] as number);
  }
}

/** Notes that not all pairs of this band's buckets were compared. */
function passOver({ verifier }: JoinState): void {
  verifier.passedOver[verifier.band] = 1;
}

function bySize(state: JoinState, rows: Uint32Array): Uint32Array {
  return rows.slice().sort((i, j) => (state.sizes[i] as number) - (state.sizes[j] as number) || i - j);
}

function joinByRareGrams(state: JoinState, rows: Uint32Array): void {
  const index = indexRareGrams(state.texts, rows, state.threshold);
  const { starts, members } = index;
  for (let list = 0; list + 1 < starts.length; list++) {
    const part = members.subarray(starts[list], starts[list + 1]);
    if (part.length <= SHORT_LIST) continue;
    const shared = part.map((x) => rows[x] as number);
    if (!joinSmall(state, shared, bySet(state.sets, shared))) compareInWindow(state, shared);
  }
  compareByCounts(state, rows, index);
}

/**
 * Compares rows that share enough of their rarest grams, by counting over the short lists ("ScanCount", Li,
 * Lu and Lu, ICDE 2008). A pair that also shares a long list has been seen there; one that shares none has
 * all of its count in short ones, so nothing is lost. For 100,000 rows of a template with 34 letters of
 * their own it makes 21 seconds of 108.
 */
function compareByCounts(
  state: JoinState,
  rows: Uint32Array,
  { offsets, lists, starts, members }: RareGrams,
): void {
  const { sizes, threshold } = state;
  const counts = new Uint32Array(rows.length);
  const met = new Uint32Array(rows.length);
  for (let x = 0; x < rows.length; x++) {
    let candidates = 0;
    for (let entry = offsets[x] as number; entry < (offsets[x + 1] as number); entry++) {
      const list = lists[entry] as number;
      const start = starts[list] as number;
      const end = starts[list + 1] as number;
      if (end - start > SHORT_LIST) continue;
      for (let k = start; k < end; k++) {
        const y = members[k] as number;
        if (y >= x) break;
        if (counts[y] === 0) met[candidates++] = y;
        counts[y] = (counts[y] as number) + 1;
      }
    }
    const row = rows[x] as number;
    for (let k = 0; k < candidates; k++) {
      const y = met[k] as number;
      const other = rows[y] as number;
      const needed = sharedInPrefix(sizes[row] as number, sizes[other] as number, threshold);
      if ((counts[y] as number) >= needed) compare(state, row, other);
      counts[y] = 0;
    }
  }
}

/** Finds the similar pairs among rows that share a band, those from `start` to before `end`: all of them, but for the bounds above. */
export function joinBucket(state: JoinState, among: Uint32Array, start: number, end: number): void {
  if (end - start <= FEW) {
    compareEach(state, among, start, end);
    return;
  }
  const rows = among.subarray(start, end);
  if (!joinSmall(state, rows, bySet(state.sets, rows))) joinLarge(state, rows);
}

/** Compares what is left to compare, where that is little; says whether it was. */
function joinSmall(state: JoinState, rows: Uint32Array, groups: readonly (readonly number[])[]): boolean {
  if (pairsBetween(groups, rows.length) > MAX_PAIRS) return false;
  compareAll(state, groups);
  return true;
}

function joinLarge(state: JoinState, rows: Uint32Array): void {
  compareWithRepresentatives(state, bySet(state.sets, rows));
  if (joinSmall(state, rows, bySet(state.sets, rows))) return;
  const ordered = rows.length > MAX_SPLIT ? bySize(state, rows) : rows;
  if (rows.length > MAX_SPLIT) passOver(state);
  for (let start = 0; start < ordered.length; start += MAX_SPLIT) {
    joinByRareGrams(state, ordered.subarray(start, start + MAX_SPLIT));
  }
}
