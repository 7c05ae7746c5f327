// SPDX-License-Identifier: Apache-2.0
import { seededRandom, shuffle } from "../core/random.ts";
import { type Kernel, kernelMemory, startKernel } from "./kernel.ts";
import {
  joinParts,
  type LabelledRows,
  type PassStatistics,
  type RowStatistics,
  type Solver,
  type SolverProblem,
  type SolverState,
  squaredLength,
} from "./solver.ts";

const PAGE = 65_536;
/** Pages of a 32-bit memory. */
const MOST_PAGES = 65_536;
/** Bias of the labels that fill up the last vector: their probability is 0. */
const NEVER = -1e30;
/** Vectors of labels that the kernel calculates in, and its list of blocks. */
const SCRATCH_VECTORS = 6;

/** Where the columns of a problem lie in the kernel's memory. */
interface Layout {
  readonly rows: number;
  /** Labels, filled up to whole vectors of 4. */
  readonly padded: number;
  readonly at: Readonly<Record<Column, number>>;
  readonly pages: number;
}

const COLUMNS = [
  "start",
  "entries",
  "weights",
  "bias",
  "dual",
  "truth",
  "cost",
  "squares",
  "predicted",
  "scratch",
  "order",
] as const;
type Column = (typeof COLUMNS)[number];

function layoutOf({ parts, labels, features }: SolverProblem): Layout {
  const padded = Math.ceil(labels / 4) * 4;
  const rows = parts.reduce((n, { x }) => n + x.rows, 0);
  const entries = parts.reduce((n, { x }) => n + (x.start[x.rows] as number), 0);
  const bytes: Record<Column, number> = {
    start: (rows + 1) * 4,
    entries: entries * 8,
    weights: features * padded * 4,
    bias: padded * 4,
    dual: rows * padded * 4,
    truth: rows * 4,
    cost: rows * 4,
    squares: rows * 4,
    predicted: rows * 4,
    scratch: padded * 4 * SCRATCH_VECTORS,
    order: rows * 4,
  };
  const at = {} as Record<Column, number>;
  let next = 1024;
  for (const column of COLUMNS) {
    at[column] = next;
    next += Math.ceil(bytes[column] / 64) * 64;
  }
  return { rows, padded, at, pages: Math.ceil(next / PAGE) };
}

/** Whether a problem fits the kernel's memory of 4 GB. */
export function fitsKernel(problem: SolverProblem): boolean {
  return layoutOf(problem).pages <= MOST_PAGES;
}

/** {@link Solver} with its rows, weights and duals in the memory of the WASM kernel: one call a pass. */
export class KernelSolver implements Solver {
  readonly #problem: SolverProblem;
  readonly #layout: Layout;
  readonly #kernel: Kernel;
  readonly #buffer: ArrayBuffer;
  readonly #weight: Float64Array;
  #cost = 0;
  #passes = 0;

  constructor(problem: SolverProblem) {
    this.#problem = problem;
    this.#layout = layoutOf(problem);
    const { at, padded, pages, rows } = this.#layout;
    const memory = kernelMemory(pages);
    this.#buffer = memory.buffer;
    this.#kernel = startKernel(memory);
    this.#kernel.bind(
      at.start,
      at.entries,
      at.weights,
      at.bias,
      at.dual,
      at.truth,
      at.cost,
      at.squares,
      at.predicted,
      at.scratch,
      padded * 4,
    );
    const { truth, weight } = joinParts(problem.parts);
    this.#weight = weight;
    this.#words("truth", rows).set(truth);
    this.#floats("bias", padded).fill(NEVER, problem.labels);
    const dual = this.#floats("dual", rows * padded);
    truth.forEach((y, i) => {
      dual[i * padded + y] = 1;
    });
    this.#fill(problem.parts);
  }

  #words(column: Column, length: number): Uint32Array {
    return new Uint32Array(this.#buffer, this.#layout.at[column], length);
  }

  #floats(column: Column, length: number): Float32Array {
    return new Float32Array(this.#buffer, this.#layout.at[column], length);
  }

  // An entry is the offset of its feature's weights, in bytes, and its value.
  #fill(parts: readonly LabelledRows[]): void {
    const { padded, rows } = this.#layout;
    const start = this.#words("start", rows + 1);
    const squares = this.#floats("squares", rows);
    let row = 0;
    let from = 0;
    for (const { x } of parts) {
      const length = x.start[x.rows] as number;
      const offsets = this.#words("entries", (from + length) * 2);
      const values = this.#floats("entries", (from + length) * 2);
      for (let j = 0; j < length; j++) {
        offsets[(from + j) * 2] = (x.ids[j] as number) * padded * 4;
        values[(from + j) * 2 + 1] = x.values[j] as number;
      }
      for (let i = 0; i < x.rows; i++) {
        squares[row] = squaredLength(x, i);
        start[row++] = from + (x.start[i] as number);
      }
      from += length;
    }
    start[row] = from;
  }

  setCost(cost: number): void {
    const { padded, rows } = this.#layout;
    const costs = this.#floats("cost", rows);
    this.#weight.forEach((w, i) => {
      costs[i] = w * cost;
    });
    if (this.#cost > 0) {
      const ratio = cost / this.#cost;
      const bias = this.#floats("bias", this.#problem.labels);
      for (let k = 0; k < bias.length; k++) bias[k] = (bias[k] as number) * ratio;
      const weights = this.#floats("weights", this.#problem.features * padded);
      for (let j = 0; j < weights.length; j++) weights[j] = (weights[j] as number) * ratio;
    }
    this.#cost = cost;
  }

  pass(rows: number): PassStatistics {
    const order = this.#words("order", rows);
    for (let i = 0; i < rows; i++) order[i] = i;
    shuffle(order, seededRandom(this.#problem.seed, `pass ${this.#passes++}`));
    this.#kernel.pass(this.#layout.at.order, rows);
    const primal = this.#kernel.primal();
    return { ...this.#seen(0, rows), gap: primal > 0 ? Math.max(0, this.#kernel.gap() / primal) : 0 };
  }

  evaluate(from: number, to: number): RowStatistics {
    this.#kernel.evaluate(from, to);
    return this.#seen(from, to);
  }

  #seen(from: number, to: number): RowStatistics {
    const { labels } = this.#problem;
    const confusion = new Float64Array(labels * labels);
    const truth = this.#words("truth", to);
    const predicted = this.#words("predicted", to);
    for (let i = from; i < to; i++) {
      const cell = (truth[i] as number) * labels + (predicted[i] as number);
      confusion[cell] = (confusion[cell] as number) + 1;
    }
    return { loss: this.#kernel.loss(), confusion };
  }

  scores(from: number, to: number): Float32Array {
    const { labels } = this.#problem;
    const all = new Float32Array((to - from) * labels);
    for (let i = from; i < to; i++) {
      const z = new Float32Array(this.#buffer, this.#kernel.scores(i), labels);
      all.set(z, (i - from) * labels);
    }
    return all;
  }

  save(): SolverState {
    const { padded, rows } = this.#layout;
    return {
      cost: this.#cost,
      weights: this.#floats("weights", this.#problem.features * padded).slice(),
      bias: this.#floats("bias", padded).slice(),
      dual: this.#floats("dual", rows * padded).slice(),
    };
  }

  restore(state: SolverState): void {
    this.#floats("weights", state.weights.length).set(state.weights);
    this.#floats("bias", state.bias.length).set(state.bias);
    this.#floats("dual", state.dual.length).set(state.dual);
    this.#cost = 0;
    this.setCost(state.cost);
  }

  weights(): Float32Array {
    const { labels, features } = this.#problem;
    const { padded } = this.#layout;
    const stored = this.#floats("weights", features * padded);
    const weights = new Float32Array(features * labels);
    for (let f = 0; f < features; f++)
      weights.set(stored.subarray(f * padded, f * padded + labels), f * labels);
    return weights;
  }

  bias(): Float64Array {
    return Float64Array.from(this.#floats("bias", this.#problem.labels));
  }
}
