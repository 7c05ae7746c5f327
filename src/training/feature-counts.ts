// SPDX-License-Identifier: Apache-2.0
import type { Examples } from "../core/example.ts";
import type { InputKind } from "../core/task.ts";
import { textAt } from "../core/text-column.ts";
import { Analyzer, type AnalyzerSettings, FeatureHashes } from "../model/analyzer.ts";
import { PairAnalyzer } from "../model/pair-analyzer.ts";

/** Feature hashes of one row after another; the same for training as for predicting. */
export function rowReader(
  examples: Examples,
  input: InputKind,
  settings: AnalyzerSettings,
): (row: number) => FeatureHashes {
  const out = new FeatureHashes();
  const { text, textB } = examples;
  if (input === "pair" && textB !== null) {
    const pairs = new PairAnalyzer(settings);
    return (row) => {
      pairs.analyze(textAt(text, row), textAt(textB, row), out);
      return out;
    };
  }
  const analyzer = new Analyzer(settings);
  return (row) => {
    analyzer.analyze(textAt(text, row), out);
    return out;
  };
}

/** Words of a slot: three are used, and four keep it inside a cache line. */
const WORDS = 4;

/**
 * Document frequencies by feature hash, in an open-addressed table that doubles. The three words of a slot lie side
 * by side: one cache miss a look-up, not three.
 */
class DocumentFrequencies {
  /** Slot by slot: hash; frequency, 0 in a free slot; last row that had the feature, plus one. */
  #slots = new Uint32Array(WORDS << 16);
  #mask = (1 << 16) - 1;
  #used = 0;

  /** Counts a feature of row `row`, which stands for `weight` source rows, once a row. */
  add(hash: number, row: number, weight: number): void {
    if (this.#used * 2 > this.#mask) this.#grow();
    const slots = this.#slots;
    const at = this.#slot(hash);
    const count = slots[at + 1] as number;
    if (count === 0) {
      slots[at] = hash;
      this.#used++;
    } else if (slots[at + 2] === row + 1) return;
    slots[at + 1] = count + weight;
    slots[at + 2] = row + 1;
  }

  #slot(hash: number): number {
    const slots = this.#slots;
    let at = hash & this.#mask;
    while (slots[at * WORDS + 1] !== 0 && slots[at * WORDS] !== hash) at = (at + 1) & this.#mask;
    return at * WORDS;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    this.#mask = this.#mask * 2 + 1;
    for (let from = 0; from < old.length; from += WORDS)
      if (old[from + 1] !== 0)
        this.#slots.set(old.subarray(from, from + WORDS), this.#slot(old[from] as number));
  }

  /** The features in at least `least` source rows: [frequency, hash] as one sortable number each. */
  atLeast(least: number): Float64Array {
    const found = new Float64Array(this.#used);
    let n = 0;
    for (let at = 0; at < this.#slots.length; at += WORDS) {
      const count = this.#slots[at + 1] as number;
      if (count > 0 && count >= least)
        found[n++] = (2 ** 21 - 1 - Math.min(count, 2 ** 21 - 1)) * 2 ** 32 + (this.#slots[at] as number);
    }
    return found.subarray(0, n);
  }
}

/** A task's features by falling document frequency (ties by hash), at most as many as a family keeps. */
export interface Candidates {
  readonly hashes: Uint32Array;
  /** In how many source rows of train each occurs, capped at 2^21 - 1. */
  readonly frequencies: Uint32Array;
  /** Source rows of train. */
  readonly rows: number;
}

/** Counts the features of a task's train rows and ranks those that occur often enough. */
export function countFeatures(
  examples: Examples,
  input: InputKind,
  settings: AnalyzerSettings,
  limits: { readonly minDf: number; readonly maxFeatures: number },
): Candidates {
  const read = rowReader(examples, input, settings);
  const counter = new DocumentFrequencies();
  let rows = 0;
  for (let row = 0; row < examples.rows; row++) {
    const weight = examples.count[row] as number;
    rows += weight;
    const features = read(row);
    for (let i = 0; i < features.length; i++) counter.add(features.hashes[i] as number, row, weight);
  }
  const ranked = counter.atLeast(limits.minDf).sort().subarray(0, limits.maxFeatures);
  const hashes = new Uint32Array(ranked.length);
  const frequencies = new Uint32Array(ranked.length);
  ranked.forEach((key, i) => {
    const high = Math.floor(key / 2 ** 32);
    frequencies[i] = 2 ** 21 - 1 - high;
    hashes[i] = key - high * 2 ** 32;
  });
  return { hashes, frequencies, rows };
}
