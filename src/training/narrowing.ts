// SPDX-License-Identifier: Apache-2.0
import type { FeatureWeights } from "../model/vectorizer.ts";
import { sharedBytes, sharedFloats, sharedWords } from "../storage/shared-array.ts";
import type { IndexedChunk } from "./indexing.ts";
import { CHUNK_INPUTS, ngramsOf } from "./inputs.ts";
import { ngramKernel } from "./ngram-kernel.ts";
import { StagedRows, UNUSED } from "./staged-rows.ts";
import type { IndexedRows } from "./task-features.ts";

/** The inputs of a task by themselves, over the features that it uses: what is fitted several times. */
export interface NarrowRows {
  readonly chunks: readonly IndexedChunk[];
  /** Of those features, in the task's order. */
  readonly weights: FeatureWeights;
}

/**
 * Copies a task's rows out of its family's: input i is row i, and feature f is `ids[f]`, so that what goes over them
 * stays in the caches. The values are those that the family gives them. 4 to 6 ns an n-gram (kernel/ngrams.ts).
 */
export function narrowRows(rows: IndexedRows, weights: FeatureWeights, ids: Uint32Array): NarrowRows {
  const kernel = ngramKernel();
  const codes = sharedBytes(ids.length);
  const local = kernel.words(weights.codes.length).fill(UNUSED);
  for (let f = 0; f < ids.length; f++) {
    const id = ids[f] as number;
    local[id] = f;
    codes[f] = weights.codes[id] as number;
  }
  const staged = new StagedRows(kernel, rows.chunks[0]?.namespaces ?? 0);
  const chunks: IndexedChunk[] = [];
  for (let from = 0; from < rows.inputs.length; from += CHUNK_INPUTS)
    chunks.push(narrowChunk(rows, local, rows.inputs.subarray(from, from + CHUNK_INPUTS), staged));
  return { chunks, weights: { ...weights, codes } };
}

function narrowChunk(
  { chunks }: IndexedRows,
  local: Uint32Array,
  inputs: Uint32Array,
  staged: StagedRows,
): IndexedChunk {
  const { namespaces } = staged;
  const most = ngramsOf(chunks, inputs);
  const start = sharedWords(inputs.length * namespaces + 1);
  const factor = sharedFloats(inputs.length * namespaces);
  const ids = sharedWords(most);
  const counts = sharedBytes(most);
  let n = 0;
  for (let row = 0; row < inputs.length; ) {
    staged.clear();
    const next = staged.addRows(chunks, inputs, row);
    const left = staged.narrow(local);
    const first = row * namespaces;
    staged.copyTo({ ids, counts, factor }, left, n, first);
    for (let s = 0; s < staged.segments; s++) start[first + s + 1] = n + (staged.ends[s] as number);
    n += left;
    row = next;
  }
  return { inputs: inputs.length, namespaces, start, ids, counts, factor };
}
