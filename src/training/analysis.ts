// SPDX-License-Identifier: Apache-2.0
import type { InputKind } from "../core/task.ts";
import { type AnalyzerSettings, FeatureHashes } from "../model/analyzer.ts";
import { inputAnalyzer } from "../model/input-analyzer.ts";
import { type InputChunk, inputTexts } from "./inputs.ts";
import { type CollectedNgrams, withCollector } from "./ngram-collector.ts";

/** An n-gram that an input has more often counts as often as this: a value grows with the logarithm. */
export const MOST_COUNTED = 255;

/**
 * The distinct n-grams of a chunk's inputs, in shared memory: a hash stands in the first namespace of an input that has it, and
 * with it how often it occurs in the input, {@link MOST_COUNTED} at most.
 */
export interface AnalyzedChunk extends CollectedNgrams {
  readonly inputs: number;
}

/** Reads the inputs of a chunk one after another; the hashes are reused by the next. */
function inputReader(
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
  const { inputs } = chunk;
  const read = inputReader(chunk, kind, settings);
  return withCollector((collector) => {
    collector.begin(settings, inputs);
    for (let input = 0; input < inputs; ) {
      const to = kind === "text" ? collector.load(chunk, input) : inputs;
      while (input < to) {
        if (kind === "text") input = collector.analyze(input, to);
        if (input < to) collector.add(read(input++));
      }
    }
    return { inputs, ...collector.build() };
  });
}
