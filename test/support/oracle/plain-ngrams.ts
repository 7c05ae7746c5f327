// SPDX-License-Identifier: Apache-2.0
import { termFrequency, weightTable } from "../../../src/model/vectorizer.ts";
import type { AnalyzedChunk } from "../../../src/training/analysis.ts";
import type { BlockRows } from "../../../src/training/blocks.ts";
import type { FamilyFeatures } from "../../../src/training/feature-selection.ts";
import type { IndexedChunk, NumberedChunk } from "../../../src/training/indexing.ts";
import { CHUNK_INPUTS } from "../../../src/training/inputs.ts";

/** What indexChunks makes of one chunk, by a Map; the chunk stays as it is. */
export function plainIndex(chunk: AnalyzedChunk, { hashes, weights }: FamilyFeatures): NumberedChunk {
  const { inputs, namespaces } = chunk;
  const numbers = new Map([...hashes].map((hash, id) => [hash, id]));
  const weight = weightTable(weights);
  const ids: number[] = [];
  const counts: number[] = [];
  const start = new Uint32Array(inputs * namespaces + 1);
  const factor = new Float32Array(inputs * namespaces);
  const unknown = new Uint32Array(inputs);
  for (let s = 0; s < inputs * namespaces; s++) {
    let squares = 0;
    for (let j = chunk.start[s] as number; j < (chunk.start[s + 1] as number); j++) {
      const id = numbers.get(chunk.hashes[j] as number);
      const count = chunk.counts[j] as number;
      const input = Math.floor(s / namespaces);
      if (id === undefined) {
        unknown[input] = (unknown[input] as number) + count;
        continue;
      }
      squares += (termFrequency(count) * (weight[weights.codes[id] as number] as number)) ** 2;
      ids.push(id);
      counts.push(count);
    }
    start[s + 1] = ids.length;
    factor[s] = squares === 0 ? 0 : 1 / Math.sqrt(squares);
  }
  const found = { ids: Uint32Array.from(ids), counts: Uint8Array.from(counts) };
  return { inputs, namespaces, start, ...found, factor, unknown };
}

/** A row of a block: its entries, each the number of a feature and a value, and 1 + the sum of their squares. */
export interface PlainRow {
  readonly entries: readonly (readonly [feature: number, value: number])[];
  readonly squares: number;
}

/** The rows that block `index` of `blocks` has, train rows first. */
export function plainRows(of: BlockRows, index: number, blocks: number): PlainRow[] {
  const feature = new Map([...of.features.ids].map((id, f) => [id, f]));
  const weight = weightTable(of.weights);
  return [of.train, of.eval].flatMap(({ chunks, inputs }) =>
    [...inputs]
      .filter((_, row) => row % blocks === index)
      .map((input) => {
        const chunk = chunks[Math.floor(input / CHUNK_INPUTS)] as IndexedChunk;
        const entries: [number, number][] = [];
        let squares = 0;
        for (let k = 0; k < chunk.namespaces; k++) {
          const s = (input % CHUNK_INPUTS) * chunk.namespaces + k;
          for (let j = chunk.start[s] as number; j < (chunk.start[s + 1] as number); j++) {
            const id = chunk.ids[j] as number;
            const f = feature.get(id);
            if (f === undefined) continue;
            const once = Math.fround(
              (weight[of.weights.codes[id] as number] as number) * (of.features.factor[f] as number),
            );
            const norm = chunk.factor[s] as number;
            const value = Math.fround(termFrequency(chunk.counts[j] as number) * once * norm);
            entries.push([f, value]);
            squares += value * value;
          }
        }
        return { entries, squares: Math.fround(1 + squares) };
      }),
  );
}
