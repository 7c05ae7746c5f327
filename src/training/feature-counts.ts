// SPDX-License-Identifier: Apache-2.0
import { shareDoubles } from "../storage/shared-array.ts";
import type { AnalyzedChunk } from "./analysis.ts";
import { ngramsOf } from "./inputs.ts";
import { joinInto } from "./joined-rows.ts";
import { type NgramKernel, ngramKernel, STAGED_ROWS, StagedRows } from "./ngram-kernel.ts";

/** A slot is a hash and its frequency, side by side: one cache miss a look-up, not two. */
const WORDS = 2;
/** A table begins with 2^12 slots, or one for 8 n-grams where that is more: a distinct n-gram occurs 3 to 20 times in most tasks. */
const LEAST_BITS = 12;
const NGRAMS_A_SLOT = 8;
/** Features rank by frequencies below this, so that a frequency and a hash fit the 53 bits of a number. */
const MOST_RANKED = 2 ** 21;

/**
 * Document frequencies by feature hash, in an open-addressed table of a kernel's memory (kernel/features.ts), that doubles: 6 to 7 ns
 * an n-gram where the table fits the caches.
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

  /** The features of at least `least` source rows, by falling frequency, then hash: `most` of them. */
  ranked(least: number, most: number): RankedFeatures {
    const table = this.#table;
    const keys = this.#kernel.doubles(this.#used);
    const n = this.#kernel.features.rank(table.byteOffset, table.length / WORDS, least, keys.byteOffset);
    const ranked = keys.subarray(0, n).sort();
    const frequent: [hash: number, frequency: number][] = [];
    if ((ranked[0] ?? Number.POSITIVE_INFINITY) < 2 ** 32)
      for (let at = 0; at < table.length; at += WORDS) {
        const [hash, frequency] = [table[at] as number, table[at + 1] as number];
        if (frequency >= MOST_RANKED) frequent.push([hash, frequency]);
      }
    return { keys: shareDoubles(ranked.subarray(0, most)), frequent };
  }
}

/** Features in the order of their ranks. */
export interface RankedFeatures {
  /** Falling frequency and hash as one sortable number each. */
  readonly keys: Float64Array;
  /** Those of 2^21 source rows and more, of which the keys don't tell how many these are; they tie. */
  readonly frequent: readonly (readonly [hash: number, frequency: number])[];
}

/** A task's features by falling document frequency (ties by hash), at most as many as a family keeps. */
export interface Candidates {
  readonly hashes: Uint32Array;
  /** In how many source rows of train each occurs. */
  readonly frequencies: Uint32Array;
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

/** Ranks a part of a task's features; the keys lie in shared memory. */
export function countFeatures(problem: CountProblem): RankedFeatures {
  const { chunks, inputs, count, parts, minDf, maxFeatures } = problem;
  const kernel = ngramKernel();
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
  const all = joinInto(
    new Float64Array(parts.reduce((n, { keys }) => n + keys.length, 0)),
    parts.map(({ keys }) => keys),
  );
  const ranked = (parts.length > 1 ? all.sort() : all).subarray(0, maxFeatures);
  const frequent = new Map(parts.flatMap((part) => part.frequent));
  const hashes = new Uint32Array(ranked.length);
  const frequencies = new Uint32Array(ranked.length);
  ranked.forEach((key, i) => {
    const rank = Math.floor(key / 2 ** 32);
    const hash = key - rank * 2 ** 32;
    hashes[i] = hash;
    frequencies[i] = rank > 0 ? MOST_RANKED - rank : (frequent.get(hash) as number);
  });
  return { hashes, frequencies, rows };
}
