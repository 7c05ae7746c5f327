// SPDX-License-Identifier: Apache-2.0
import { weightTable } from "../model/vectorizer.ts";
import { sharedFloats, sharedWords } from "../storage/shared-array.ts";
import type { AnalyzedChunk } from "./analysis.ts";
import type { FamilyFeatures } from "./feature-selection.ts";
import { ngramKernel } from "./ngram-kernel.ts";
import { STAGED_ROWS, StagedRows } from "./staged-rows.ts";

/**
 * A chunk's inputs as sparse vectors over the family's features, in shared memory. The value of entry j of namespace
 * s of input i is termFrequency(counts[j]) * weight of ids[j] * factor[i * namespaces + s], as the runtime's
 * vectorizer calculates it: 5 bytes an entry.
 */
export interface IndexedChunk {
  readonly inputs: number;
  readonly namespaces: number;
  /** Namespace s of input i is [start[i * namespaces + s], start[i * namespaces + s + 1]). */
  readonly start: Uint32Array;
  readonly ids: Uint32Array;
  readonly counts: Uint8Array;
  /** 1 over the length of each namespace's part; 0 where it is empty. */
  readonly factor: Float32Array;
}

/** A chunk of a family's inputs, with what it was numbered from. */
export interface NumberedChunk extends IndexedChunk {
  /** Of each input, how often it has n-grams that are no feature. */
  readonly unknown: Uint32Array;
}

/**
 * Numbers the n-grams of some chunks by the family's features, and drops the others: in place, so that a family's inputs
 * are in memory once.
 */
export function indexChunks(chunks: readonly AnalyzedChunk[], features: FamilyFeatures): NumberedChunk[] {
  const numbering = new Numbering(features, chunks[0]?.namespaces ?? 0);
  return chunks.map((chunk) => indexChunk(chunk, numbering));
}

/** Numbers n-grams by a family's features, in the memory of this thread's kernel, until that begins anew. */
export class Numbering {
  /** The rows whose n-grams {@link number} is to number. */
  readonly staged: StagedRows;
  /** Of each of their segments, how often it has n-grams that are no feature. */
  readonly unknown: Uint32Array;
  /** Buckets of four features, at most half full. */
  readonly #table: Uint32Array;
  readonly #bits: number;
  readonly #codes: Uint8Array;
  /** What a code + 1 stands for, and 0 for none. */
  readonly #weight: Float64Array;
  readonly #kernel = ngramKernel();
  #values = this.#kernel.doubles(0);

  constructor({ hashes, weights }: FamilyFeatures, namespaces: number) {
    const kernel = this.#kernel;
    this.#bits = Math.max(1, Math.ceil(Math.log2(hashes.length / 2)));
    this.#table = kernel.words(8 << this.#bits);
    this.#codes = kernel.bytesOf(weights.codes);
    kernel.loops.enter(
      hashes.length,
      kernel.wordsOf(hashes).byteOffset,
      this.#codes.byteOffset,
      this.#table.byteOffset,
      32 - this.#bits,
    );
    this.#weight = kernel.doubles(257);
    this.#weight.set(weightTable(weights), 1);
    this.staged = new StagedRows(kernel, namespaces);
    this.unknown = kernel.words(STAGED_ROWS * namespaces);
  }

  /** Returns how many n-grams are features: they stay, in their order. */
  number(): number {
    return this.staged.number(this.#table, 32 - this.#bits, this.#weight, this.unknown);
  }

  /** The values of the numbered n-grams as the runtime has them, to the bit; good until the next call. */
  values(): Float64Array {
    const { staged } = this;
    if (this.#values.length < staged.ngrams) this.#values = this.#kernel.doubles(staged.words.length);
    staged.vectorize(this.#codes, this.#weight.subarray(1), this.#values);
    return this.#values;
  }
}

function indexChunk(chunk: AnalyzedChunk, of: Numbering): NumberedChunk {
  const { inputs, namespaces, start, hashes, counts } = chunk;
  const { staged } = of;
  const factor = sharedFloats(inputs * namespaces);
  const unknown = sharedWords(inputs);
  // The inputs that follow are where they were before these lost n-grams, until all are done.
  const ends = new Uint32Array(inputs * namespaces);
  let n = 0;
  for (let input = 0; input < inputs; ) {
    staged.clear();
    const next = staged.add(chunk, input, inputs);
    const left = of.number();
    const first = input * namespaces;
    staged.copyTo({ ids: hashes, counts, factor }, left, n, first);
    for (let s = 0; s < staged.segments; s++) {
      ends[first + s] = n + (staged.ends[s] as number);
      const own = input + Math.floor(s / namespaces);
      unknown[own] = (unknown[own] as number) + (of.unknown[s] as number);
    }
    n += left;
    input = next;
  }
  start.set(ends, 1);
  return { inputs, namespaces, start, ids: hashes, counts, factor, unknown };
}
