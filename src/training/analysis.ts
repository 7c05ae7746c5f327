// SPDX-License-Identifier: Apache-2.0
import type { InputKind } from "../core/task.ts";
import { type AnalyzerSettings, FeatureHashes } from "../model/analyzer.ts";
import { inputAnalyzer } from "../model/input-analyzer.ts";
import { allocate } from "../storage/allocation.ts";
import { sharedBytes, shareWords } from "../storage/shared-array.ts";
import { type InputChunk, inputTexts } from "./inputs.ts";

/** Most repeats of a feature in one input that count; its value grows with the logarithm. */
export const MOST_REPEATS = 255;

/** The distinct n-grams of a chunk's inputs, in shared memory. */
export interface AnalyzedChunk {
  readonly inputs: number;
  readonly namespaces: number;
  /** Namespace s of input i is [start[i * namespaces + s], start[i * namespaces + s + 1]). */
  readonly start: Uint32Array;
  /** A hash stands in the first namespace of an input that has it. */
  readonly hashes: Uint32Array;
  /** How often each occurs in its input, MOST_REPEATS at most. */
  readonly counts: Uint8Array;
}

/** Reads the inputs of a chunk one after another; the hashes are reused by the next. */
export function inputReader(
  chunk: InputChunk,
  kind: InputKind,
  settings: AnalyzerSettings,
): (input: number) => FeatureHashes {
  const text = inputTexts(chunk);
  const out = new FeatureHashes();
  const analyze = inputAnalyzer({ input: kind, analyzer: settings });
  return (input) => {
    analyze(text(input, 0), text(input, 1), out);
    return out;
  };
}

/** Analyzes every input of a chunk, once for all the tasks that have it. */
export function analyzeChunk(chunk: InputChunk, kind: InputKind, settings: AnalyzerSettings): AnalyzedChunk {
  const read = inputReader(chunk, kind, settings);
  try {
    for (let input = 0; input < chunk.inputs; input++) collected.add(read(input));
    return collected.build(chunk.inputs);
  } finally {
    collected.clear();
  }
}

/**
 * N-grams that there is room for at first, more than most chunks have: 40 MB of addresses, of which only what is written to takes
 * memory, while growing copies, into pages that the system makes anew.
 */
const ROOM = 2 ** 23;
/** The most that a thread keeps the memory of: 20 MB. */
const MOST_KEPT = 2 ** 22;

/** The distinct features of one input after another, and how often each occurs. */
class DistinctFeatures {
  #hashes = new Uint32Array(0);
  #counts = new Uint8Array(0);
  #length = 0;
  #start: number[] = [0];
  #namespaces = 0;
  /** Position + 1 of a hash among the input's; what earlier inputs left lies below the first of this one. */
  #slots = new Uint32Array(1 << 12);

  /** Forgets all inputs, and keeps the memory for others, unless long texts took more than most do. */
  clear(): void {
    if (this.#length > MOST_KEPT) {
      this.#hashes = new Uint32Array(0);
      this.#counts = new Uint8Array(0);
    }
    this.#length = 0;
    this.#start = [0];
    this.#slots.fill(0);
  }

  add({ hashes, length, ends }: FeatureHashes): void {
    this.#namespaces = ends.length;
    this.#reserve(length);
    const first = this.#length;
    let from = 0;
    for (const end of ends) {
      for (let i = from; i < end; i++) this.#count(hashes[i] as number, first);
      from = end;
      this.#start.push(this.#length);
    }
  }

  // 5 ns an n-gram; the table stays in the first cache.
  #count(hash: number, first: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let at = hash & mask;
    for (let found = slots[at] as number; found > first; found = slots[at] as number) {
      if (this.#hashes[found - 1] === hash) {
        const count = this.#counts[found - 1] as number;
        if (count < MOST_REPEATS) this.#counts[found - 1] = count + 1;
        return;
      }
      at = (at + 1) & mask;
    }
    this.#hashes[this.#length] = hash;
    this.#counts[this.#length++] = 1;
    slots[at] = this.#length;
  }

  #reserve(length: number): void {
    if (length * 2 > this.#slots.length) this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(length * 2)));
    const needed = this.#length + length;
    if (needed <= this.#hashes.length) return;
    const room = Math.max(ROOM, Math.ceil(needed * 1.5));
    const hashes = allocate(room * 4, () => new Uint32Array(room));
    const counts = allocate(room, () => new Uint8Array(room));
    hashes.set(this.#hashes.subarray(0, this.#length));
    counts.set(this.#counts.subarray(0, this.#length));
    this.#hashes = hashes;
    this.#counts = counts;
  }

  build(inputs: number): AnalyzedChunk {
    const counts = sharedBytes(this.#length);
    counts.set(this.#counts.subarray(0, this.#length));
    return {
      inputs,
      namespaces: this.#namespaces,
      start: shareWords(Uint32Array.from(this.#start)),
      hashes: shareWords(this.#hashes.subarray(0, this.#length)),
      counts,
    };
  }
}

// A thread analyzes one chunk after another: memory made anew for each costs as much as a tenth of the work.
const collected = new DistinctFeatures();
