// SPDX-License-Identifier: Apache-2.0
import { PAGE } from "../core/web-assembly.ts";
import { grow } from "../storage/allocation.ts";
import { type KernelMemory, kernelMemory } from "./kernel.ts";

/** Bytes of a 32-bit memory. */
export const MOST_BYTES = 2 ** 32;
/** Bias of the labels that fill up the last vector: their probability is 0. */
const NEVER = -1e30;
/** Of a row that the next pass is to look at; else its loss, which is not under 0, with its divergence behind it. */
export const UNSETTLED = -1;
/** Vectors of labels that the kernel calculates in, and its list of blocks. */
const SCRATCH_VECTORS = 6;

/** How much a block holds. */
export interface BlockShape {
  /** Train rows, and all rows: the held-out ones follow. */
  readonly train: number;
  readonly rows: number;
  /** Room for the values of all rows that are not zero: at least as many as there are. */
  readonly entries: number;
  readonly features: number;
  readonly labels: number;
}

/**
 * Rows of a task with their duals, and a copy of the task's weights, in one memory that every thread can work on
 * and the kernel reads. Blocks of one task may take turns in a memory, with the weights that it has (swapping.ts).
 */
export interface Block {
  readonly shape: BlockShape;
  readonly memory: KernelMemory;
}

/** What the blocks of a task have in common lies first, at the same place in each; then what is its rows'. */
const COLUMNS = [
  "weights",
  "bias",
  "scratch",
  "resident",
  "state",
  "weight",
  "start",
  "truth",
  "cost",
  "squares",
  "predicted",
  "settled",
  "dual",
  "entries",
  // The last, so that no row's entries end where the addresses do.
  "order",
] as const;
export type Column = (typeof COLUMNS)[number];
/** The first of what is the rows'. */
const FIRST_OF_ROWS: Column = "state";
/** Numbers of the column `state`: cost, passes made, and the factor on the cost in the steps of a pass. */
export const STATES = 3;

/** Where the columns of a block lie in its memory. */
export interface Layout {
  /** Labels, filled up to whole vectors of 4. */
  readonly padded: number;
  readonly at: Readonly<Record<Column, number>>;
  /** All, and those of the rows among them. */
  readonly bytes: number;
  readonly rowBytes: number;
}

export function layoutOf({ rows, entries, features, labels }: BlockShape): Layout {
  const padded = Math.ceil(labels / 4) * 4;
  const sizes: Record<Column, number> = {
    weights: features * padded * 4,
    bias: padded * 4,
    scratch: padded * 4 * SCRATCH_VECTORS,
    resident: 4,
    state: STATES * 8,
    weight: rows * 8,
    start: (rows + 1) * 4,
    truth: rows * 4,
    cost: rows * 4,
    squares: rows * 4,
    predicted: rows * 4,
    settled: rows * 8,
    dual: rows * padded * 4,
    entries: entries * 8,
    order: rows * 4,
  };
  const at = {} as Record<Column, number>;
  let next = 1024;
  for (const column of COLUMNS) {
    at[column] = next;
    next += Math.ceil(sizes[column] / 64) * 64;
  }
  return { padded, at, bytes: next, rowBytes: next - at[FIRST_OF_ROWS] };
}

/** A block without rows yet: {@link BlockWriter} fills it. Its memory has room for `bytes`, at least for all of the block. */
export function allocateBlock(shape: BlockShape, bytes = layoutOf(shape).bytes): Block {
  return { shape, memory: kernelMemory(Math.ceil(bytes / PAGE)) };
}

/**
 * A block in the memory of one that is no longer needed, which grows where it is too small; nothing of it is left but in the
 * entries and the order, which are written before they are read. A thread's memories are freed late, as they weigh nothing in its heap: fits
 * one after another would hold one each.
 */
export function reuseBlock(shape: BlockShape, { memory }: Block): Block {
  const { at, bytes } = layoutOf(shape);
  const there = memory.buffer.byteLength;
  new Uint8Array(memory.buffer, 0, Math.min(at.entries, there)).fill(0);
  if (bytes > there) grow(memory, bytes - there);
  return { shape, memory };
}

/** Empties what is the rows' of a block that is to be filled anew, but for the duals; the weights stay. */
export function clearRows({ shape, memory }: Block): void {
  const { at } = layoutOf(shape);
  new Uint8Array(memory.buffer, at[FIRST_OF_ROWS], at.dual - at[FIRST_OF_ROWS]).fill(0);
}

/** Writes the costs of a block's rows: their weights times what its state says. */
export function writeCosts({ shape, memory: { buffer } }: Block): void {
  const { at } = layoutOf(shape);
  const [cost, , share] = new Float64Array(buffer, at.state, STATES) as unknown as [number, number, number];
  const costs = new Float32Array(buffer, at.cost, shape.rows);
  const weight = new Float64Array(buffer, at.weight, shape.rows);
  for (let i = 0; i < costs.length; i++) costs[i] = (weight[i] as number) * cost * share;
}

/** Writes the rows of a block one after another: the entries of some rows, then the end of each. */
export class BlockWriter {
  /** Bytes of a feature's weights. */
  readonly bytes: number;
  readonly #padded: number;
  readonly #entries: Uint32Array;
  readonly #start: Uint32Array;
  readonly #squares: Float32Array;
  readonly #truth: Uint32Array;
  readonly #weight: Float64Array;
  readonly #dual: Float32Array;
  #row = 0;
  #written = 0;

  constructor({ shape, memory: { buffer } }: Block) {
    const { at, padded } = layoutOf(shape);
    const { rows, entries, labels } = shape;
    this.#padded = padded;
    this.bytes = padded * 4;
    this.#entries = new Uint32Array(buffer, at.entries, entries * 2);
    this.#start = new Uint32Array(buffer, at.start, rows + 1);
    this.#squares = new Float32Array(buffer, at.squares, rows);
    this.#truth = new Uint32Array(buffer, at.truth, rows);
    this.#weight = new Float64Array(buffer, at.weight, rows);
    this.#dual = new Float32Array(buffer, at.dual, rows * padded);
    new Float32Array(buffer, at.bias, padded).fill(NEVER, labels);
    new Float32Array(buffer, at.settled, rows * 2).fill(UNSETTLED);
  }

  /**
   * Adds entries, each the offset of its feature's weights, in bytes, and the bits of its value, 32 of them. Returns the number
   * of the first.
   */
  write(entries: Uint32Array): number {
    const first = this.#written;
    this.#entries.set(entries, first * 2);
    this.#written = first + entries.length / 2;
    return first;
  }

  /**
   * Ends a row before entry `end`; `squares` is the sum of those of its values. Its dual starts at its label, where W = 0.
   * `weight` is that of its loss, over 0.
   */
  endRow(end: number, squares: number, truth: number, weight: number): void {
    const row = this.#row++;
    this.#start[row + 1] = end;
    // The constant feature of the bias is 1.
    this.#squares[row] = 1 + squares;
    this.#truth[row] = truth;
    this.#weight[row] = weight;
    this.#dual[row * this.#padded + truth] = 1;
  }
}
