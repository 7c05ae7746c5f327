// SPDX-License-Identifier: Apache-2.0
import { sharedDoubles, sharedFloats, sharedShorts, sharedWords } from "../storage/shared-array.ts";
import { allocateBlock, type Block, clearRows, layoutOf, STATES, UNSETTLED, writeCosts } from "./block.ts";
import { type BlockRows, fillBlock, shapeOf, writeRows } from "./blocks.ts";
import type { Deal } from "./dealing.ts";
import type { KernelMemory } from "./kernel.ts";

/**
 * What is kept of a block while another is in the memory that they take turns in: what its rows can't be filled anew
 * with. A dual's own label has its 32 bits, the others 16: see {@link packRows}.
 */
export interface SwapSpace {
  /** Those of the task, of which {@link DealtBlock.index} tells the block's. */
  readonly rows: BlockRows;
  readonly state: Float64Array;
  /** Dual of each row's label. */
  readonly own: Float32Array;
  /** Of all labels, rows x labels; what it has of the row's own is not read. */
  readonly others: Uint16Array;
  readonly settled: Float32Array;
  readonly predicted: Uint32Array;
}

/** Bytes that are kept of a row. */
export function swappedBytes(labels: number): number {
  return labels * 2 + 4 + 8 + 4;
}

/** Block `index` of `blocks`; with a swap space where it takes turns with others in its memory. */
export interface DealtBlock extends Block {
  readonly index: number;
  readonly blocks: number;
  readonly swap: SwapSpace | null;
}

/**
 * Makes block `index` of a deal: whole where it has a memory for itself; else without its rows, which are there once it is swapped in, in the
 * `memory` of its partition's first block, or in a new one where it is that itself.
 */
export function dealBlock(
  rows: BlockRows,
  index: number,
  deal: Deal,
  memory: KernelMemory | null,
): DealtBlock {
  const { partitions, blocks } = deal;
  if (blocks === partitions) return { ...fillBlock(rows, index, blocks), index, blocks, swap: null };
  const shape = shapeOf(rows, index, blocks);
  const block = memory === null ? allocateBlock(shape, partitionBytes(rows, index, deal)) : { shape, memory };
  const swap = {
    rows,
    state: sharedDoubles(STATES),
    // A fresh dual is all its label's.
    own: sharedFloats(shape.rows).fill(1),
    others: sharedShorts(shape.rows * shape.labels),
    settled: sharedFloats(shape.rows * 2).fill(UNSETTLED),
    predicted: sharedWords(shape.rows),
  };
  return { ...block, index, blocks, swap };
}

/** Bytes of the largest block of the partition that begins with block `first`. */
export function partitionBytes(rows: BlockRows, first: number, { partitions, blocks }: Deal): number {
  let most = 0;
  for (let index = first; index < blocks; index += partitions)
    most = Math.max(most, layoutOf(shapeOf(rows, index, blocks)).bytes);
  return most;
}

/** What of a block's memory is kept. */
function columnsOf({ shape, memory: { buffer } }: Block) {
  const { rows, labels } = shape;
  const { at, padded } = layoutOf(shape);
  return {
    resident: new Uint32Array(buffer, at.resident, 1),
    state: new Float64Array(buffer, at.state, STATES),
    truth: new Uint32Array(buffer, at.truth, rows),
    dual: new Float32Array(buffer, at.dual, rows * padded),
    bits: new Uint32Array(buffer, at.dual, rows * padded),
    settled: new Float32Array(buffer, at.settled, rows * 2),
    predicted: new Uint32Array(buffer, at.predicted, rows),
    padded,
    labels,
  };
}

/** Puts a block's rows into the memory that it takes turns in, unless they are there. */
export function swapIn(block: DealtBlock): void {
  const { swap, index, blocks } = block;
  if (swap === null) return;
  const column = columnsOf(block);
  if (column.resident[0] === index + 1) return;
  column.resident[0] = 0;
  clearRows(block);
  writeRows(swap.rows, index, blocks, block);
  column.state.set(swap.state);
  column.settled.set(swap.settled);
  column.predicted.set(swap.predicted);
  unpackRows(swap.others, column.bits, column.labels, column.padded);
  const { truth, dual, padded } = column;
  for (let i = 0; i < truth.length; i++) dual[i * padded + (truth[i] as number)] = swap.own[i] as number;
  writeCosts(block);
  column.resident[0] = index + 1;
}

/**
 * The held-out rows of a block alone, which are scored without their duals: in its memory, where it takes turns, and all other rows of that have to be
 * swapped in again.
 */
export function heldOut(block: DealtBlock): Block {
  const { swap, index, blocks, memory } = block;
  if (swap === null) return block;
  const { train } = swap.rows;
  const rows = { ...swap.rows, train: { ...train, inputs: train.inputs.subarray(0, 0) } };
  const held = { shape: shapeOf(rows, index, blocks), memory };
  columnsOf(held).resident[0] = 0;
  clearRows(held);
  writeRows(rows, index, blocks, held);
  return held;
}

/** Sets the cost of a block that takes turns, whose weights are those of that cost; it is there when its rows are swapped in. */
export function setSwappedCost(block: DealtBlock, swap: SwapSpace, cost: number, share: number): void {
  swap.state[0] = cost;
  swap.state[2] = share;
  swap.settled.fill(UNSETTLED);
  const { resident } = columnsOf(block);
  if (resident[0] === block.index + 1) resident[0] = 0;
}

/** Keeps what the block's rows have come to; they stay until another block is, held-out rows are looked at, or its cost is set. */
export function swapOut(block: DealtBlock): void {
  const { swap } = block;
  if (swap === null) return;
  const { state, truth, dual, bits, settled, predicted, padded, labels } = columnsOf(block);
  swap.state.set(state);
  swap.settled.set(settled);
  swap.predicted.set(predicted);
  for (let i = 0; i < truth.length; i++) swap.own[i] = dual[i * padded + (truth[i] as number)] as number;
  packRows(bits, swap.others, labels, padded);
}

/** Exponent 96 of 32-bit floats, that of 2^-31, in front of the 11 bits of a mantissa that are kept. */
const LEAST = 96 << 11;

/**
 * The 16 bits that are kept of a number in [0, 2): 5 of the exponent and 11 of the mantissa, no sign. It comes back to within
 * 2^-12 of itself, and as 0 from 2^-31 down. 1.2 to 1.3 ns a dual.
 */
export function packRows(bits: Uint32Array, into: Uint16Array, labels: number, padded: number): void {
  let at = 0;
  for (let row = 0; at < into.length; row += padded)
    for (let k = row; k < row + labels; k++) {
      const code = (((bits[k] as number) + 0x800) >>> 12) - LEAST;
      into[at++] = code > 0 ? code : 0;
    }
}

/** What {@link packRows} kept, as the bits of 32-bit floats, with zeros where labels fill up a vector: 1.4 to 1.5 ns a dual. */
export function unpackRows(from: Uint16Array, bits: Uint32Array, labels: number, padded: number): void {
  let at = 0;
  for (let row = 0; at < from.length; row += padded) {
    for (let k = row; k < row + labels; k++) {
      const code = from[at++] as number;
      bits[k] = code === 0 ? 0 : (code + LEAST) << 12;
    }
    for (let k = row + labels; k < row + padded; k++) bits[k] = 0;
  }
}
