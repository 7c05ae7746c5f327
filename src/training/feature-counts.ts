// SPDX-License-Identifier: Apache-2.0
import { shareWords } from "../storage/shared-array.ts";
import type { AnalyzedChunk } from "./analysis.ts";
import { ngramsOf } from "./inputs.ts";
import { joinInto } from "./joined-rows.ts";
import { type NgramKernel, ngramKernel, sortByKey } from "./ngram-kernel.ts";
import { STAGED_ROWS, StagedRows } from "./staged-rows.ts";

/** A slot is a hash and its frequency, side by side: one cache miss a look-up, not two. */
const WORDS = 2;
/** A table begins with 2^12 slots, or one for 8 n-grams where that is more: a distinct n-gram occurs 3 to 20 times in most tasks. */
const LEAST_BITS = 12;
const NGRAMS_A_SLOT = 8;

/**
 * Document frequencies by feature hash, in an open-addressed table of a kernel's memory (kernel/features.ts), that doubles: 4.6 ns
 * an n-gram of banking77's rows, copied for it, where plain JavaScript took 7.
 */
class DocumentFrequencies {
  readonly #kernel: NgramKernel;
  #table: Uint32Array;
  #bits: number;
  #used = 0;

  /** With room for the features of so many n-grams, as texts usually have them. */
  constructor(kernel: NgramKernel, ngrams: number) {
    this.#kernel = kernel;
    this.#bits = Math.max(LEAST_BITS, Math.floor(Math.log2(ngrams / NGRAMS_A_SLOT)));
    this.#table = kernel.words(WORDS * 2 ** this.#bits);
  }

  /** Counts the features of rows, each of which stands for so many source rows. */
  add(staged: StagedRows, copies: Uint32Array, of: Pick<CountProblem, "part" | "parts">): void {
    this.#reserve(staged.ngrams);
    this.#used = staged.count(copies, of, this.#table, 32 - this.#bits, this.#used);
  }

  /** Half of the slots stay empty, whatever so many n-grams are. */
  #reserve(ngrams: number): void {
    const bits = Math.ceil(Math.log2((this.#used + ngrams) * 2));
    if (bits <= this.#bits) return;
    const { byteOffset, length } = this.#table;
    this.#bits = bits;
    this.#table = this.#kernel.words(WORDS * 2 ** bits);
    this.#kernel.features.move(byteOffset, length / WORDS, this.#table.byteOffset, 32 - bits);
  }

  /** The features of at least `least` source rows: `most` of them. */
  ranked(least: number, most: number): RankedFeatures {
    const [kernel, table] = [this.#kernel, this.#table];
    // What is not of `least` is written too, and written over.
    const hashes = kernel.words(this.#used + 1);
    const frequencies = kernel.words(this.#used + 1);
    const n = kernel.features.list(
      table.byteOffset,
      table.length / WORDS,
      least,
      hashes.byteOffset,
      frequencies.byteOffset,
    );
    return rank(kernel, hashes.subarray(0, n), frequencies.subarray(0, n), most);
  }
}

/** Features by falling frequency, those that tie by hash; in shared memory. */
export interface RankedFeatures {
  readonly hashes: Uint32Array;
  /** In how many source rows each occurs. */
  readonly frequencies: Uint32Array;
}

/** The first `most` of features that are in a kernel's memory, ranked. */
function rank(
  kernel: NgramKernel,
  hashes: Uint32Array,
  frequencies: Uint32Array,
  most: number,
): RankedFeatures {
  const ids = kernel.words(hashes.length);
  kernel.features.iota(ids.length, ids.byteOffset);
  sortByKey(kernel, ids, hashes, "rising");
  sortByKey(kernel, ids, frequencies, "falling");
  const n = Math.min(most, ids.length);
  const sorted = kernel.words(n);
  const inOrder = (of: Uint32Array) => {
    kernel.features.gather(n, ids.byteOffset, of.byteOffset, sorted.byteOffset);
    return shareWords(sorted);
  };
  return { hashes: inOrder(hashes), frequencies: inOrder(frequencies) };
}

/** A task's features, at most as many as a family keeps. */
export interface Candidates extends RankedFeatures {
  /** Source rows of train. */
  readonly rows: number;
}

/** What {@link countFeatures} counts: the features whose hash falls to one of `parts`. */
export interface CountProblem {
  readonly chunks: readonly AnalyzedChunk[];
  /** Input of each row. */
  readonly inputs: Uint32Array;
  /** Source rows that each row stands for. */
  readonly count: Uint32Array;
  readonly minDf: number;
  readonly maxFeatures: number;
  readonly part: number;
  readonly parts: number;
}

/** Ranks a part of a task's features. */
export function countFeatures(problem: CountProblem): RankedFeatures {
  const { chunks, inputs, count, parts, minDf, maxFeatures } = problem;
  const kernel = ngramKernel(true);
  const staged = new StagedRows(kernel, chunks[0]?.namespaces ?? 0);
  const copies = kernel.words(STAGED_ROWS);
  const counter = new DocumentFrequencies(kernel, ngramsOf(chunks, inputs) / parts);
  for (let row = 0; row < inputs.length; ) {
    staged.clear();
    const next = staged.addRows(chunks, inputs, row);
    copies.set(count.subarray(row, next));
    counter.add(staged, copies, problem);
    row = next;
  }
  return counter.ranked(minDf, maxFeatures);
}

/** What {@link countFeatures} found of each part of a task's features, and the source rows of its train. */
export interface TaskRanking {
  readonly parts: readonly RankedFeatures[];
  readonly rows: number;
}

/** The parts of a task's ranking as one. */
export function joinRankings({ parts, rows }: TaskRanking, maxFeatures: number): Candidates {
  const [first, ...more] = parts;
  if (first !== undefined && more.length === 0) return { ...first, rows };
  const kernel = ngramKernel(true);
  const join = (columns: readonly Uint32Array[]) =>
    joinInto(kernel.words(columns.reduce((n, { length }) => n + length, 0)), columns);
  const hashes = join(parts.map((part) => part.hashes));
  const frequencies = join(parts.map((part) => part.frequencies));
  return { ...rank(kernel, hashes, frequencies, maxFeatures), rows };
}
