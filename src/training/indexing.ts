// SPDX-License-Identifier: Apache-2.0
import { featureTable } from "../model/opening.ts";
import { type FeatureTable, termFrequency, weightTable } from "../model/vectorizer.ts";
import { sharedFloats } from "../storage/shared-array.ts";
import type { AnalyzedChunk } from "./analysis.ts";
import type { FamilyFeatures } from "./feature-selection.ts";

/**
 * A chunk's inputs as sparse vectors over the family's features, in shared memory. The value of entry j of namespace
 * s of input i is termFrequency(counts[j]) * weight of ids[j] * factor[i * namespaces + s], as the runtime's
 * vectorizer calculates it: 5 bytes an entry.
 */
export interface IndexedChunk {
  readonly inputs: number;
  readonly namespaces: number;
  /** Namespace s of input i is [start[i * namespaces + s], start[i * namespaces + s + 1]). */
  readonly start: Uint32Array;
  readonly ids: Uint32Array;
  readonly counts: Uint8Array;
  /** 1 over the length of each namespace's part; 0 where it is empty. */
  readonly factor: Float32Array;
}

/**
 * Numbers the n-grams of some chunks by the family's features, and drops the others: in place, so that a family's inputs
 * are in memory once.
 */
export function indexChunks(chunks: readonly AnalyzedChunk[], features: FamilyFeatures): IndexedChunk[] {
  const table = featureTable(features.hashes);
  const weight = weightTable(features.weights);
  return chunks.map((chunk) => indexChunk(chunk, table, weight, features.weights.codes));
}

function indexChunk(
  { inputs, namespaces, start, hashes, counts }: AnalyzedChunk,
  table: FeatureTable,
  weight: Float64Array,
  codes: Uint8Array,
): IndexedChunk {
  const factor = sharedFloats(inputs * namespaces);
  let n = 0;
  let from = 0;
  for (let s = 0; s < inputs * namespaces; s++) {
    const to = start[s + 1] as number;
    let squares = 0;
    for (let j = from; j < to; j++) {
      const id = table.find(hashes[j] as number);
      if (id < 0) continue;
      const count = counts[j] as number;
      const value = termFrequency(count) * (weight[codes[id] as number] as number);
      squares += value * value;
      hashes[n] = id;
      counts[n++] = count;
    }
    from = to;
    factor[s] = squares === 0 ? 0 : 1 / Math.sqrt(squares);
    start[s + 1] = n;
  }
  return { inputs, namespaces, start, ids: hashes, counts, factor };
}
