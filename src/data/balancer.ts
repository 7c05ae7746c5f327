// SPDX-License-Identifier: Apache-2.0
import { ORIGINS, SPLITS } from "../core/example.ts";
import { isOfficial } from "./merging.ts";
import { idHash, purposeSeed } from "./row-hash.ts";
import { NO_SPLIT, type TaskRows } from "./rows.ts";
import { sortedByKey } from "./sorting.ts";

export interface BalanceSettings {
  readonly seed: number;
  /** At most so many rows of a label, official ones apart. */
  readonly max: number;
  /** Rows of a label to aim for, official ones apart. */
  readonly target: number;
}

/** Rows by origin. */
export interface OriginCounts {
  readonly real: number;
  readonly llm_labelled: number;
  readonly synthetic: number;
}

/** What a label has after balancing. */
export interface LabelBalance {
  readonly label: string;
  /** Rows by split and origin, without official ones. */
  readonly train: OriginCounts;
  readonly test: OriginCounts;
  readonly eval: OriginCounts;
  /** Official rows, by split. */
  readonly official: { readonly test: number; readonly eval: number };
  /** Rows left out by the cap. */
  readonly cut: number;
  /** Rows that are missing to the target. */
  readonly deficit: number;
}

export interface Balanced {
  /** Index into SPLITS, or NO_SPLIT for a row that was cut. */
  readonly split: Uint8Array;
  /** In the order of the task's labels. */
  readonly labels: readonly LabelBalance[];
}

/**
 * Divides `total` in proportion to `parts` (largest remainder: Hamilton's method; of equal remainders the
 * first part's). The result sums to `total`, and no share is over its part where `total` is not over theirs.
 */
export function apportion(total: number, parts: readonly number[]): number[] {
  const sum = parts.reduce((a, b) => a + b, 0);
  if (sum === 0) return parts.map(() => 0);
  // total * part stays under 2^53: both are counts of rows.
  const shares = parts.map((part) => Math.floor((total * part) / sum));
  const order = parts
    .map((part, index) => ({ index, remainder: (total * part) % sum }))
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index);
  let left = total - shares.reduce((a, b) => a + b, 0);
  for (const { index } of order) {
    if (left === 0) break;
    shares[index] = (shares[index] ?? 0) + 1;
    left--;
  }
  return shares;
}

const KINDS = SPLITS.length * ORIGINS.length;

/** Rows that are not official, by label, split and origin. */
function tally(rows: TaskRows, split: Uint8Array): Uint32Array {
  const counts = new Uint32Array(rows.task.labels.length * KINDS);
  for (let i = 0; i < rows.length; i++) {
    if (split[i] === NO_SPLIT || isOfficial(rows, i)) continue;
    const at =
      (rows.label[i] as number) * KINDS + (split[i] as number) * ORIGINS.length + (rows.origin[i] as number);
    counts[at] = (counts[at] as number) + 1;
  }
  return counts;
}

function originCounts(counts: Uint32Array, label: number, split: number): OriginCounts {
  const [real = 0, llm_labelled = 0, synthetic = 0] = counts.subarray(
    label * KINDS + split * ORIGINS.length,
    label * KINDS + (split + 1) * ORIGINS.length,
  );
  return { real, llm_labelled, synthetic };
}

function sumOf({ real, llm_labelled, synthetic }: OriginCounts): number {
  return real + llm_labelled + synthetic;
}

/** For each label the rows that each split may keep. */
function allowances(rows: TaskRows, split: Uint8Array, max: number): number[][] {
  const counts = tally(rows, split);
  return rows.task.labels.map((_, label) => {
    const parts = SPLITS.map((_, s) => sumOf(originCounts(counts, label, s)));
    const total = parts.reduce((a, b) => a + b, 0);
    return total <= max ? parts : apportion(max, parts);
  });
}

/** Cuts what is over the allowances: the rows with the largest hash. */
function cutRows(rows: TaskRows, split: Uint8Array, { seed, max }: BalanceSettings): Uint8Array {
  const left = allowances(rows, split, max);
  const keys = new Uint32Array(rows.length);
  const base = purposeSeed(seed, "balance");
  for (let i = 0; i < rows.length; i++) keys[i] = idHash(rows.id, i, base);
  const result = split.slice();
  for (const i of sortedByKey(keys)) {
    const s = split[i] as number;
    if (s === NO_SPLIT || isOfficial(rows, i)) continue;
    const allowance = left[rows.label[i] as number] as number[];
    if ((allowance[s] as number) > 0) allowance[s] = (allowance[s] as number) - 1;
    else result[i] = NO_SPLIT;
  }
  return result;
}

function officialCounts(rows: TaskRows, split: Uint8Array): { test: number; eval: number }[] {
  const counts = rows.task.labels.map(() => ({ test: 0, eval: 0 }));
  for (let i = 0; i < rows.length; i++) {
    if (!isOfficial(rows, i)) continue;
    const count = counts[rows.label[i] as number];
    if (count !== undefined) count[SPLITS[split[i] as number] === "eval" ? "eval" : "test"]++;
  }
  return counts;
}

/** Rows of each label over all splits, official ones apart. */
function rowsByLabel(rows: TaskRows, split: Uint8Array): number[] {
  const counts = tally(rows, split);
  return rows.task.labels.map((_, label) =>
    SPLITS.reduce((sum, _split, s) => sum + sumOf(originCounts(counts, label, s)), 0),
  );
}

/** What each label has, and lacks to the target; `cut` says what a cap has left out of each. */
export function countLabels(
  rows: TaskRows,
  split: Uint8Array,
  { target, cut }: { readonly target: number; readonly cut: readonly number[] },
): LabelBalance[] {
  const counts = tally(rows, split);
  const official = officialCounts(rows, split);
  const kept = rowsByLabel(rows, split);
  return rows.task.labels.map(({ name }, label): LabelBalance => {
    const [train, test, evaluation] = SPLITS.map((_, s) => originCounts(counts, label, s)) as [
      OriginCounts,
      OriginCounts,
      OriginCounts,
    ];
    return {
      label: name,
      train,
      test,
      eval: evaluation,
      official: official[label] ?? { test: 0, eval: 0 },
      cut: cut[label] ?? 0,
      deficit: Math.max(0, target - (kept[label] ?? 0)),
    };
  });
}

/**
 * Caps each label of a task at `max` rows, chosen by hash and in proportion over the splits, and counts
 * what is missing to `target`. Official rows are never cut and count for neither.
 */
export function balanceRows(rows: TaskRows, split: Uint8Array, settings: BalanceSettings): Balanced {
  const result = cutRows(rows, split, settings);
  const kept = rowsByLabel(rows, result);
  const cut = rowsByLabel(rows, split).map((had, label) => had - (kept[label] ?? 0));
  return { split: result, labels: countLabels(rows, result, { target: settings.target, cut }) };
}
