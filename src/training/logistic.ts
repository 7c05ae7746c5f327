// SPDX-License-Identifier: Apache-2.0
import { exp, log } from "../core/elementary.ts";

/** Rows of D numbers each, row-major, with what is to be told from them: 1 or 0. */
export interface LogisticRows {
  readonly x: Float64Array;
  readonly target: Uint8Array;
  readonly weight: Float64Array;
}

/** From so many rows on, the search starts where every eighth row ends it, and needs a step or two over all of them. */
const MANY_ROWS = 4096;
const STRIDE = 8;
const MAX_STEPS = 50;
const SMALLEST_STEP = 1e-6;
/** A step that promises to lower the loss by this share of it, or less, is the last: it squares what is left. */
const SMALLEST_GAIN = 1e-8;

/**
 * Logistic regression without an intercept of its own, by Newton steps with backtracking: the D coefficients v that
 * minimize, over the rows of `chosen`, the weighted log loss plus ridge / 2 |v - prior|^2. So `prior` is the answer where
 * the rows say nothing.
 */
export function fitLogistic(
  rows: LogisticRows,
  chosen: Uint32Array,
  prior: readonly number[],
  ridge: number,
): number[] {
  let at = [...prior];
  if (chosen.length >= MANY_ROWS) {
    const some = chosen.filter((_, i) => i % STRIDE === 0);
    at = fitLogistic(rows, some, prior, ridge);
  }
  let seen = lookAt(rows, chosen, at, prior, ridge);
  for (let step = 0; step < MAX_STEPS; step++) {
    const { direction, gain } = newtonStep(seen);
    const moved = (size: number) => at.map((c, i) => c + size * (direction[i] as number));
    if (gain <= SMALLEST_GAIN * seen.loss) return moved(1);
    let size = 1;
    let next = lookAt(rows, chosen, moved(size), prior, ridge);
    while (!(next.loss < seen.loss) && size >= SMALLEST_STEP) {
      size /= 2;
      next = lookAt(rows, chosen, moved(size), prior, ridge);
    }
    if (!(next.loss < seen.loss)) return at;
    at = moved(size);
    seen = next;
  }
  return at;
}

/** Log loss of a row; `e` is e^-|margin|. */
function lossAt(margin: number, target: number, e: number): number {
  return Math.max(margin, 0) - target * margin + log(1 + e);
}

function marginOf({ x }: LogisticRows, row: number, v: ArrayLike<number>): number {
  let margin = 0;
  for (let i = 0; i < v.length; i++) margin += (x[row * v.length + i] as number) * (v[i] as number);
  return margin;
}

/** The loss at one place with its derivatives. */
interface Surroundings {
  readonly loss: number;
  readonly gradient: Float64Array;
  /** D x D, row-major; its lower half. */
  readonly hessian: Float64Array;
}

function lookAt(
  rows: LogisticRows,
  chosen: Uint32Array,
  at: readonly number[],
  prior: readonly number[],
  ridge: number,
): Surroundings {
  const size = at.length;
  const { x, target, weight } = rows;
  const v = Float64Array.from(at);
  const gradient = v.map((c, i) => ridge * (c - (prior[i] as number)));
  const hessian = Float64Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? ridge : 0));
  let loss = v.reduce((sum, c, i) => sum + (ridge / 2) * (c - (prior[i] as number)) ** 2, 0);
  for (let n = 0; n < chosen.length; n++) {
    const row = chosen[n] as number;
    const from = row * size;
    const margin = marginOf(rows, row, v);
    const w = weight[row] as number;
    const y = target[row] as number;
    const e = exp(-Math.abs(margin));
    loss += w * lossAt(margin, y, e);
    const p = (margin < 0 ? e : 1) / (1 + e);
    const slope = w * (p - y);
    const curvature = w * p * (1 - p);
    for (let i = 0; i < size; i++) {
      const xi = x[from + i] as number;
      gradient[i] = (gradient[i] as number) + slope * xi;
      for (let j = 0; j <= i; j++)
        hessian[i * size + j] = (hessian[i * size + j] as number) + curvature * xi * (x[from + j] as number);
    }
  }
  return { loss, gradient, hessian };
}

/** Newton's step, and by how much it would lower the loss were that a parabola. */
function newtonStep({ gradient, hessian }: Surroundings): { direction: number[]; gain: number } {
  const size = gradient.length;
  const lines = Array.from(gradient, (_, i) => [...hessian.subarray(i * size, (i + 1) * size)]);
  const direction = solve(
    lines,
    Array.from(gradient, (g) => -g),
  );
  const gain = direction.reduce((sum, d, i) => sum - (d * (gradient[i] as number)) / 2, 0);
  return { direction, gain };
}

/** Solves a y = b by Cholesky's decomposition; a is symmetric and positive definite, and only its lower half is read. */
function solve(a: readonly (readonly number[])[], b: readonly number[]): number[] {
  const lower = a.map((line) => [...line]);
  const y = [...b];
  const of = (i: number, j: number) => lower[i]?.[j] as number;
  for (let i = 0; i < y.length; i++) {
    const line = lower[i] as number[];
    for (let j = 0; j <= i; j++) {
      let sum = line[j] as number;
      for (let k = 0; k < j; k++) sum -= of(i, k) * of(j, k);
      line[j] = i === j ? Math.sqrt(sum) : sum / of(j, j);
    }
    for (let k = 0; k < i; k++) y[i] = (y[i] as number) - of(i, k) * (y[k] as number);
    y[i] = (y[i] as number) / of(i, i);
  }
  for (let i = y.length - 1; i >= 0; i--) {
    for (let k = i + 1; k < y.length; k++) y[i] = (y[i] as number) - of(k, i) * (y[k] as number);
    y[i] = (y[i] as number) / of(i, i);
  }
  return y;
}
