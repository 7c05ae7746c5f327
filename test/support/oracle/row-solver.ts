// SPDX-License-Identifier: Apache-2.0
import { exp, log } from "../../../src/core/elementary.ts";

/** Newton steps at most; from below the root they approach it monotonically, 3 to 6 are the rule. */
const MOST_STEPS = 30;
const TOLERANCE = 1e-9;

/** Largest y = e^r that Lambert's series is used for, e^-4: its relative error there is below 1e-7. */
const SERIES_LIMIT = 0.0183;

/** Lambert's W(y), the u with u e^u = y, for 0 <= y <= e^-4, by its series at 0 (Corless et al. 1996, 3.1). */
function lambert(y: number): number {
  return y * (1 - y * (1 - y * (1.5 - y * (2.6666666666666665 - y * 5.208333333333333))));
}

/** Wright omega function: the u > 0 with u + ln u = r. Fritsch, Shafer and Crowley, CACM 16 (1973), two steps. */
export function wrightOmega(r: number): number {
  if (r < -4) return lambert(exp(r));
  let u = r > 1 ? r - log(r) : exp(r) / (1 + exp(r));
  for (let i = 0; i < 2; i++) {
    const rest = r - u - log(u);
    const a = (1 + u) * (1 + u + (2 / 3) * rest);
    u *= 1 + ((rest / (1 + u)) * (a - rest / 2)) / (a - rest);
  }
  return u;
}

/**
 * Solves the dual problem of one row of softmax regression exactly, its other rows fixed. With z the row's
 * scores, p its dual distribution and A = C |x|^2, the new distribution q satisfies
 * q = softmax(z + A (p - q)), that is ln q_k + A q_k = z_k + A p_k - nu with nu such that q sums to 1: with
 * u = A q a Wright omega function of each label, and one unknown, found by Newton's method. (Plain Newton
 * on q diverges for A over 12.) After Yu, Huang and Lin, "Dual coordinate descent methods for logistic
 * regression and maximum entropy models", Machine Learning 85 (2011), with the row's problem solved exactly.
 *
 * @param z scores of the row, K
 * @param p its distribution, K; replaced by the solution
 * @param a C |x|^2, over 0
 * @param target scratch, K
 * @param relative scratch, K
 */
export function solveRow(
  z: Float64Array,
  p: Float64Array,
  a: number,
  target: Float64Array,
  relative: Float64Array,
): void {
  const labels = z.length;
  const lnA = log(a);
  let top = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < labels; k++) {
    const c = (z[k] as number) + a * (p[k] as number) + lnA;
    target[k] = c;
    if (c > top) top = c;
  }
  // e^(target - top), once a row: in the loop below, most labels then need no exponential of their own.
  for (let k = 0; k < labels; k++) relative[k] = exp((target[k] as number) - top);
  // At this nu the top label alone has u = A, so the sum is at least A: Newton comes from one side.
  let nu = top - a - lnA;
  let sum = 0;
  for (let i = 0; i < MOST_STEPS; i++) {
    sum = 0;
    let slope = 0;
    const scale = exp(top - nu);
    for (let k = 0; k < labels; k++) {
      const y = (relative[k] as number) * scale;
      const u = y < SERIES_LIMIT ? lambert(y) : wrightOmega((target[k] as number) - nu);
      p[k] = u;
      sum += u;
      slope += u / (1 + u);
    }
    const excess = sum - a;
    if (excess <= TOLERANCE * a) break;
    nu += excess / slope;
  }
  for (let k = 0; k < labels; k++) p[k] = (p[k] as number) / sum;
}
