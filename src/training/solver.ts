// SPDX-License-Identifier: Apache-2.0
import { exp, log } from "../core/elementary.ts";
import { seededRandom, shuffle } from "../core/random.ts";
import { solveRow } from "./row-solver.ts";

/** Rows in compressed sparse row form: row i is [start[i], start[i + 1]) of ids and values. */
export interface SparseRows {
  readonly rows: number;
  readonly start: Float64Array | Uint32Array;
  readonly ids: Uint32Array;
  readonly values: Float32Array;
}

export interface SolverProblem {
  readonly x: SparseRows;
  /** Label of each row. */
  readonly truth: Uint32Array;
  /** C_i, the weight of each row's loss against |w|^2 / 2; over 0. */
  readonly cost: Float64Array;
  readonly labels: number;
  readonly features: number;
  readonly seed: number;
}

/** What one pass over the rows showed, from the scores that each row met: progressive figures. */
export interface PassStatistics {
  /** Sum of the negative log-likelihoods of the rows, nats. */
  readonly loss: number;
  /** [truth * labels + predicted]. */
  readonly confusion: Float64Array;
  /** Duality gap over the primal loss, both as seen on the way; 0 at the optimum, and without any loss. */
  readonly gap: number;
}

/** A dual change below this is not carried to the weights: most labels of most rows stay put. */
const SMALLEST_STEP = 1e-5;

/**
 * L2-regularised softmax regression, min over W of |W|^2 / 2 + sum C_i loss_i, by dual coordinate descent:
 * each step solves one row's dual exactly, so there is no learning rate, and the primal weights are kept up
 * with as W = sum C_i x_i (y_i - p_i). The bias is a constant feature 1 and is regularised.
 */
export class SoftmaxSolver {
  /** [feature * labels + label]. */
  readonly weights: Float32Array;
  readonly bias: Float64Array;
  readonly #problem: SolverProblem;
  /** Dual distribution of each row; it starts at its label, where W = 0. */
  readonly #dual: Float32Array;
  readonly #squares: Float64Array;
  readonly #order: Uint32Array;
  /** Labels whose dual a step moves, and their steps. */
  readonly #moved: Uint32Array;
  readonly #steps: Float64Array;
  #pass = 0;

  constructor(problem: SolverProblem) {
    const { x, truth, labels, features } = problem;
    this.#problem = problem;
    this.weights = new Float32Array(features * labels);
    this.bias = new Float64Array(labels);
    this.#dual = new Float32Array(x.rows * labels);
    this.#squares = new Float64Array(x.rows);
    this.#moved = new Uint32Array(labels);
    this.#steps = new Float64Array(labels);
    this.#order = Uint32Array.from({ length: x.rows }, (_, i) => i);
    for (let i = 0; i < x.rows; i++) {
      this.#dual[i * labels + (truth[i] as number)] = 1;
      let squares = 1;
      for (let j = x.start[i] as number; j < (x.start[i + 1] as number); j++)
        squares += (x.values[j] as number) * (x.values[j] as number);
      this.#squares[i] = squares;
    }
  }

  /** One pass over all rows in a new random order. */
  pass(): PassStatistics {
    const { truth, cost, labels, seed } = this.#problem;
    shuffle(this.#order, seededRandom(seed, `pass ${this.#pass++}`));
    const confusion = new Float64Array(labels * labels);
    const z = new Float64Array(labels);
    const p = new Float64Array(labels);
    const target = new Float64Array(labels);
    const relative = new Float64Array(labels);
    let loss = 0;
    let primal = 0;
    let gap = 0;
    for (const i of this.#order) {
      const y = truth[i] as number;
      const c = cost[i] as number;
      this.score(this.#problem.x, i, z);
      for (let k = 0; k < labels; k++) p[k] = this.#dual[i * labels + k] as number;
      const seen = look(z, p, y);
      confusion[y * labels + seen.predicted] = (confusion[y * labels + seen.predicted] as number) + 1;
      loss += seen.loss;
      primal += c * seen.loss;
      gap += c * seen.divergence;
      solveRow(z, p, c * (this.#squares[i] as number), target, relative);
      this.#update(i, c, p);
    }
    return { loss, confusion, gap: primal > 0 ? Math.max(0, gap / primal) : 0 };
  }

  /** Raw scores of row `i` of `x` by the weights as they are now, into `z` (one a label). */
  score(x: SparseRows, i: number, z: Float64Array): void {
    const labels = this.#problem.labels;
    const w = this.weights;
    z.set(this.bias);
    const end = x.start[i + 1] as number;
    for (let j = x.start[i] as number; j < end; j++) {
      const at = (x.ids[j] as number) * labels;
      const v = x.values[j] as number;
      for (let k = 0; k < labels; k++) z[k] = (z[k] as number) + v * (w[at + k] as number);
    }
  }

  // Rows outside, labels inside: the other way round strides through memory and took four times as long.
  #update(i: number, cost: number, p: Float64Array): void {
    const { x, labels } = this.#problem;
    const w = this.weights;
    const moved = this.#moved;
    const steps = this.#steps;
    let n = 0;
    for (let k = 0; k < labels; k++) {
      const change = (this.#dual[i * labels + k] as number) - (p[k] as number);
      if (change < SMALLEST_STEP && change > -SMALLEST_STEP) continue;
      this.#dual[i * labels + k] = p[k] as number;
      this.bias[k] = (this.bias[k] as number) + cost * change;
      moved[n] = k;
      steps[n++] = cost * change;
    }
    const end = x.start[i + 1] as number;
    for (let j = x.start[i] as number; j < end; j++) {
      const at = (x.ids[j] as number) * labels;
      const v = x.values[j] as number;
      for (let m = 0; m < n; m++) {
        const slot = at + (moved[m] as number);
        w[slot] = (w[slot] as number) + v * (steps[m] as number);
      }
    }
  }
}

/**
 * The model's opinion of one row before it learns from it: predicted label, loss, and the divergence
 * KL(p || softmax(z)) of its dual from it, which summed over the rows with C_i is the duality gap.
 */
function look(z: Float64Array, p: Float64Array, y: number) {
  let predicted = 0;
  for (let k = 1; k < z.length; k++) if ((z[k] as number) > (z[predicted] as number)) predicted = k;
  const top = z[predicted] as number;
  let sum = 0;
  for (let k = 0; k < z.length; k++) sum += exp((z[k] as number) - top);
  const lse = top + log(sum);
  let divergence = 0;
  for (let k = 0; k < z.length; k++) {
    const q = p[k] as number;
    if (q > 0) divergence += q * (log(q) - (z[k] as number) + lse);
  }
  return { predicted, loss: lse - (z[y] as number), divergence };
}
