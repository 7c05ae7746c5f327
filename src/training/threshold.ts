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
  /** Right answers with which it passes its test; more than `answered` where none would do. */
  readonly needed: number;
  /** The chance that it passes, were the confidences true. */
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
    if (candidate.right < candidate.needed) break;
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

/**
 * Hits of so many rows that show the target: the fewest that the exact test gives a chance of at most 5 %; `of` + 1 where
 * none are enough. They are known to be in [`least`, `most`].
 */
function hitsNeeded(of: number, target: number, least = 0, most = of + 1): number {
  let [low, high] = [least, most];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (binomialTail(middle, of, target) > MISS) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** By falling threshold; those with too few rows to pass are left out, unless there is no other. */
function candidatesOf({ confidence, right }: Answers, target: number): Candidate[] {
  const rows = confidence.length;
  const order = Array.from(confidence.keys()).sort(
    (a, b) => (confidence[b] as number) - (confidence[a] as number) || a - b,
  );
  const candidates: Candidate[] = [];
  let [answered, hits, promised] = [0, 0, 0];
  // Of none, one hit more than there are.
  let needed = 1;
  for (let step = 1; step <= COVERAGES; step++) {
    const least = Math.ceil((step * rows) / COVERAGES);
    if (least <= answered) continue;
    const before = answered;
    // Rows of one confidence stand and fall together.
    while (
      answered < least ||
      (answered < rows && confidence[order[answered] as number] === confidence[order[answered - 1] as number])
    ) {
      const row = order[answered++] as number;
      hits += right[row] as number;
      promised += confidence[row] as number;
    }
    needed = hitsNeeded(answered, target, needed, needed + answered - before);
    if (needed > answered && answered < rows) continue;
    const threshold = confidence[order[answered - 1] as number] as number;
    const promise = needed > answered ? 0 : binomialTail(needed, answered, promised / answered);
    candidates.push({ threshold, answered, right: hits, needed, promise });
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
  const highest = sorted[hitsNeeded(rows, target) - 1];
  const threshold = highest === undefined ? null : above(highest);
  if (threshold === null || threshold > 1) {
    const hits = sorted.filter((c) => c < 1).length;
    return { ...all, threshold: null, hits, bound: rows === 0 ? null : lowerBound(hits, rows) };
  }
  const held = sorted.filter((c) => c < threshold).length;
  return { ...all, threshold, hits: held, bound: lowerBound(held, rows) };
}

/** The next larger number in steps of 2^-40: a threshold that `confidence` itself is under. */
function above(confidence: number): number {
  const steps = 2 ** 40;
  return (Math.floor(confidence * steps) + 1) / steps;
}
