// SPDX-License-Identifier: Apache-2.0
import type { Answered, OutOfScope, Share } from "./abstention.ts";
import { wilson, Z_95 } from "./binomial.ts";
import type { Answers } from "./calibration-error.ts";

/** Share of the rows in scope that the confidence of {@link OutOfScope.fpr_at_95_recall} keeps. */
const KEPT = 0.95;

/** hits / of with Wilson's interval. */
export function shareOf(hits: number, of: number): Share {
  const interval = wilson(hits, of);
  return interval === null ? { value: null, low: null, high: null } : { value: hits / of, ...interval };
}

/** What a threshold does to these answers. */
export function measureAnswered({ confidence, right }: Answers, threshold: number): Answered {
  let [answered, hits] = [0, 0];
  confidence.forEach((c, row) => {
    if (c < threshold) return;
    answered++;
    hits += right[row] as number;
  });
  const rows = confidence.length;
  const [coverage, precision] = [shareOf(answered, rows), shareOf(hits, answered)];
  return { rows, answered, right: hits, coverage, precision };
}

/** How confidence tells `outside` from `inside`, and what a threshold does to `outside`. */
export function measureOutOfScope(
  inside: Float64Array,
  outside: Float64Array,
  threshold: number | null,
): OutOfScope {
  const rows = outside.length;
  const held = threshold === null ? null : outside.filter((c) => c < threshold).length;
  const sorted = inside.slice().sort();
  // The highest confidence that 95 % of the rows in scope reach.
  const kept = sorted[sorted.length - Math.ceil(KEPT * sorted.length)];
  const passed = kept === undefined ? 0 : outside.filter((c) => c >= kept).length;
  return {
    rows,
    in_scope_rows: inside.length,
    held_back: held,
    recall: held === null ? null : shareOf(held, rows),
    auroc: auroc(sorted, outside.slice().sort()),
    fpr_at_95_recall: shareOf(passed, kept === undefined ? 0 : rows),
  };
}

/** Chance that one of `high` is over one of `low`, ties by half, with Hanley and McNeil's interval; both ascend. */
function auroc(high: Float64Array, low: Float64Array): Share {
  const [n, m] = [high.length, low.length];
  if (n === 0 || m === 0) return { value: null, low: null, high: null };
  let [under, upTo, wins] = [0, 0, 0];
  for (const value of high) {
    while (under < m && (low[under] as number) < value) under++;
    while (upTo < m && (low[upTo] as number) <= value) upTo++;
    wins += (under + upTo) / 2;
  }
  const area = wins / (n * m);
  const square = area * area;
  const variance =
    area * (1 - area) +
    (n - 1) * (area / (2 - area) - square) +
    (m - 1) * ((2 * square) / (1 + area) - square);
  const half = Z_95 * Math.sqrt(Math.max(variance, 0) / (n * m));
  return { value: area, low: Math.max(0, area - half), high: Math.min(1, area + half) };
}
