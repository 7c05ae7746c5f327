// SPDX-License-Identifier: Apache-2.0
import { startKernel } from "../core/web-assembly.ts";
import { termFrequency } from "../model/vectorizer.ts";
import { grow } from "../storage/allocation.ts";
import { FEATURES } from "./feature-bytes.ts";
import { kernelMemory } from "./kernel.ts";
import { NGRAMS } from "./ngram-bytes.ts";

/** What kernel/ngrams.ts exports; addresses are bytes of its memory. */
interface NgramLoops {
  enter(features: number, hashes: number, codes: number, table: number, shift: number): void;
  number(
    segments: number,
    words: number,
    counts: number,
    ends: number,
    table: number,
    shift: number,
    frequency: number,
    weight: number,
    factor: number,
    unknown: number,
  ): number;
  vectorize(
    segments: number,
    words: number,
    counts: number,
    ends: number,
    frequency: number,
    codes: number,
    weight: number,
    values: number,
  ): void;
  lengths(
    segments: number,
    namespaces: number,
    words: number,
    counts: number,
    ends: number,
    frequency: number,
    value: number,
    factor: number,
    sums: number,
    filled: number,
  ): void;
  narrow(segments: number, words: number, counts: number, ends: number, local: number): number;
  place(
    features: number,
    n: number,
    ids: number,
    factors: number,
    codes: number,
    weight: number,
    bytes: number,
    slots: number,
  ): void;
  expand(
    rows: number,
    namespaces: number,
    words: number,
    counts: number,
    ends: number,
    factor: number,
    slots: number,
    frequency: number,
    entries: number,
    rowEnds: number,
    rowSquares: number,
  ): number;
}

/** What kernel/features.ts exports. */
interface FeatureLoops {
  count(
    rows: number,
    namespaces: number,
    words: number,
    ends: number,
    copies: number,
    part: number,
    parts: number,
    table: number,
    shift: number,
    used: number,
  ): number;
  move(from: number, slots: number, table: number, shift: number): void;
  list(table: number, slots: number, least: number, hashes: number, frequencies: number): number;
  iota(n: number, ids: number): void;
  sort(n: number, ids: number, key: number, flip: number, shift: number, sorted: number, next: number): void;
  gather(n: number, ids: number, from: number, into: number): void;
  unite(
    n: number,
    own: number,
    ownFrequencies: number,
    table: number,
    shift: number,
    length: number,
    hashes: number,
    ranks: number,
    frequencies: number,
  ): number;
  cut(length: number, ranks: number, rankCount: number, ofRank: number, most: number): number;
  keep(n: number, ids: number, ranks: number, last: number, ofLast: number, kept: number): number;
  inverse(
    n: number,
    ids: number,
    frequencies: number,
    rows: number,
    exact: number,
    range: number,
    codes: number,
  ): void;
  tally(
    rows: number,
    namespaces: number,
    words: number,
    ends: number,
    copies: number,
    folds: number,
    scored: number,
    counts: number,
    left: number,
    spaces: number,
    met: number,
    length: number,
  ): number;
  learn(
    features: number,
    met: number,
    length: number,
    counts: number,
    left: number,
    sets: number,
    scored: number,
    prior: number,
    logPrior: number,
    frequencies: number,
    sums: number,
  ): void;
  weigh(
    features: number,
    sets: number,
    set: number,
    least: number,
    floor: number,
    frequencies: number,
    sums: number,
    weight: number,
    frequency: number,
    ids: number,
  ): number;
  values(features: number, weight: number, codes: number, ofCode: number, value: number): void;
  factors(n: number, ids: number, weight: number, spaces: number, constants: number, factor: number): void;
}

/** Arrays in the kernel's memory begin at multiples of this: a line of the cache. */
const LINE = 64;
/** The term frequency of each count: 256 doubles at the start. */
const FREQUENCIES = 256 * 8;

/** Memory that a thread keeps, at most, while it does what needs little of it. */
const MOST_KEPT = 2 ** 26;

/** Two kernels on a memory of their own; what is taken of it is given back by {@link begin}. */
class NgramKernel {
  readonly #memory = kernelMemory(1);
  readonly loops = startKernel(NGRAMS, this.#memory) as NgramLoops;
  readonly features = startKernel(FEATURES, this.#memory) as FeatureLoops;
  /** Address of the term frequencies. */
  readonly frequency = 0;
  #next = FREQUENCIES;
  /** Up to where something may have been written. */
  #used = FREQUENCIES;

  constructor() {
    new Float64Array(this.#memory.buffer, 0, 256).set(
      Float64Array.from({ length: 256 }, (_, count) => termFrequency(count)),
    );
  }

  /** Gives back all that was taken. */
  begin(): void {
    this.#next = FREQUENCIES;
  }

  /** What `use` takes is given back after it. */
  within<Result>(use: () => Result): Result {
    const next = this.#next;
    const result = use();
    this.#next = next;
    return result;
  }

  /** Whether it has taken more memory than a thread is to keep. */
  get isLarge(): boolean {
    return this.#used > MOST_KEPT;
  }

  /** All zero at first, and good until it is given back: the memory is a shared one, which grows in its place. */
  words(length: number): Uint32Array {
    const at = this.#take(length * 4);
    return new Uint32Array(this.#memory.buffer, at, length);
  }

  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return new Uint8Array(this.#memory.buffer, at, length);
  }

  floats(length: number): Float32Array {
    const at = this.#take(length * 4);
    return new Float32Array(this.#memory.buffer, at, length);
  }

  doubles(length: number): Float64Array {
    const at = this.#take(length * 8);
    return new Float64Array(this.#memory.buffer, at, length);
  }

  /** Copies of `values`, good as long. */
  wordsOf(values: Uint32Array): Uint32Array {
    const own = this.words(values.length);
    own.set(values);
    return own;
  }

  bytesOf(values: Uint8Array): Uint8Array {
    const own = this.bytes(values.length);
    own.set(values);
    return own;
  }

  floatsOf(values: Float32Array): Float32Array {
    const own = this.floats(values.length);
    own.set(values);
    return own;
  }

  doublesOf(values: Float64Array): Float64Array {
    const own = this.doubles(values.length);
    own.set(values);
    return own;
  }

  #take(bytes: number): number {
    const at = this.#next;
    const end = at + Math.ceil(bytes / LINE) * LINE;
    const { byteLength } = this.#memory.buffer;
    if (end > byteLength) grow(this.#memory, end - byteLength);
    new Uint8Array(this.#memory.buffer, at, Math.max(0, Math.min(end, this.#used) - at)).fill(0);
    this.#next = end;
    this.#used = Math.max(this.#used, end);
    return at;
  }
}

let started: NgramKernel | undefined;

/**
 * The kernel of this thread, with all its memory: nothing of an earlier call is needed when another begins. What `isLarge` takes the
 * memory as it is; for anything else one that has grown is let go of, as it is large for nothing.
 */
export function ngramKernel(isLarge = false): NgramKernel {
  if (started === undefined || (started.isLarge && !isLarge)) started = new NgramKernel();
  started.begin();
  return started;
}

export type { NgramKernel };

/** Bits of a key that one turn of the radix sort goes by. */
const DIGIT = 16;

/** Sorts ids by their 32-bit keys, all in the kernel's memory; those that tie stay in their order. */
export function sortByKey(
  kernel: NgramKernel,
  ids: Uint32Array,
  key: Uint32Array,
  order: "rising" | "falling",
): void {
  const flip = order === "falling" ? 0xffffffff : 0;
  kernel.within(() => {
    const half = kernel.words(ids.length);
    const next = kernel.words(2 ** DIGIT + 1);
    for (const [shift, from, to] of [
      [0, ids, half],
      [DIGIT, half, ids],
    ] as const)
      kernel.features.sort(
        ids.length,
        from.byteOffset,
        key.byteOffset,
        flip,
        shift,
        to.byteOffset,
        next.byteOffset,
      );
  });
}
