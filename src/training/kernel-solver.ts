// SPDX-License-Identifier: Apache-2.0
import { seededRandom } from "../core/random.ts";
import { sharedFloats } from "../storage/shared-array.ts";
import { type Block, type Column, type Layout, layoutOf, STATES, UNSETTLED, writeCosts } from "./block.ts";
import { type Kernel, startSolver } from "./kernel.ts";
import { drawOrder } from "./row-order.ts";
import type { PassStatistics, RowStatistics, Solver, SolverState } from "./solver.ts";

/** Share of a pass's mean divergence below which a row is left out of the next one. */
export const SETTLED_SHARE = 0.1;
/** Rows from which on a pass leaves any out by that: a fit of few is made in a few passes, in which every row counts. */
const LEAST_ROWS = 2 ** 15;

/** Rows of numbers, of which those of one block are every `step`-th from `first` on. */
export interface Rows {
  readonly rows: Float32Array;
  readonly first: number;
  readonly step: number;
}

function writeInto({ rows, first, step }: Rows, i: number, values: Float32Array): void {
  rows.set(values, (first + i * step) * values.length);
}

/** {@link Solver} on a block, by the WASM kernel: one call a pass. All its state lies in the block. */
export class KernelSolver implements Solver {
  readonly #block: Block;
  readonly #layout: Layout;
  readonly #kernel: Kernel;
  readonly #seed: number;
  readonly #state: Float64Array;

  constructor(block: Block, seed: number) {
    this.#block = block;
    this.#seed = seed;
    this.#layout = layoutOf(block.shape);
    const { at, padded } = this.#layout;
    this.#state = new Float64Array(block.memory.buffer, at.state, STATES);
    this.#kernel = startSolver(block.memory);
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
      at.settled,
      at.scratch,
      padded * 4,
    );
  }

  #words(column: Column, length: number): Uint32Array {
    return new Uint32Array(this.#block.memory.buffer, this.#layout.at[column], length);
  }

  #floats(column: Column, length: number): Float32Array {
    return new Float32Array(this.#block.memory.buffer, this.#layout.at[column], length);
  }

  get #cost(): number {
    return this.#state[0] as number;
  }

  /** `share` times the cost in the steps of the passes: what one of so many partitions takes. */
  setCost(cost: number, share = 1): void {
    this.#state[0] = cost;
    this.#state[2] = share;
    writeCosts(this.#block);
    this.#floats("settled", this.#block.shape.rows * 2).fill(UNSETTLED);
  }

  /**
   * 0.55 ns a value and label in the first pass over sgd_act (docs/engine.md), 0.9 to 1.2 in the benchmark's problem of 20 labels;
   * a plain loop takes 13 times as much.
   */
  pass(to: number, from = 0): PassStatistics {
    // This pass changes the weights without looking at rows [0, from): they may not be as settled as they were.
    if (from > 0) this.#floats("settled", from * 2).fill(UNSETTLED);
    const order = this.#words("order", to - from);
    const passes = this.#state[1] as number;
    this.#state[1] = passes + 1;
    drawOrder(order, from, seededRandom(this.#seed, `pass ${passes}`));
    const share = order.length < LEAST_ROWS ? 0 : SETTLED_SHARE;
    this.#kernel.pass(order.byteOffset, order.length, share);
    return { ...this.#seen(from, to), primal: this.#kernel.primal(), gap: this.#kernel.gap() };
  }

  evaluate(from: number, to: number): RowStatistics {
    this.#kernel.evaluate(from, to);
    return this.#seen(from, to);
  }

  #seen(from: number, to: number): RowStatistics {
    const { labels } = this.#block.shape;
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
    const all = sharedFloats((to - from) * this.#block.shape.labels);
    this.writeScores(from, to, { rows: all, first: 0, step: 1 });
    return all;
  }

  /** Writes the raw scores of rows [from, to) where they belong. */
  writeScores(from: number, to: number, into: Rows): void {
    const { labels } = this.#block.shape;
    for (let i = from; i < to; i++) {
      // An address over 2^31 comes with a sign.
      const at = this.#kernel.scores(i) >>> 0;
      writeInto(into, i - from, new Float32Array(this.#block.memory.buffer, at, labels));
    }
  }

  /** The same with the duals of rows [0, rows), padded labels each. */
  writeDuals(rows: number, into: Rows): void {
    const { padded } = this.#layout;
    const dual = this.#floats("dual", rows * padded);
    for (let i = 0; i < rows; i++) writeInto(into, i, dual.subarray(i * padded, (i + 1) * padded));
  }

  /**
   * Starts from the duals that rows [0, n) had in another fit at the same cost, with these rows' values as they are:
   * W = sum C_i x_i (y_i - dual_i).
   */
  resume(dual: Float32Array): void {
    this.#floats("dual", dual.length).set(dual);
    this.#kernel.resume(dual.length / this.#layout.padded);
  }

  save(rows: number): SolverState {
    return { cost: this.#cost, dual: this.#floats("dual", rows * this.#layout.padded).slice() };
  }

  restore(state: SolverState, cost = state.cost): void {
    const { labels, features } = this.#block.shape;
    this.#floats("weights", features * this.#layout.padded).fill(0);
    this.#floats("bias", labels).fill(0);
    this.setCost(cost);
    this.resume(state.dual);
  }

  weights(): Float32Array {
    const { labels, features } = this.#block.shape;
    const { padded } = this.#layout;
    const stored = this.#floats("weights", features * padded);
    const weights = sharedFloats(features * labels);
    for (let f = 0; f < features; f++)
      weights.set(stored.subarray(f * padded, f * padded + labels), f * labels);
    return weights;
  }

  /** The same where they lie: the block makes no pass after that. */
  takeWeights(): Float32Array {
    const { labels, features } = this.#block.shape;
    const { padded } = this.#layout;
    const stored = this.#floats("weights", features * padded);
    if (padded > labels)
      for (let f = 1; f < features; f++) stored.copyWithin(f * labels, f * padded, f * padded + labels);
    return stored.subarray(0, features * labels);
  }

  bias(): Float64Array {
    return Float64Array.from(this.#floats("bias", this.#block.shape.labels));
  }
}
