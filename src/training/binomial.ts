// SPDX-License-Identifier: Apache-2.0
import { exp, log } from "../core/elementary.ts";

/** The chance that a one-sided bound is on the wrong side of the truth. */
export const MISS = 0.05;
/** Standard normal deviation of the two-sided 95 % interval. */
export const Z_95 = 1.959963984540054;

const HALF_LN_TWO_PI = 0.9189385332046728;
/** From here on five terms of Stirling's series are exact to 1e-13. */
const STIRLING = 10;
const SMALLEST = 1e-300;
const STEPS = 10_000;
const HALVINGS = 60;

/** ln of the gamma function at x > 0, by Stirling's series (DLMF 5.11.1) after a shift upwards. */
export function logGamma(x: number): number {
  let shifted = 1;
  let y = x;
  for (; y < STIRLING; y++) shifted *= y;
  const square = 1 / (y * y);
  const series =
    (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))) / y;
  return (y - 0.5) * log(y) - y + HALF_LN_TWO_PI + series - log(shifted);
}

/** The continued fraction of the incomplete beta function (DLMF 8.17.22) by Lentz's method. */
function betaFraction(x: number, a: number, b: number): number {
  const bounded = (value: number) => (Math.abs(value) < SMALLEST ? SMALLEST : value);
  let c = 1;
  let d = 1 / bounded(1 - ((a + b) * x) / (a + 1));
  let value = d;
  for (let m = 1; m < STEPS; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / bounded(1 + even * d);
    c = bounded(1 + even / c);
    value *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / bounded(1 + odd * d);
    c = bounded(1 + odd / c);
    value *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return value;
}

/** Regularized incomplete beta function I_x(a, b), a and b over 0, x in [0, 1]. */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1;
  const front = exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * log(x) + b * log(1 - x));
  return x < (a + 1) / (a + b + 2)
    ? (front * betaFraction(x, a, b)) / a
    : 1 - (front * betaFraction(1 - x, b, a)) / b;
}

/** Chance of `hits` or more of `of` independent trials, each a hit with chance `p`. */
export function binomialTail(hits: number, of: number, p: number): number {
  return hits <= 0 ? 1 : incompleteBeta(p, hits, of - hits + 1);
}

/**
 * Lower end of the one-sided 95 % interval of Clopper and Pearson ("The use of confidence or fiducial limits", Biometrika
 * 26, 1934): the chance of a hit at which so many or more are a matter of 1 in 20. In [0, 1); 0 without a hit.
 */
export function lowerBound(hits: number, of: number): number {
  let low = 0;
  let high = 1;
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (binomialTail(hits, of, middle) > MISS) high = middle;
    else low = middle;
  }
  return low;
}

/** Rows that show a chance of at least `target` where every one is a hit: target^rows <= 0.05. Null for 1, which none can. */
export function rowsNeeded(target: number): number | null {
  if (target >= 1) return null;
  return Math.max(1, Math.ceil(log(MISS) / log(target) - 1e-9));
}

/** Wilson's two-sided 95 % interval of hits / of ("Probable inference", JASA 22, 1927). Null without rows. */
export function wilson(hits: number, of: number): { low: number; high: number } | null {
  if (of === 0) return null;
  const share = hits / of;
  const z = (Z_95 * Z_95) / of;
  const center = (share + z / 2) / (1 + z);
  const half = Math.sqrt(share * (1 - share) * z + (z * z) / 4) / (1 + z);
  return { low: hits === 0 ? 0 : center - half, high: hits === of ? 1 : center + half };
}
