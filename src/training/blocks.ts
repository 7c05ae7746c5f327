// SPDX-License-Identifier: Apache-2.0
import type { Examples } from "../core/example.ts";
import { type FeatureWeights, weightTable } from "../model/vectorizer.ts";
import { allocateBlock, type Block, type BlockShape, BlockWriter, layoutOf, reuseBlock } from "./block.ts";
import { ngramsOf } from "./inputs.ts";
import { ngramKernel } from "./ngram-kernel.ts";
import { STAGED_ROWS, StagedRows } from "./staged-rows.ts";
import type { IndexedRows, TaskFeatures } from "./task-features.ts";

/** Rows of one split with what the solver wants to know of each. */
export interface WeightedRows extends IndexedRows {
  readonly label: Examples["label"];
  /** Weight of each row's loss, over 0. */
  readonly weight: Float64Array;
}

/** The rows of a task that are dealt out to blocks: row i of either part goes to block i % blocks. */
export interface BlockRows {
  /** Of the family's features. */
  readonly weights: FeatureWeights;
  readonly features: TaskFeatures;
  readonly labels: number;
  readonly train: WeightedRows;
  /** No rows where the task has none. */
  readonly eval: WeightedRows;
}

function rowsOf(rows: number, index: number, blocks: number): number {
  return Math.max(0, Math.ceil((rows - index) / blocks));
}

/** Shape of block `index` of `blocks`; what it is too large by is never touched, and no memory is spent on it. */
export function shapeOf(rows: BlockRows, index: number, blocks: number): BlockShape {
  const train = rowsOf(rows.train.inputs.length, index, blocks);
  const entriesOf = ({ chunks, inputs }: IndexedRows) => ngramsOf(chunks, inputs, index, blocks);
  return {
    train,
    rows: train + rowsOf(rows.eval.inputs.length, index, blocks),
    // Those of the features that the task leaves out are counted too.
    entries: entriesOf(rows.train) + entriesOf(rows.eval),
    features: rows.features.ids.length,
    labels: rows.labels,
  };
}

/** Makes block `index` of `blocks`. */
export function fillBlock(rows: BlockRows, index: number, blocks: number): Block {
  const block = allocateBlock(shapeOf(rows, index, blocks));
  writeRows(rows, index, blocks, block);
  return block;
}

/** Writes the rows of block `index` of `blocks`, with the task's factors on the values, into one without any. */
export function writeRows(rows: BlockRows, index: number, blocks: number, block: Block): void {
  const writer = new BlockWriter(block);
  const expander = new RowExpander(rows, writer.bytes);
  for (const part of [rows.train, rows.eval])
    for (let row = index; row < part.inputs.length; ) row = expander.write(part, row, blocks, writer);
}

/** Blocks that a thread needs one after another, each in the memory of the one before. */
export class BlockMemory {
  #last: Block | undefined;

  /** All rows as one block; the block before it is gone. */
  fill(rows: BlockRows): Block {
    const shape = shapeOf(rows, 0, 1);
    const block = this.#last === undefined ? allocateBlock(shape) : reuseBlock(shape, this.#last);
    writeRows(rows, 0, 1, block);
    this.#last = block;
    return block;
  }
}

/** Writes rows into a block as sparse vectors over the features that the task uses. */
class RowExpander {
  readonly #kernel = ngramKernel();
  /**
   * For each of the family's features, side by side so that both come with one line of the cache: where the task has its
   * weights, and its value where its term frequency is 1.
   */
  readonly #slots: Uint32Array;
  readonly #staged: StagedRows;
  readonly #ends = this.#kernel.words(STAGED_ROWS);
  readonly #squares = this.#kernel.doubles(STAGED_ROWS);
  #entries = this.#kernel.words(0);

  /** `bytes` are those of a feature's weights. */
  constructor({ weights, features: { ids, factor }, train }: BlockRows, bytes: number) {
    const kernel = this.#kernel;
    const { length } = weights.codes;
    this.#slots = kernel.words(length * 2);
    kernel.within(() => {
      kernel.loops.place(
        length,
        ids.length,
        kernel.wordsOf(ids).byteOffset,
        kernel.floatsOf(factor).byteOffset,
        kernel.bytesOf(weights.codes).byteOffset,
        kernel.doublesOf(weightTable(weights)).byteOffset,
        bytes,
        this.#slots.byteOffset,
      );
    });
    this.#staged = new StagedRows(kernel, train.chunks[0]?.namespaces ?? 0);
  }

  /** Writes the rows from `from` on, every `step`-th, as many as are worked on at a time; returns the first left out. */
  write(
    { chunks, inputs, label, weight }: WeightedRows,
    from: number,
    step: number,
    writer: BlockWriter,
  ): number {
    const staged = this.#staged;
    staged.clear();
    const next = staged.addRows(chunks, inputs, from, step);
    if (this.#entries.length < staged.ngrams * 2) this.#entries = this.#kernel.words(staged.words.length * 2);
    const entries = staged.expand(this.#slots, this.#entries, this.#ends, this.#squares);
    const first = writer.write(this.#entries.subarray(0, entries * 2));
    for (let i = 0, row = from; i < staged.rows; i++, row += step)
      writer.endRow(
        first + (this.#ends[i] as number),
        this.#squares[i] as number,
        label[row] as number,
        weight[row] as number,
      );
    return next;
  }
}

function weightsOf({ shape, memory: { buffer } }: Block): { weights: Float32Array; bias: Float32Array } {
  const { at, padded } = layoutOf(shape);
  return {
    weights: new Float32Array(buffer, at.weights, shape.features * padded),
    bias: new Float32Array(buffer, at.bias, shape.labels),
  };
}

/** Gives all blocks part `index` of the first one's weights, which are cut into as many: threads may share parts at the same time. */
export function shareWeights(blocks: readonly Block[], index: number): void {
  for (const [first, ...others] of weightParts(blocks, index)) for (const other of others) other.set(first);
}

/**
 * Adds up what n blocks, each with weights of its own, learnt in a pass from the same weights w, and gives it to all. Each took n times its costs, as if the
 * others were its like (CoCoA+, Ma et al., ICML 2015, with gamma = 1 and sigma' = n), so its steps are n times what its duals
 * stand for; and w + sum (w_i - w) / n is the mean of the w_i. The weights are cut into n parts, of which this merges part
 * `index`: threads may merge parts at the same time.
 */
export function mergeWeights(blocks: readonly Block[], index: number): void {
  for (const parts of weightParts(blocks, index)) average(parts);
}

/** Part `index` of the blocks' weights, and of their biases, which are cut into as many parts as there are blocks. */
function weightParts(blocks: readonly Block[], index: number): [Float32Array, ...Float32Array[]][] {
  const own = blocks.map(weightsOf);
  return (["weights", "bias"] as const).map((column) => {
    const { length } = (own[0] as (typeof own)[number])[column];
    const from = Math.floor((length * index) / blocks.length);
    const to = Math.floor((length * (index + 1)) / blocks.length);
    return own.map((weights) => weights[column].subarray(from, to)) as [Float32Array, ...Float32Array[]];
  });
}

/** Weights that are averaged at a time: they stay in the first cache. */
const AVERAGED = 2048;

/** Replaces each of the arrays, which are as long as each other, by the mean of all: 2 to 4 ns a number, mostly waiting for memory. */
function average(parts: readonly [Float32Array, ...Float32Array[]]): void {
  const [first, ...others] = parts;
  for (let start = 0; start < first.length; start += AVERAGED) {
    const mean = first.subarray(start, start + AVERAGED);
    for (const part of others) addTo(mean, part.subarray(start, start + AVERAGED));
    for (let j = 0; j < mean.length; j++) mean[j] = (mean[j] as number) / parts.length;
    for (const part of others) part.set(mean, start);
  }
}

function addTo(sums: Float32Array, values: Float32Array): void {
  for (let j = 0; j < values.length; j++) sums[j] = (sums[j] as number) + (values[j] as number);
}
