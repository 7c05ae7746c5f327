// SPDX-License-Identifier: Apache-2.0
import { CHUNK_INPUTS } from "./inputs.ts";
import type { NgramKernel } from "./ngram-kernel.ts";

// Hot: every n-gram of every input is numbered once, 8 to 17 ns each where plain JavaScript took 25 to 30, and written into a
// block by every fit, 3 to 8 ns where it took 11. Copying rows into the kernel's memory and back takes 1 ns an n-gram.

/** Inputs by their n-grams: as they are analyzed, and once these are numbered. */
type NgramChunk = {
  readonly namespaces: number;
  /** Namespace s of input i is [start[i * namespaces + s], start[i * namespaces + s + 1]). */
  readonly start: Uint32Array;
  readonly counts: Uint8Array;
} & ({ readonly hashes: Uint32Array } | { readonly ids: Uint32Array; readonly factor: Float32Array });

/** Source rows of one label that have each feature, in the kernel's memory. */
export interface Tallied {
  readonly counts: Uint32Array;
  /** Those of them that each fold has, side by side for each feature. */
  readonly left: Uint32Array;
  /** The namespace that each feature was met in last. */
  readonly spaces: Uint8Array;
  /** The features that have a count, each once, are the first `length`. */
  readonly met: Uint32Array;
  length: number;
}

/** Features of a family, at most, that {@link StagedRows.number} tells from codes. */
export const MOST_NUMBERED = 2 ** 20 - 1;

/** What a kernel leaves out: an offset that no feature's weights have, and a number that no feature has. */
export const UNUSED = 0xffffffff;

/** N-grams and rows that are worked on at a time: they stay in the second cache beside what is looked up. */
export const STAGED_NGRAMS = 2 ** 14;
export const STAGED_ROWS = 2 ** 10;

/** Rows in the memory of a kernel: as many as one call works on. */
export class StagedRows {
  readonly namespaces: number;
  #words: Uint32Array;
  #counts: Uint8Array;
  readonly #kernel: NgramKernel;
  /** Where each segment's n-grams end. */
  readonly ends: Uint32Array;
  /** Of each segment: what the chunks have, or what {@link number} found. */
  readonly factor: Float32Array;
  #rows = 0;
  #ngrams = 0;

  constructor(kernel: NgramKernel, namespaces: number) {
    this.#kernel = kernel;
    this.namespaces = namespaces;
    this.#words = kernel.words(STAGED_NGRAMS);
    this.#counts = kernel.bytes(STAGED_NGRAMS);
    this.ends = kernel.words(STAGED_ROWS * namespaces);
    this.factor = kernel.floats(STAGED_ROWS * namespaces);
  }

  get rows(): number {
    return this.#rows;
  }

  get segments(): number {
    return this.#rows * this.namespaces;
  }

  /** Of all rows. */
  get ngrams(): number {
    return this.#ngrams;
  }

  get words(): Uint32Array {
    return this.#words;
  }

  get counts(): Uint8Array {
    return this.#counts;
  }

  clear(): void {
    this.#rows = 0;
    this.#ngrams = 0;
  }

  /**
   * Numbers the hashes by a table of 2^(32 - shift) buckets: {@link words} and {@link counts} lose what is no feature,
   * {@link ends} follow, and factor and unknown n-grams of each segment are written. Returns how many n-grams are left.
   */
  number(table: Uint32Array, shift: number, weight: Float64Array, unknown: Uint32Array): number {
    return this.#kernel.loops.number(
      this.segments,
      this.#words.byteOffset,
      this.#counts.byteOffset,
      this.ends.byteOffset,
      table.byteOffset,
      shift,
      this.#kernel.frequency,
      weight.byteOffset,
      this.factor.byteOffset,
      unknown.byteOffset,
    );
  }

  /** Writes the value of each numbered n-gram as the runtime has it; `weight` is what each of the features' `codes` stands for. */
  vectorize(codes: Uint8Array, weight: Float64Array, values: Float64Array): void {
    this.#kernel.loops.vectorize(
      this.segments,
      this.#words.byteOffset,
      this.#counts.byteOffset,
      this.ends.byteOffset,
      this.#kernel.frequency,
      codes.byteOffset,
      weight.byteOffset,
      values.byteOffset,
    );
  }

  /**
   * Adds the length of each segment that has one to `sums` of its namespace, and 1 to `filled`; `value` has those of all features
   * where a term frequency is 1.
   */
  addLengths(value: Float32Array, sums: Float64Array, filled: Float64Array): void {
    this.#kernel.loops.lengths(
      this.segments,
      this.namespaces,
      this.#words.byteOffset,
      this.#counts.byteOffset,
      this.ends.byteOffset,
      this.#kernel.frequency,
      value.byteOffset,
      this.factor.byteOffset,
      sums.byteOffset,
      filled.byteOffset,
    );
  }

  /**
   * Puts what `local` has for each feature in its place, without those that have {@link UNUSED} there; {@link ends} follow. Returns
   * how many n-grams are left.
   */
  narrow(local: Uint32Array): number {
    return this.#kernel.loops.narrow(
      this.segments,
      this.#words.byteOffset,
      this.#counts.byteOffset,
      this.ends.byteOffset,
      local.byteOffset,
    );
  }

  /**
   * Adds the hashes of `part` of `parts` to a table of 2^(32 - shift) slots, `used` of which are, as often as `copies` says of each
   * row. Returns how many are used then; the table has room for all of them.
   */
  count(
    copies: Uint32Array,
    { part, parts }: { readonly part: number; readonly parts: number },
    table: Uint32Array,
    shift: number,
    used: number,
  ): number {
    return this.#kernel.features.count(
      this.#rows,
      this.namespaces,
      this.#words.byteOffset,
      this.ends.byteOffset,
      copies.byteOffset,
      part,
      parts,
      table.byteOffset,
      shift,
      used,
    );
  }

  /** Counts the features of rows of one label, as often as `copies` says of each, once and more, and apart those of `folds` below `scored`. */
  tally(copies: Uint32Array, folds: Uint8Array, scored: number, into: Tallied): void {
    into.length = this.#kernel.features.tally(
      this.#rows,
      this.namespaces,
      this.#words.byteOffset,
      this.ends.byteOffset,
      copies.byteOffset,
      folds.byteOffset,
      scored,
      into.counts.byteOffset,
      into.left.byteOffset,
      into.spaces.byteOffset,
      into.met.byteOffset,
      into.length,
    );
  }

  /**
   * Copies what is left of the n-grams, `left` of them, behind `at` others, and the factor of each segment, the first of which is
   * segment `first` there.
   */
  copyTo(
    { ids, counts, factor }: { ids: Uint32Array; counts: Uint8Array; factor: Float32Array },
    left: number,
    at: number,
    first: number,
  ): void {
    ids.set(this.#words.subarray(0, left), at);
    counts.set(this.#counts.subarray(0, left), at);
    factor.set(this.factor.subarray(0, this.segments), first);
  }

  /** Writes the rows as entries of a block, where each ends, and its sum of squares; returns how many entries there are. */
  expand(slots: Uint32Array, entries: Uint32Array, rowEnds: Uint32Array, rowSquares: Float64Array): number {
    return this.#kernel.loops.expand(
      this.#rows,
      this.namespaces,
      this.#words.byteOffset,
      this.#counts.byteOffset,
      this.ends.byteOffset,
      this.factor.byteOffset,
      slots.byteOffset,
      this.#kernel.frequency,
      entries.byteOffset,
      rowEnds.byteOffset,
      rowSquares.byteOffset,
    );
  }

  /**
   * Adds inputs of a chunk from `from` on, up to `to`: as many as there is room for, and at least one if there are none yet.
   * Returns the first that was left out.
   */
  add(chunk: NgramChunk, from: number, to: number): number {
    const { start, counts, namespaces } = chunk;
    const first = start[from * namespaces] as number;
    const room = this.#words.length - this.#ngrams;
    const last = Math.min(to, from + STAGED_ROWS - this.#rows);
    let next = from;
    while (next < last && (start[(next + 1) * namespaces] as number) - first <= room) next++;
    if (next === from && this.#rows === 0 && from < to) {
      next++;
      this.#reserve((start[next * namespaces] as number) - first);
    }
    if (next === from) return from;
    const end = start[next * namespaces] as number;
    const words = "ids" in chunk ? chunk.ids : chunk.hashes;
    const shift = this.#ngrams - first;
    this.#words.set(words.subarray(first, end), this.#ngrams);
    this.#counts.set(counts.subarray(first, end), this.#ngrams);
    const before = (this.#rows - from) * namespaces;
    for (let s = from * namespaces; s < next * namespaces; s++) {
      this.ends[before + s] = (start[s + 1] as number) + shift;
      if ("factor" in chunk) this.factor[before + s] = chunk.factor[s] as number;
    }
    this.#rows += next - from;
    this.#ngrams += end - first;
    return next;
  }

  /** Room for one input of so many n-grams; what is too small for it is lost until all is given back. */
  #reserve(ngrams: number): void {
    if (ngrams <= this.#words.length) return;
    const room = Math.max(ngrams, this.#words.length * 2);
    this.#words = this.#kernel.words(room);
    this.#counts = this.#kernel.bytes(room);
  }

  /**
   * Adds the inputs of rows from `from` on, those of every `step`-th row, up to the end of `inputs` or of the room. Returns the
   * first row that was left out.
   */
  addRows(chunks: readonly NgramChunk[], inputs: Uint32Array, from: number, step = 1): number {
    let row = from;
    while (row < inputs.length) {
      const input = inputs[row] as number;
      const first = input % CHUNK_INPUTS;
      let run = 1;
      const most = Math.min(CHUNK_INPUTS - first, Math.max(1, STAGED_ROWS - this.#rows));
      while (run < most && inputs[row + run * step] === input + run) run++;
      const chunk = chunks[Math.floor(input / CHUNK_INPUTS)] as NgramChunk;
      const added = this.add(chunk, first, first + run) - first;
      row += added * step;
      if (added < run) return row;
    }
    return row;
  }
}
