// SPDX-License-Identifier: Apache-2.0
import type { ThresholdFit } from "./abstention.ts";
import { binomialTail, lowerBound, MISS, rowsNeeded } from "./binomial.ts";
import type { Answers } from "./calibration-error.ts";

/** A fit that does not say yet whether its rows were all real. */
export type Fitted = Omit<ThresholdFit, "real">;

/** Coverages that are tried: every hundredth of the rows. A fifth as many reached a point or two less of the coverage. */
const COVERAGES = 100;

/** The most confident rows, down to a confidence. */
interface Candidate {
  readonly threshold: number;
  readonly answered: number;
  readonly right: number;
  /** Right answers that the confidences promise, over those that the target asks for, in standard deviations. */
  readonly promise: number;
}

/**
 * Fits the confidence from which on answers are right with a chance of `target`, in (0, 1]. Rows are independent draws, one
 * of a group of near-duplicates, and none helped to fit the model or the calibration that its confidence is from.
 *
 * Many thresholds are tried, and each by itself may look good by luck. So they are tested in one order that the right
 * answers have no part in, each by an exact binomial test at 5 %, and the first that fails ends it: fixed-sequence testing, as in Angelopoulos,
 * Bates, Candès, Jordan and Lei, "Learn then test" (arXiv 2110.01052, 2021). The chance that the result misses the
 * target is at most 5 %, as long as higher confidence does not mean fewer right answers. The order begins where the confidences
 * promise the clearest pass, and goes to ever more rows: from the fewest rows that could pass at all, one wrong answer would
 * end most runs.
 */
export function fitPrecisionThreshold(answers: Answers, target: number): Fitted {
  const candidates = candidatesOf(answers, target);
  const start = candidates.reduce(
    (best, { promise }, i) => (promise > promiseOf(candidates, best) ? i : best),
    0,
  );
  let passed: Candidate | null = null;
  for (const candidate of candidates.slice(start)) {
    if (binomialTail(candidate.right, candidate.answered, target) > MISS) break;
    passed = candidate;
  }
  const shown = passed ?? candidates[start];
  return {
    target,
    threshold: passed?.threshold ?? null,
    rows: answers.confidence.length,
    of: shown?.answered ?? 0,
    hits: shown?.right ?? 0,
    bound: shown === undefined ? null : lowerBound(shown.right, shown.answered),
    needed: rowsNeeded(target),
  };
}

function promiseOf(candidates: readonly Candidate[], i: number): number {
  return candidates[i]?.promise ?? Number.NEGATIVE_INFINITY;
}

/** By falling threshold; those with too few rows to pass are left out, unless there is no other. */
function candidatesOf({ confidence, right }: Answers, target: number): Candidate[] {
  const rows = confidence.length;
  const order = Array.from(confidence.keys()).sort(
    (a, b) => (confidence[b] as number) - (confidence[a] as number) || a - b,
  );
  const candidates: Candidate[] = [];
  const needed = rowsNeeded(target) ?? rows;
  let [answered, hits, promised] = [0, 0, 0];
  for (let step = 1; step <= COVERAGES; step++) {
    const least = Math.ceil((step * rows) / COVERAGES);
    if (least <= answered) continue;
    // Rows of one confidence stand and fall together.
    while (
      answered < least ||
      (answered < rows && confidence[order[answered] as number] === confidence[order[answered - 1] as number])
    ) {
      const row = order[answered++] as number;
      hits += right[row] as number;
      promised += confidence[row] as number;
    }
    if (answered < needed && answered < rows) continue;
    const threshold = confidence[order[answered - 1] as number] as number;
    const spread = Math.sqrt(answered * target * (1 - target));
    candidates.push({
      threshold,
      answered,
      right: hits,
      promise: (promised - answered * target) / (spread + 1e-9),
    });
  }
  return candidates;
}

/**
 * Fits the smallest confidence under which a share of at least `target`, in (0, 1), of the rows that no label fits is, by the
 * confidences of such rows: independent draws, one of a group of near-duplicates. The share only grows with the
 * threshold, so that no order is needed: the bound holds for the order statistic as it is (Wilks, "Determination of sample
 * sizes for setting tolerance limits", Annals of Mathematical Statistics 12, 1941).
 */
export function fitRecallThreshold(confidence: Float64Array, target: number): Fitted {
  const rows = confidence.length;
  const sorted = confidence.slice().sort();
  const all = { target, rows, of: rows, needed: rowsNeeded(target) };
  let hits = 0;
  while (hits < rows && binomialTail(hits, rows, target) > MISS) hits++;
  const bound = rows === 0 ? null : lowerBound(hits, rows);
  const highest = sorted[hits - 1];
  const threshold = highest === undefined ? null : above(highest);
  if (bound === null || threshold === null || binomialTail(hits, rows, target) > MISS || threshold > 1)
    return { ...all, threshold: null, hits: sorted.filter((c) => c < 1).length, bound };
  const held = sorted.filter((c) => c < threshold).length;
  return { ...all, threshold, hits: held, bound: lowerBound(held, rows) };
}

/** The next larger number in steps of 2^-40: a threshold that `confidence` itself is under. */
function above(confidence: number): number {
  const steps = 2 ** 40;
  return (Math.floor(confidence * steps) + 1) / steps;
}
