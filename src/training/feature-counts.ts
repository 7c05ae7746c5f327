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

/** Document frequencies by feature hash, in an open-addressed table that doubles. */
class DocumentFrequencies {
  #keys = new Uint32Array(1 << 16);
  /** Frequency; 0 marks a free slot. */
  #counts = new Uint32Array(1 << 16);
  /** Last row that had the feature, plus one. */
  #last = new Uint32Array(1 << 16);
  #used = 0;

  /** Counts a feature of row `row`, which stands for `weight` source rows, once a row. */
  add(hash: number, row: number, weight: number): void {
    if (this.#used * 2 > this.#keys.length) this.#grow();
    const at = this.#slot(hash);
    if (this.#counts[at] === 0) {
      this.#keys[at] = hash;
      this.#used++;
    } else if (this.#last[at] === row + 1) return;
    this.#counts[at] = (this.#counts[at] as number) + weight;
    this.#last[at] = row + 1;
  }

  #slot(hash: number): number {
    const mask = this.#keys.length - 1;
    let at = hash & mask;
    while (this.#counts[at] !== 0 && this.#keys[at] !== hash) at = (at + 1) & mask;
    return at;
  }

  #grow(): void {
    const [keys, counts, last] = [this.#keys, this.#counts, this.#last];
    this.#keys = new Uint32Array(keys.length * 2);
    this.#counts = new Uint32Array(keys.length * 2);
    this.#last = new Uint32Array(keys.length * 2);
    for (let i = 0; i < keys.length; i++) {
      if (counts[i] === 0) continue;
      const at = this.#slot(keys[i] as number);
      this.#keys[at] = keys[i] as number;
      this.#counts[at] = counts[i] as number;
      this.#last[at] = last[i] as number;
    }
  }

  /** The features in at least `least` source rows: [frequency, hash] as one sortable number each. */
  atLeast(least: number): Float64Array {
    const found = new Float64Array(this.#used);
    let n = 0;
    for (let i = 0; i < this.#keys.length; i++) {
      const count = this.#counts[i] as number;
      if (count > 0 && count >= least)
        found[n++] = (2 ** 21 - 1 - Math.min(count, 2 ** 21 - 1)) * 2 ** 32 + (this.#keys[i] as number);
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
