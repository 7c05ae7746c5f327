// SPDX-License-Identifier: Apache-2.0
import type { NumberedChunk } from "./indexing.ts";
import { CHUNK_INPUTS } from "./inputs.ts";
import type { StoredHead } from "./quantizer.ts";

/** Rows of each task of a family, and what of its features the model has that ships. */
export interface KnownProblem {
  readonly chunks: readonly NumberedChunk[];
  /** Of the family, before those are dropped that no task uses. */
  readonly features: number;
  /** By task, the input of each row. */
  readonly inputs: readonly Uint32Array[];
  readonly heads: readonly Pick<StoredHead, "ids" | "used">[];
}

/**
 * By task, the share of each row's n-grams that it knows, in [0, 1]: a feature counts once, and an n-gram that is none as often
 * as it occurs. The model that ships says the same after reading the text again, but where one n-gram that is none occurs more
 * than 255 times: that is as often as training counts.
 */
export function knownShares({ chunks, features, inputs, heads }: KnownProblem): Float64Array[] {
  const kept = new Uint8Array(features);
  for (const { ids, used } of heads)
    for (let f = 0; f < ids.length; f++) if (used[f] === 1) kept[ids[f] as number] = 1;
  return heads.map(({ ids, used }, t) => {
    const own = new Uint8Array(features);
    for (let f = 0; f < ids.length; f++) own[ids[f] as number] = used[f] as number;
    return Float64Array.from(inputs[t] as Uint32Array, (input) =>
      shareOf(chunks[Math.floor(input / CHUNK_INPUTS)] as NumberedChunk, input % CHUNK_INPUTS, kept, own),
    );
  });
}

/** 3 ns an n-gram. */
function shareOf(chunk: NumberedChunk, input: number, kept: Uint8Array, own: Uint8Array): number {
  const { start, ids, counts, namespaces } = chunk;
  const to = start[(input + 1) * namespaces] as number;
  let known = 0;
  let all = chunk.unknown[input] as number;
  for (let j = start[input * namespaces] as number; j < to; j++) {
    const id = ids[j] as number;
    known += own[id] as number;
    all += kept[id] === 1 ? 1 : (counts[j] as number);
  }
  return known / (all || 1);
}
