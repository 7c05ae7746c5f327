// SPDX-License-Identifier: Apache-2.0
import { type Accumulator, MOST_BLOCKS } from "./accumulator.ts";

/** What one task adds to a family's shared features: a softmax head. */
export interface Head {
  readonly labels: readonly string[];
  /** What one unit of a stored weight is worth, for each label; 1 for weights that are not quantized. */
  readonly scale: Float32Array;
  readonly bias: Float32Array;
}

/**
 * Weights feature by feature. A feature's block holds, for each task whose bit is set in the feature's
 * mask and in the order of the tasks, one weight a label.
 */
export interface LinearWeights {
  /** ceil(tasks / 8) bytes a feature; bit t % 8 of byte t / 8 is task t. */
  readonly mask: Uint8Array;
  readonly values: Int8Array | Float32Array;
}

/** Labels of the task that has most. */
export function mostLabels(heads: readonly Pick<Head, "labels">[]): number {
  return Math.max(...heads.map((head) => head.labels.length));
}

/** Bytes of a feature's mask. */
export function maskBytes(tasks: number): number {
  return Math.ceil(tasks / 8);
}

/** Where the blocks of the features begin among the weights. */
export interface BlockStarts {
  /** First weight of each feature's block. */
  readonly start: Uint32Array;
  /** Number of weights that the masks call for. */
  readonly size: number;
  /** [byte of the mask * 256 + its value]: the labels of the tasks whose bits it sets. */
  readonly widths: Uint32Array;
}

/** A width for the bits of tasks that are not there: no file has as many weights. */
const STRAY = 2 ** 31;

/** {@link BlockStarts.widths} of tasks of so many labels. */
export function blockWidths(labels: readonly number[]): Uint32Array {
  return Uint32Array.from({ length: maskBytes(labels.length) * 256 }, (_, i) => {
    let width = 0;
    for (let t = 0; t < 8; t++) if ((i >> t) & 1) width += labels[(i >> 8) * 8 + t] ?? STRAY;
    return Math.min(width, STRAY);
  });
}

/** What of a vector a score is made of: a value for each of `length` features. */
export interface ScoredVector {
  readonly ids: Uint32Array;
  readonly values: Float64Array;
  readonly length: number;
}

/** Scores sparse vectors against every head of a family. Holds no vocabulary and knows no text. */
export class LinearModel {
  readonly heads: readonly Head[];
  readonly #values: Int8Array | Float32Array;
  readonly #mask: Uint8Array;
  /** Bytes of a mask. */
  readonly #bytes: number;
  readonly #blocks: BlockStarts;
  readonly #sums: Accumulator;

  /** `blocks` are those of the weights, which have what their masks call for, no more and no less; `sums` adds them up. */
  constructor(heads: readonly Head[], weights: LinearWeights, blocks: BlockStarts, sums: Accumulator) {
    this.heads = heads;
    this.#values = weights.values;
    this.#mask = weights.mask;
    this.#bytes = maskBytes(heads.length);
    this.#blocks = blocks;
    this.#sums = sums;
  }

  /** First weight of task `t` for feature `f`, or -1 where the task does not use the feature. */
  block(f: number, t: number): number {
    const mask = this.#mask;
    const { start, widths } = this.#blocks;
    const last = t >> 3;
    const bit = 1 << (t & 7);
    const from = f * this.#bytes;
    const byte = mask[from + last] as number;
    if ((byte & bit) === 0) return -1;
    let at = start[f] as number;
    for (let b = 0; b < last; b++) at += widths[b * 256 + (mask[from + b] as number)] as number;
    return at + (widths[last * 256 + (byte & (bit - 1))] as number);
  }

  /** Weight at a position of a block, in units of the score. */
  weight(t: number, block: number, label: number): number {
    return (this.#values[block + label] as number) * ((this.heads[t] as Head).scale[label] as number);
  }

  /**
   * Raw scores of task `t`, one a label, into `out`; returns how many features of the vector the task uses. 2.3 us for one of
   * banking77's test texts and its 77 labels in the caches (120 blocks), 3.1 between predictions (bench/children/micro.mjs).
   */
  score({ ids, values, length }: ScoredVector, t: number, out: Float64Array): number {
    const { scale, bias } = this.heads[t] as Head;
    const labels = scale.length;
    const { at, by, sums } = this.#sums;
    sums.fill(0, 0, labels);
    let n = 0;
    let known = 0;
    for (let i = 0; i < length; i++) {
      const block = this.block(ids[i] as number, t);
      if (block < 0) continue;
      at[n] = block;
      by[n++] = values[i] as number;
      if (n < MOST_BLOCKS) continue;
      this.#sums.add(n, labels);
      known += n;
      n = 0;
    }
    this.#sums.add(n, labels);
    for (let k = 0; k < labels; k++)
      out[k] = (sums[k] as number) * (scale[k] as number) + (bias[k] as number);
    return known + n;
  }
}
