// SPDX-License-Identifier: Apache-2.0
import { exp } from "../core/elementary.ts";

export const MIN_TEMPERATURE = 0.05;
export const MAX_TEMPERATURE = 20;

/**
 * Rows that the prior is worth. Of 0.3 to 40, 10 had the least log loss and nearly the least ECE on the other eval rows
 * of 19 public tasks, whether 10, 30, 60, 120 or 300 of them calibrated (docs/engine.md).
 */
const PRIOR_ROWS = 10;

/** Newton needs about 6 steps from 1; where it keeps leaving the bracket, this many halvings reach the last digit. */
const MAX_STEPS = 80;
/** A step as small as this, relative to b, is the last: it doubles the right digits, so that some 8 of them are right. */
const LAST_STEP = 1e-4;
/** From so many rows on, the search starts where every eighth row ends it: two steps over all rows instead of six. */
const MANY_ROWS = 4096;
const STRIDE = 8;

/**
 * The temperature T that minimizes the weighted negative log-likelihood of softmax(z / T) (Guo et al., ICML
 * 2017), in [0.05, 20]. In b = 1 / T the likelihood is convex, so a bracketed Newton search on its slope
 * ends at the one minimum. A Gamma prior with its mode at b = 1, ten times b - 1 - log b, is added: a few eval
 * rows, or eval rows that are all right, do not make a model certain of everything. Its effect on T fades as
 * 1 / rows. `scores` is rows x K, row-major, finite; `weight` null is 1 for all.
 */
export function fitTemperature(
  scores: Float32Array,
  truth: Uint32Array,
  weight: ArrayLike<number> | null,
): number {
  const search = (from: number, stride: number) =>
    minimum(from, (b) => derivatives(scores, truth, weight, b, stride));
  const start = truth.length < MANY_ROWS ? 1 : search(1, STRIDE);
  return Math.min(MAX_TEMPERATURE, Math.max(MIN_TEMPERATURE, 1 / search(start, 1)));
}

interface Derivatives {
  readonly slope: number;
  readonly curvature: number;
}

/** Where the slope of a convex function is 0, between the least and the largest b. */
function minimum(from: number, derivativesAt: (b: number) => Derivatives): number {
  let low = 1 / MAX_TEMPERATURE;
  let high = 1 / MIN_TEMPERATURE;
  let at = from;
  for (let step = 0; step < MAX_STEPS; step++) {
    const { slope, curvature } = derivativesAt(at);
    if (slope > 0) high = at;
    else low = at;
    const newton = at - slope / curvature;
    const inside = newton > low && newton < high;
    const next = inside ? newton : (low + high) / 2;
    const moved = Math.abs(next - at);
    at = slope === 0 ? at : next;
    if (slope === 0 || (inside ? moved <= LAST_STEP * at : moved <= 1e-12 * at)) break;
  }
  return at;
}

/** 13 ns a score, for `exp`: first and second derivative by b of the sum of every `stride`-th row's likelihood, and of the prior. */
function derivatives(
  scores: Float32Array,
  truth: Uint32Array,
  weight: ArrayLike<number> | null,
  b: number,
  stride: number,
): Derivatives {
  const labels = scores.length / truth.length;
  let slope = PRIOR_ROWS * (1 - 1 / b);
  let curvature = PRIOR_ROWS / (b * b);
  for (let row = 0; row < truth.length; row += stride) {
    const start = row * labels;
    let highest = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < labels; k++) highest = Math.max(highest, scores[start + k] as number);
    let sum = 0;
    let first = 0;
    let second = 0;
    for (let k = 0; k < labels; k++) {
      const z = (scores[start + k] as number) - highest;
      const e = exp(b * z);
      sum += e;
      first += e * z;
      second += e * z * z;
    }
    const mean = first / sum;
    const w = weight === null ? 1 : (weight[row] as number);
    slope += w * (mean - ((scores[start + (truth[row] as number)] as number) - highest));
    curvature += w * Math.max(0, second / sum - mean * mean);
  }
  return { slope, curvature };
}
