// SPDX-License-Identifier: Apache-2.0
import type { SparseVector } from "./vectorizer.ts";

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

/** Bytes of a feature's mask. */
export function maskBytes(tasks: number): number {
  return Math.ceil(tasks / 8);
}

/** Bits of a word of the expanded mask. */
const WORD_BITS = 32;

/** [byte of the mask * 256 + its value]: the labels of the tasks whose bits it sets. */
function widthsOfBytes(labels: readonly number[], bytes: number): Uint32Array {
  return Uint32Array.from({ length: bytes * 256 }, (_, i) => {
    let width = 0;
    for (let t = 0; t < 8; t++) if (((i & 255) >> t) & 1) width += labels[(i >> 8) * 8 + t] ?? 0;
    return width;
  });
}

/** Scores sparse vectors against every head of a family. Holds no vocabulary and knows no text. */
export class LinearModel {
  readonly heads: readonly Head[];
  readonly #values: Int8Array | Float32Array;
  readonly #words: number;
  readonly #mask: Uint32Array;
  /** First weight of each feature's block, and the end of the last. */
  readonly #start: Uint32Array;
  readonly #labels: readonly number[];

  constructor(features: number, heads: readonly Head[], weights: LinearWeights) {
    this.heads = heads;
    this.#values = weights.values;
    this.#labels = heads.map((head) => head.labels.length);
    this.#words = Math.ceil(heads.length / WORD_BITS);
    this.#mask = new Uint32Array(features * this.#words);
    this.#start = new Uint32Array(features + 1);
    const bytes = maskBytes(heads.length);
    const widths = widthsOfBytes(this.#labels, bytes);
    let at = 0;
    for (let f = 0; f < features; f++) {
      for (let b = 0; b < bytes; b++) {
        const byte = weights.mask[f * bytes + b] as number;
        const word = f * this.#words + (b >>> 2);
        this.#mask[word] = (this.#mask[word] as number) | (byte << ((b & 3) * 8));
        at += widths[b * 256 + byte] as number;
      }
      this.#start[f + 1] = at;
    }
  }

  /** Number of weights that the masks call for; a valid model has exactly that many. */
  get size(): number {
    return this.#start[this.#start.length - 1] as number;
  }

  // First weight of task t in the block of feature f: the labels of the tasks before it that have one.
  #offset(f: number, t: number): number {
    let at = this.#start[f] as number;
    for (let w = 0; w * WORD_BITS < t; w++) {
      let bits = this.#mask[f * this.#words + w] as number;
      if (t - w * WORD_BITS < WORD_BITS) bits &= (1 << (t - w * WORD_BITS)) - 1;
      while (bits !== 0) {
        const lowest = 31 - Math.clz32(bits & -bits);
        at += this.#labels[w * WORD_BITS + lowest] as number;
        bits &= bits - 1;
      }
    }
    return at;
  }

  /** First weight of task `t` for feature `f`, or -1 where the task does not use the feature. */
  block(f: number, t: number): number {
    const bits = this.#mask[f * this.#words + (t >>> 5)] as number;
    return (bits >>> (t & 31)) & 1 ? this.#offset(f, t) : -1;
  }

  /** Weight at a position of a block, in units of the score. */
  weight(t: number, block: number, label: number): number {
    return (this.#values[block + label] as number) * ((this.heads[t] as Head).scale[label] as number);
  }

  /** Raw scores of task `t`, one a label, into `out`. */
  score(x: SparseVector, t: number, out: Float64Array): void {
    const labels = this.#labels[t] as number;
    const values = this.#values;
    out.fill(0);
    for (let i = 0; i < x.length; i++) {
      const at = this.block(x.ids[i] as number, t);
      if (at < 0) continue;
      const v = x.values[i] as number;
      for (let k = 0; k < labels; k++) out[k] = (out[k] as number) + v * (values[at + k] as number);
    }
    this.#finish(t, out);
  }

  /** Raw scores of every task in one pass over the vector; `out[t]` has one entry a label. */
  scoreAll(x: SparseVector, out: readonly Float64Array[]): void {
    const values = this.#values;
    for (const scores of out) scores.fill(0);
    for (let i = 0; i < x.length; i++) {
      const f = x.ids[i] as number;
      const v = x.values[i] as number;
      let at = this.#start[f] as number;
      for (let w = 0; w < this.#words; w++) {
        let bits = this.#mask[f * this.#words + w] as number;
        while (bits !== 0) {
          const t = w * WORD_BITS + 31 - Math.clz32(bits & -bits);
          const scores = out[t] as Float64Array;
          for (let k = 0; k < scores.length; k++)
            scores[k] = (scores[k] as number) + v * (values[at + k] as number);
          at += scores.length;
          bits &= bits - 1;
        }
      }
    }
    for (let t = 0; t < out.length; t++) this.#finish(t, out[t] as Float64Array);
  }

  #finish(t: number, out: Float64Array): void {
    const { scale, bias } = this.heads[t] as Head;
    for (let k = 0; k < out.length; k++)
      out[k] = (out[k] as number) * (scale[k] as number) + (bias[k] as number);
  }
}
