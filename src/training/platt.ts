// SPDX-License-Identifier: Apache-2.0
import { exp, log } from "../core/elementary.ts";

/** Probability = 1 / (1 + e^-(slope x score + intercept)). */
export interface Sigmoid {
  readonly slope: number;
  readonly intercept: number;
}

/** Rows of one label against the rest, as Platt wants them; scores divided by their largest magnitude. */
interface Problem {
  readonly score: Float64Array;
  readonly target: Float64Array;
  readonly weight: Float64Array;
}

const MAX_STEPS = 100;
const SMALLEST_STEP = 1e-10;

/**
 * Platt's sigmoid by Newton steps with backtracking (Lin, Lin and Weng, "A note on Platt's probabilistic
 * outputs for support vector machines", Machine Learning 68, 2007). The targets are Platt's,
 * (N+ + 1) / (N+ + 2) and 1 / (N- + 2) with N the weight of each side, so that separable rows have a finite
 * optimum. Where every row is on one side, the slope is 0 up to rounding, and the intercept gives that
 * side's target. `positive` is 1 for rows of the label, 0 for others; `weight` null is 1 for all. Scores are
 * finite single-precision numbers; slope and intercept are finite then, too.
 */
export function fitPlatt(
  score: Float64Array,
  positive: Uint8Array,
  weight: ArrayLike<number> | null,
): Sigmoid {
  let scale = 0;
  for (const value of score) scale = Math.max(scale, Math.abs(value));
  if (scale === 0) scale = 1;
  const sides = [0, 0] as [number, number];
  const weights = Float64Array.from(score, (_, i) => (weight === null ? 1 : (weight[i] as number)));
  for (let i = 0; i < weights.length; i++) sides[positive[i] === 1 ? 1 : 0] += weights[i] as number;
  const low = 1 / (sides[0] + 2);
  const high = (sides[1] + 1) / (sides[1] + 2);
  const fitted = minimize(
    {
      score: score.map((value) => value / scale),
      target: Float64Array.from(positive, (p) => (p === 1 ? high : low)),
      weight: weights,
    },
    log((sides[1] + 1) / (sides[0] + 1)),
  );
  return { slope: fitted.slope / scale, intercept: fitted.intercept };
}

function minimize(problem: Problem, startIntercept: number): Sigmoid {
  let at: Sigmoid = { slope: 0, intercept: startIntercept };
  let value = loss(problem, at);
  for (let step = 0; step < MAX_STEPS; step++) {
    const { newton, descent } = newtonStep(problem, at);
    // Where the gain drowns in the loss's rounding, the whole step, which squares the error, is the last.
    if (-descent <= 1e-12 * value) return moved(at, newton, 1);
    let size = 1;
    let next = moved(at, newton, size);
    let nextValue = loss(problem, next);
    while (!(nextValue < value + 1e-4 * size * descent)) {
      size /= 2;
      if (size < SMALLEST_STEP) return at;
      next = moved(at, newton, size);
      nextValue = loss(problem, next);
    }
    at = next;
    value = nextValue;
  }
  return at;
}

function moved(at: Sigmoid, by: Sigmoid, size: number): Sigmoid {
  return { slope: at.slope + size * by.slope, intercept: at.intercept + size * by.intercept };
}

/** Cross-entropy with soft targets, in the form that neither overflows nor cancels. */
function loss({ score, target, weight }: Problem, at: Sigmoid): number {
  let sum = 0;
  for (let i = 0; i < score.length; i++) {
    const margin = at.slope * (score[i] as number) + at.intercept;
    const t = target[i] as number;
    const distance = margin >= 0 ? (1 - t) * margin : -t * margin;
    sum += (weight[i] as number) * (distance + log(1 + exp(-Math.abs(margin))));
  }
  return sum;
}

/** The step that solves the 2 x 2 Newton equations, and the loss's slope along it, not above 0. */
function newtonStep(
  { score, target, weight }: Problem,
  at: Sigmoid,
): { readonly newton: Sigmoid; readonly descent: number } {
  let slope = 0;
  let intercept = 0;
  let h11 = 0;
  let h12 = 0;
  let h22 = 0;
  for (let i = 0; i < score.length; i++) {
    const s = score[i] as number;
    const small = exp(-Math.abs(at.slope * s + at.intercept));
    const p = at.slope * s + at.intercept >= 0 ? 1 / (1 + small) : small / (1 + small);
    const error = (weight[i] as number) * (p - (target[i] as number));
    const curvature = (weight[i] as number) * (small / ((1 + small) * (1 + small)));
    slope += error * s;
    intercept += error;
    h11 += curvature * s * s;
    h12 += curvature * s;
    h22 += curvature;
  }
  // A ridge relative to the trace: equal scores leave the equations singular, and rounding must not decide.
  const ridge = 1e-12 * (h11 + h22);
  h11 += ridge;
  h22 += ridge;
  const determinant = h11 * h22 - h12 * h12;
  const newton = {
    slope: (h12 * intercept - h22 * slope) / determinant,
    intercept: (h12 * slope - h11 * intercept) / determinant,
  };
  return { newton, descent: slope * newton.slope + intercept * newton.intercept };
}
