// SPDX-License-Identifier: Apache-2.0
import { log } from "../../../src/core/elementary.ts";
import { type FeatureWeights, termFrequency, weightTable } from "../../../src/model/vectorizer.ts";
import type { AnalyzedChunk } from "../../../src/training/analysis.ts";
import type { IndexedChunk } from "../../../src/training/indexing.ts";
import { CHUNK_INPUTS } from "../../../src/training/inputs.ts";
import type { TrainRows } from "../../../src/training/task-features.ts";

/** The segments of a row: of each namespace, where its n-grams are in its chunk. */
export function segmentsOf<Chunk extends { namespaces: number; start: Uint32Array }>(
  chunks: readonly Chunk[],
  input: number,
) {
  const chunk = chunks[Math.floor(input / CHUNK_INPUTS)] as Chunk;
  const first = (input % CHUNK_INPUTS) * chunk.namespaces;
  return Array.from({ length: chunk.namespaces }, (_, space) => ({
    chunk,
    space,
    segment: first + space,
    from: chunk.start[first + space] as number,
    to: chunk.start[first + space + 1] as number,
  }));
}

/** How many source rows have each hash, by a Map. */
export function plainFrequencies(
  chunks: readonly AnalyzedChunk[],
  inputs: Uint32Array,
  count: Uint32Array,
): Map<number, number> {
  const found = new Map<number, number>();
  inputs.forEach((input, row) => {
    for (const { chunk, from, to } of segmentsOf(chunks, input))
      for (const hash of chunk.hashes.subarray(from, to))
        found.set(hash, (found.get(hash) ?? 0) + (count[row] as number));
  });
  return found;
}

/**
 * What weighFeatures makes of the rows: label by label and feature by feature, in the kernel's order of adding up, so that
 * they agree to the bit. Of at most 2^14 rows.
 */
export function plainWeights(
  { chunks, inputs, label, count }: TrainRows,
  weights: FeatureWeights,
  labels: number,
  minDf: number,
): { ids: number[]; factor: number[] } {
  const all = count.reduce((sum, n) => sum + n, 0);
  const frequency = new Map<number, number>();
  const sums = new Map<number, number>();
  const spaces = new Map<number, number>();
  for (let k = 0; k < labels; k++) {
    const own = new Map<number, number>();
    let copies = 0;
    inputs.forEach((input, row) => {
      if (label[row] !== k) return;
      copies += count[row] as number;
      for (const { chunk, space, from, to } of segmentsOf(chunks, input))
        for (const id of chunk.ids.subarray(from, to)) {
          if (!own.has(id)) spaces.set(id, space);
          own.set(id, (own.get(id) ?? 0) + (count[row] as number));
        }
    });
    const prior = copies / all;
    for (const [id, n] of own) {
      frequency.set(id, (frequency.get(id) ?? 0) + n);
      sums.set(id, (sums.get(id) ?? 0) + (n + prior) * (log(n + prior) - log(prior)));
    }
  }
  const weight = new Map(
    [...frequency]
      .filter(([, df]) => df >= minDf)
      .map(([id, df]) => [
        id,
        0.1 + Math.sqrt(Math.max(0, (sums.get(id) as number) / (df + 1) - log(df + 1))),
      ]),
  );
  const constants = plainConstants(chunks, inputs, weights, weight);
  const ids = [...weight.keys()].sort(
    (a, b) => (frequency.get(b) as number) - (frequency.get(a) as number) || a - b,
  );
  const factor = ids.map((id) =>
    Math.fround((weight.get(id) as number) * (constants[spaces.get(id) as number] as number)),
  );
  return { ids, factor };
}

/** 1 over the mean length of what the rows have of each namespace. */
function plainConstants(
  chunks: readonly IndexedChunk[],
  inputs: Uint32Array,
  weights: FeatureWeights,
  weight: ReadonlyMap<number, number>,
): number[] {
  const of = weightTable(weights);
  const sums: number[] = [];
  const filled: number[] = [];
  for (const input of inputs)
    for (const { chunk, space, segment, from, to } of segmentsOf(chunks, input)) {
      let squares = 0;
      for (let j = from; j < to; j++) {
        const id = chunk.ids[j] as number;
        const once = (weight.get(id) ?? 0) * (of[weights.codes[id] as number] as number);
        squares += (termFrequency(chunk.counts[j] as number) * Math.fround(once)) ** 2;
      }
      if (squares === 0) continue;
      sums[space] = (sums[space] ?? 0) + Math.sqrt(squares) * (chunk.factor[segment] as number);
      filled[space] = (filled[space] ?? 0) + 1;
    }
  return Array.from({ length: chunks[0]?.namespaces ?? 0 }, (_, space) => {
    const sum = sums[space] ?? 0;
    return sum > 0 ? (filled[space] as number) / sum : 1;
  });
}
