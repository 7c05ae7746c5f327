// SPDX-License-Identifier: Apache-2.0
import { type Banding, bandKey, chooseBanding } from "./banding.ts";
import { type JoinState, joinBucket } from "./bucket-join.ts";
import type { RowTexts } from "./exact-duplicates.ts";
import { GramSet } from "./gram-set.ts";
import { minHash, SKETCH_WORDS, SLOTS, writeSketch } from "./min-hash.ts";
import { PairVerifier } from "./pair-verifier.ts";
import { newPause, type Pause } from "./pause.ts";
import { sortedByKey } from "./sorting.ts";
import { UnionFind } from "./union-find.ts";

/** Which rows are near-duplicates: by chains of pairs with a Jaccard of at least the threshold. */
export interface NearDuplicates {
  /** Official rows are tied among themselves, and the others among themselves. */
  readonly sets: UnionFind;
  /** 1 where an official row is similar to one that is not, and where one that is not is to an official. */
  readonly across: Uint8Array;
}

interface Signatures {
  /** For each band, the key of each row. */
  readonly keys: readonly Uint32Array[];
  readonly sizes: Uint32Array;
  readonly sketches: Int32Array;
}

async function sign(rows: RowTexts, { bands, slots }: Banding, pause: Pause): Promise<Signatures> {
  const keys = Array.from({ length: bands }, () => new Uint32Array(rows.length));
  const sizes = new Uint32Array(rows.length);
  const sketches = new Int32Array(rows.length * SKETCH_WORDS);
  const signature = new Int32Array(SLOTS);
  const grams = new GramSet();
  for (let i = 0; i < rows.length; i++) {
    if ((i & 255) === 0 && pause.due()) await pause.turn();
    grams.read(rows, i);
    sizes[i] = grams.size;
    minHash(grams.hashes, grams.size, signature);
    writeSketch(signature, sketches, i * SKETCH_WORDS);
    for (let band = 0; band < bands; band++) {
      (keys[band] as Uint32Array)[i] = bandKey(signature, band, slots);
    }
  }
  return { keys, sizes, sketches };
}

async function joinBand(state: JoinState, keys: Uint32Array, pause: Pause): Promise<void> {
  const order = sortedByKey(keys);
  for (let start = 0; start < order.length; ) {
    const key = keys[order[start] as number];
    let end = start + 1;
    while (end < order.length && keys[order[end] as number] === key) end++;
    if (end - start > 1) {
      joinBucket(state, order.subarray(start, end));
      if (pause.due()) await pause.turn();
    }
    start = end;
  }
}

/**
 * Finds near-duplicates by banded MinHash signatures; each candidate's Jaccard is computed exactly. The
 * rows must come in an order of their own (by id): then the result follows from the set of rows alone.
 */
export async function findNearDuplicates(
  texts: RowTexts,
  official: Uint8Array,
  threshold: number,
): Promise<NearDuplicates> {
  const sets = new UnionFind(texts.length);
  const across = new Uint8Array(texts.length);
  const pause = newPause();
  const { keys, sizes, sketches } = await sign(texts, chooseBanding(threshold, texts.length), pause);
  const verifier = new PairVerifier(texts, sizes, sketches, threshold);
  const state: JoinState = { texts, sizes, official, threshold, verifier, sets, across };
  for (const band of keys) await joinBand(state, band, pause);
  return { sets, across };
}
