// SPDX-License-Identifier: Apache-2.0

import { shareDoubles } from "../storage/shared-array.ts";
import type { AnalyzedChunk } from "./analysis.ts";
import { CHUNK_INPUTS, ngramsOf } from "./inputs.ts";
import { joinInto } from "./joined-rows.ts";

/** A slot is a hash and its frequency, side by side: one cache miss a look-up, not two. */
const WORDS = 2;
/** A table begins with 2^12 slots, or one for 8 n-grams where that is more: a distinct n-gram occurs 3 to 20 times in most tasks. */
const LEAST_BITS = 12;
const NGRAMS_A_SLOT = 8;
/** 2^32 over the golden ratio, odd: the leading bits of a product with it depend on every bit (Knuth, TAOCP 3, 6.4). */
const SCRAMBLE = 0x9e3779b1;

/**
 * Where to look first for a hash in a table of 2^(32 - shift) slots. All hashes of a part have some bits in common: as they
 * are, they would lie in a few heaps of the table, and every look-up would go through half a heap (a million rows: ten
 * minutes and more instead of a second).
 */
export function firstSlot(hash: number, shift: number): number {
  return Math.imul(hash, SCRAMBLE) >>> shift;
}

/** Features rank by frequencies below this, so that a frequency and a hash fit the 53 bits of a number. */
const MOST_RANKED = 2 ** 21;

/** Document frequencies by feature hash, in an open-addressed table that doubles. */
class DocumentFrequencies {
  #slots: Uint32Array;
  #mask: number;
  /** Leading bits of a scrambled hash that are no part of its slot. */
  #shift: number;
  #used = 0;

  /** With room for the features of so many n-grams, as texts usually have them. */
  constructor(ngrams: number) {
    const bits = Math.max(LEAST_BITS, Math.floor(Math.log2(ngrams / NGRAMS_A_SLOT)));
    this.#slots = new Uint32Array(WORDS * 2 ** bits);
    this.#mask = 2 ** bits - 1;
    this.#shift = 32 - bits;
  }

  /** Counts a feature of a row that stands for `weight` source rows: 6 to 7 ns where the table fits the caches. */
  add(hash: number, weight: number): void {
    const slots = this.#slots;
    const at = this.#slot(hash);
    const count = slots[at + 1] as number;
    slots[at + 1] = count + weight;
    if (count > 0) return;
    slots[at] = hash;
    if (++this.#used * 2 > this.#mask) this.#grow();
  }

  #slot(hash: number): number {
    const slots = this.#slots;
    let at = firstSlot(hash, this.#shift);
    while (slots[at * WORDS + 1] !== 0 && slots[at * WORDS] !== hash) at = (at + 1) & this.#mask;
    return at * WORDS;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    this.#mask = this.#mask * 2 + 1;
    this.#shift--;
    for (let from = 0; from < old.length; from += WORDS) {
      if (old[from + 1] === 0) continue;
      const at = this.#slot(old[from] as number);
      this.#slots[at] = old[from] as number;
      this.#slots[at + 1] = old[from + 1] as number;
    }
  }

  /** The features of at least `least` source rows, by falling frequency, then hash. */
  ranked(least: number): RankedFeatures {
    const keys = new Float64Array(this.#used);
    const frequent: [hash: number, frequency: number][] = [];
    let n = 0;
    for (let at = 0; at < this.#slots.length; at += WORDS) {
      const [hash, count] = [this.#slots[at] as number, this.#slots[at + 1] as number];
      if (count === 0 || count < least) continue;
      if (count >= MOST_RANKED) frequent.push([hash, count]);
      keys[n++] = (MOST_RANKED - Math.min(count, MOST_RANKED)) * 2 ** 32 + hash;
    }
    return { keys: keys.subarray(0, n).sort(), frequent };
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
  const { chunks, inputs, count, part, parts } = problem;
  const counter = new DocumentFrequencies(ngramsOf(chunks, inputs) / parts);
  for (let row = 0; row < inputs.length; row++) {
    const input = inputs[row] as number;
    const { start, hashes, namespaces } = chunks[Math.floor(input / CHUNK_INPUTS)] as AnalyzedChunk;
    const first = (input % CHUNK_INPUTS) * namespaces;
    const to = start[first + namespaces] as number;
    const weight = count[row] as number;
    for (let j = start[first] as number; j < to; j++) {
      const hash = hashes[j] as number;
      if (parts === 1 || (hash >>> 16) % parts === part) counter.add(hash, weight);
    }
  }
  const { keys, frequent } = counter.ranked(problem.minDf);
  return { keys: shareDoubles(keys.subarray(0, problem.maxFeatures)), frequent };
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
