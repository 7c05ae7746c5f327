// SPDX-License-Identifier: Apache-2.0
import { exp } from "../core/elementary.ts";

export const MIN_TEMPERATURE = 0.05;
export const MAX_TEMPERATURE = 20;

/**
 * Rows that the prior is worth. Of 0.3 to 40, 10 had the least log loss and nearly the least ECE on the other eval rows
 * of 19 public tasks, whether 10, 30, 60, 120 or 300 of them calibrated (docs/engine.md).
 */
const PRIOR_ROWS = 10;

/** Newton needs about 8 steps; where it keeps leaving the bracket, this many halvings reach the last digit. */
const MAX_STEPS = 80;

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
  let low = 1 / MAX_TEMPERATURE;
  let high = 1 / MIN_TEMPERATURE;
  let at = 1;
  for (let step = 0; step < MAX_STEPS; step++) {
    const { slope, curvature } = derivatives(scores, truth, weight, at);
    if (slope > 0) high = at;
    else low = at;
    let next = at - slope / curvature;
    if (!(next > low && next < high)) next = (low + high) / 2;
    if (slope === 0 || Math.abs(next - at) <= 1e-12 * at) break;
    at = next;
  }
  return Math.min(MAX_TEMPERATURE, Math.max(MIN_TEMPERATURE, 1 / at));
}

/** First and second derivative by b of the likelihood's sum plus the prior. */
function derivatives(
  scores: Float32Array,
  truth: Uint32Array,
  weight: ArrayLike<number> | null,
  b: number,
): { readonly slope: number; readonly curvature: number } {
  const labels = scores.length / truth.length;
  let slope = PRIOR_ROWS * (1 - 1 / b);
  let curvature = PRIOR_ROWS / (b * b);
  for (let row = 0; row < truth.length; row++) {
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
