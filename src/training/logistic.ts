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

/**
 * Logistic regression without an intercept of its own, by Newton steps with backtracking: the D coefficients v that
 * minimize, over the rows of `chosen`, the weighted log loss plus ridge / 2 |v - start|^2. So `start` is the answer where
 * the rows say nothing.
 */
export function fitLogistic(
  rows: LogisticRows,
  chosen: Uint32Array,
  start: readonly number[],
  ridge: number,
): number[] {
  const value = (v: readonly number[]) =>
    logisticLoss(rows, chosen, v) +
    v.reduce((sum, c, i) => sum + (ridge / 2) * (c - (start[i] as number)) ** 2, 0);
  const some = chosen.filter((_, i) => i % STRIDE === 0);
  let at = chosen.length < MANY_ROWS ? [...start] : fitLogistic(rows, some, start, ridge);
  let loss = value(at);
  for (let step = 0; step < MAX_STEPS; step++) {
    const direction = newtonDirection(rows, chosen, at, start, ridge);
    let size = 1;
    let next = at;
    let nextLoss = loss;
    for (; size >= SMALLEST_STEP; size /= 2) {
      next = at.map((c, i) => c + size * (direction[i] as number));
      nextLoss = value(next);
      if (nextLoss < loss) break;
    }
    if (!(nextLoss < loss)) break;
    const gain = loss - nextLoss;
    at = next;
    loss = nextLoss;
    if (gain < 1e-10 * loss) break;
  }
  return at;
}

/** Sum of the weighted log losses of the rows of `chosen`, in the form that neither overflows nor cancels. */
export function logisticLoss(rows: LogisticRows, chosen: Uint32Array, v: readonly number[]): number {
  let sum = 0;
  for (const row of chosen) {
    const margin = marginOf(rows, row, v);
    const distance = Math.max(margin, 0) - (rows.target[row] as number) * margin;
    sum += (rows.weight[row] as number) * (distance + log(1 + exp(-Math.abs(margin))));
  }
  return sum;
}

function marginOf({ x }: LogisticRows, row: number, v: readonly number[]): number {
  let margin = 0;
  for (let i = 0; i < v.length; i++) margin += (x[row * v.length + i] as number) * (v[i] as number);
  return margin;
}

function newtonDirection(
  rows: LogisticRows,
  chosen: Uint32Array,
  at: readonly number[],
  start: readonly number[],
  ridge: number,
): number[] {
  const size = at.length;
  const { x, target, weight } = rows;
  const gradient = Float64Array.from(at, (c, i) => ridge * (c - (start[i] as number)));
  const hessian = Float64Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? ridge : 0));
  for (const row of chosen) {
    const p = 1 / (1 + exp(-marginOf(rows, row, at)));
    const w = weight[row] as number;
    for (let i = 0; i < size; i++) {
      const xi = x[row * size + i] as number;
      gradient[i] = (gradient[i] as number) + w * (p - (target[row] as number)) * xi;
      const curvature = w * p * (1 - p) * xi;
      for (let j = 0; j <= i; j++)
        hessian[i * size + j] = (hessian[i * size + j] as number) + curvature * (x[row * size + j] as number);
    }
  }
  return solve(
    at.map((_, i) => [...hessian.subarray(i * size, (i + 1) * size)]),
    [...gradient.map((g) => -g)],
  );
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
