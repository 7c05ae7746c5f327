// SPDX-License-Identifier: Apache-2.0
import { exp, log } from "../../../src/core/elementary.ts";
import { seededRandom } from "../../../src/core/random.ts";
import { drawOrder } from "../../../src/training/row-order.ts";
import type { PassStatistics, RowStatistics, Solver, SolverState } from "../../../src/training/solver.ts";
import { solveRow } from "./row-solver.ts";
import { joinParts, type SolverProblem, type SparseRows, squaredLength } from "./solver-problem.ts";

/** What a pass leaves out. */
export interface Shortcuts {
  /** A dual change below this is not carried to the weights; as much smaller for a row as its a = cost x |x|^2 is above {@link USUAL}. */
  readonly smallestStep: number;
  /** A row whose dual is as near as this to what the weights say, as a divergence in nats, is left alone, and left out of the next pass; smaller likewise. */
  readonly settled: number;
  /** And so is one that has been solved before, with a divergence below this share of the mean of the pass so far. */
  readonly settledShare: number;
}

/** a of a row up to which the shortcuts are as they are given. */
const USUAL = 64;
/** Labels from which on, filled up to whole vectors, no step is left out that is more than the row's divergence, dealt out among them. */
const MANY = 128;

/** Next to none: as near to the optimum as it gets. */
const EXACT: Shortcuts = {
  smallestStep: 1e-5,
  settled: Number.NEGATIVE_INFINITY,
  settledShare: Number.NEGATIVE_INFINITY,
};

/** {@link Solver} in plain TypeScript and double precision: what the kernel is tested against; 16 ns a value and label. */
export class PlainSolver implements Solver {
  readonly #problem: SolverProblem;
  readonly #shortcuts: Shortcuts;
  /** Rows that the next pass leaves out, with what this one saw of them. */
  readonly #settled = new Map<number, Look>();
  readonly #truth: Uint32Array;
  readonly #weight: Float64Array;
  readonly #weights: Float32Array;
  readonly #bias: Float64Array;
  /** Dual distribution of each row; it starts at its label, where W = 0. */
  readonly #dual: Float32Array;
  readonly #squares: Float64Array;
  /** Labels whose dual a step moves, and their steps. */
  readonly #moved: Uint32Array;
  readonly #steps: Float64Array;
  /** Scores of the row at hand. */
  readonly #z: Float64Array;
  #cost = 0;
  #passes = 0;

  constructor(problem: SolverProblem, shortcuts = EXACT) {
    const { parts, labels, features } = problem;
    const { rows, truth, weight } = joinParts(parts);
    this.#problem = problem;
    this.#shortcuts = shortcuts;
    this.#truth = truth;
    this.#weight = weight;
    this.#weights = new Float32Array(features * labels);
    this.#bias = new Float64Array(labels);
    this.#dual = new Float32Array(rows * labels);
    this.#moved = new Uint32Array(labels);
    this.#steps = new Float64Array(labels);
    this.#z = new Float64Array(labels);
    truth.forEach((y, i) => {
      this.#dual[i * labels + y] = 1;
    });
    this.#squares = Float64Array.from({ length: rows }, (_, row) => {
      const { x, i } = this.#at(row);
      return squaredLength(x, i);
    });
  }

  #at(row: number): { readonly x: SparseRows; readonly i: number } {
    let i = row;
    for (const { x } of this.#problem.parts) {
      if (i < x.rows) return { x, i };
      i -= x.rows;
    }
    throw new RangeError(`row ${row}`);
  }

  setCost(cost: number): void {
    this.#cost = cost;
    this.#settled.clear();
  }

  pass(to: number, from = 0): PassStatistics {
    const { labels, seed } = this.#problem;
    const padded = Math.ceil(labels / 4) * 4;
    const order = new Uint32Array(to - from);
    for (const row of [...this.#settled.keys()]) if (row < from) this.#settled.delete(row);
    drawOrder(order, from, seededRandom(seed, `pass ${this.#passes++}`));
    const confusion = new Float64Array(labels * labels);
    const p = new Float64Array(labels);
    const target = new Float64Array(labels);
    const relative = new Float64Array(labels);
    let loss = 0;
    let primal = 0;
    let gap = 0;
    let costs = 0;
    for (const i of order) {
      const c = this.#cost * (this.#weight[i] as number);
      costs += c;
      const last = this.#settled.get(i);
      if (last !== undefined) {
        this.#settled.delete(i);
        count(confusion, labels, this.#truth[i] as number, last.predicted);
        loss += last.loss;
        primal += c * last.loss;
        gap += c * last.divergence;
        continue;
      }
      for (let k = 0; k < labels; k++) p[k] = this.#dual[i * labels + k] as number;
      this.#score(i);
      const seen = look(this.#z, p, this.#truth[i] as number);
      count(confusion, labels, this.#truth[i] as number, seen.predicted);
      loss += seen.loss;
      primal += c * seen.loss;
      gap += c * seen.divergence;
      const { smallestStep, settled, settledShare } = this.#shortcuts;
      const fresh = p[this.#truth[i] as number] === 1;
      const a = c * (this.#squares[i] as number);
      const scale = Math.min(1, USUAL / a);
      const smallest = padded < MANY ? smallestStep : Math.min(smallestStep, seen.divergence / padded);
      if (seen.divergence < settled * scale || (!fresh && seen.divergence * costs < settledShare * gap)) {
        this.#settled.set(i, seen);
        continue;
      }
      solveRow(this.#z, p, a, target, relative);
      this.#update(i, c, p, smallest * scale);
    }
    return { loss, confusion, primal, gap };
  }

  evaluate(from: number, to: number): RowStatistics {
    const { labels } = this.#problem;
    const confusion = new Float64Array(labels * labels);
    const none = new Float64Array(labels);
    let loss = 0;
    for (let i = from; i < to; i++) {
      this.#score(i);
      const seen = look(this.#z, none, this.#truth[i] as number);
      count(confusion, labels, this.#truth[i] as number, seen.predicted);
      loss += seen.loss;
    }
    return { loss, confusion };
  }

  scores(from: number, to: number): Float32Array {
    const { labels } = this.#problem;
    const all = new Float32Array((to - from) * labels);
    for (let i = from; i < to; i++) {
      this.#score(i);
      all.set(this.#z, (i - from) * labels);
    }
    return all;
  }

  #score(row: number): void {
    const { x, i } = this.#at(row);
    const z = this.#z;
    const labels = z.length;
    const w = this.#weights;
    z.set(this.#bias);
    const end = x.start[i + 1] as number;
    for (let j = x.start[i] as number; j < end; j++) {
      const at = (x.ids[j] as number) * labels;
      const v = x.values[j] as number;
      for (let k = 0; k < labels; k++) z[k] = (z[k] as number) + v * (w[at + k] as number);
    }
  }

  #update(row: number, cost: number, p: Float64Array, smallestStep: number): void {
    const labels = this.#problem.labels;
    let n = 0;
    for (let k = 0; k < labels; k++) {
      const change = (this.#dual[row * labels + k] as number) - (p[k] as number);
      if (change < smallestStep && change > -smallestStep) continue;
      this.#dual[row * labels + k] = p[k] as number;
      this.#bias[k] = (this.#bias[k] as number) + cost * change;
      this.#moved[n] = k;
      this.#steps[n++] = cost * change;
    }
    this.#carry(row, n);
  }

  // Rows outside, labels inside: the other way round strides through memory and took four times as long.
  #carry(row: number, n: number): void {
    const labels = this.#problem.labels;
    const [w, moved, steps] = [this.#weights, this.#moved, this.#steps];
    const { x, i } = this.#at(row);
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

  save(rows: number): SolverState {
    return { cost: this.#cost, dual: this.#dual.slice(0, rows * this.#problem.labels) };
  }

  restore(state: SolverState, cost = state.cost): void {
    const { labels } = this.#problem;
    const { dual } = state;
    this.#dual.set(dual);
    this.setCost(cost);
    this.#weights.fill(0);
    this.#bias.fill(0);
    for (let row = 0; row * labels < dual.length; row++) {
      const c = cost * (this.#weight[row] as number);
      for (let k = 0; k < labels; k++) {
        const right = k === this.#truth[row] ? 1 : 0;
        this.#moved[k] = k;
        this.#steps[k] = c * (right - (dual[row * labels + k] as number));
        this.#bias[k] = (this.#bias[k] as number) + (this.#steps[k] as number);
      }
      this.#carry(row, labels);
    }
  }

  weights(): Float32Array {
    return this.#weights.slice();
  }

  bias(): Float64Array {
    return this.#bias.slice();
  }
}

function count(confusion: Float64Array, labels: number, truth: number, predicted: number): void {
  const cell = truth * labels + predicted;
  confusion[cell] = (confusion[cell] as number) + 1;
}

/**
 * The model's opinion of one row before it learns from it: predicted label, loss, and the divergence
 * KL(p || softmax(z)) + 1 - sum p of its dual from it, which summed over the rows with C_i is the duality gap.
 */
interface Look {
  readonly predicted: number;
  readonly loss: number;
  readonly divergence: number;
}

function look(z: Float64Array, p: Float64Array, y: number): Look {
  let predicted = 0;
  for (let k = 1; k < z.length; k++) if ((z[k] as number) > (z[predicted] as number)) predicted = k;
  const top = z[predicted] as number;
  let sum = 0;
  for (let k = 0; k < z.length; k++) sum += exp((z[k] as number) - top);
  const lse = top + log(sum);
  let divergence = 1;
  for (let k = 0; k < z.length; k++) {
    const q = p[k] as number;
    divergence -= q;
    if (q > 0) divergence += q * (log(q) - (z[k] as number) + lse);
  }
  return { predicted, loss: lse - (z[y] as number), divergence };
}
