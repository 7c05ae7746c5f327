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
 * and the kernel reads.
 */
export interface Block {
  readonly shape: BlockShape;
  readonly memory: KernelMemory;
}

const COLUMNS = [
  "state",
  "weight",
  "start",
  "entries",
  "weights",
  "bias",
  "dual",
  "truth",
  "cost",
  "squares",
  "predicted",
  "settled",
  "scratch",
  "order",
] as const;
export type Column = (typeof COLUMNS)[number];

/** Where the columns of a block lie in its memory. */
export interface Layout {
  /** Labels, filled up to whole vectors of 4. */
  readonly padded: number;
  readonly at: Readonly<Record<Column, number>>;
  readonly bytes: number;
}

export function layoutOf({ rows, entries, features, labels }: BlockShape): Layout {
  const padded = Math.ceil(labels / 4) * 4;
  const sizes: Record<Column, number> = {
    state: 16,
    weight: rows * 8,
    start: (rows + 1) * 4,
    entries: entries * 8,
    weights: features * padded * 4,
    bias: padded * 4,
    dual: rows * padded * 4,
    truth: rows * 4,
    cost: rows * 4,
    squares: rows * 4,
    predicted: rows * 4,
    settled: rows * 8,
    scratch: padded * 4 * SCRATCH_VECTORS,
    order: rows * 4,
  };
  const at = {} as Record<Column, number>;
  let next = 1024;
  for (const column of COLUMNS) {
    at[column] = next;
    next += Math.ceil(sizes[column] / 64) * 64;
  }
  return { padded, at, bytes: next };
}

/** A block without rows yet: {@link BlockWriter} fills it. */
export function allocateBlock(shape: BlockShape): Block {
  return { shape, memory: kernelMemory(Math.ceil(layoutOf(shape).bytes / PAGE)) };
}

/**
 * A block in the memory of one that is no longer needed, which grows where it is too small; nothing of it is left but in the
 * entries, which are written before they are read. A thread's memories are freed late, as they weigh nothing in its heap: fits
 * one after another would hold one each.
 */
export function reuseBlock(shape: BlockShape, { memory }: Block): Block {
  const { at, bytes } = layoutOf(shape);
  const there = memory.buffer.byteLength;
  const used = new Uint8Array(memory.buffer, 0, Math.min(bytes, there));
  used.fill(0, 0, at.entries);
  used.fill(0, at.weights);
  if (bytes > there) grow(memory, bytes - there);
  return { shape, memory };
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
