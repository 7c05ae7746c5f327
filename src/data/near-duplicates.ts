// SPDX-License-Identifier: Apache-2.0
import { chooseBanding } from "./banding.ts";
import { type JoinState, joinBucket } from "./bucket-join.ts";
import type { RowTexts } from "./exact-duplicates.ts";
import { type Buckets, KeyBuckets } from "./key-buckets.ts";
import { PairVerifier } from "./pair-verifier.ts";
import { newPause, type Pause } from "./pause.ts";
import { newSignatures, readBand, type Signatures, signRows } from "./signatures.ts";
import { UnionFind } from "./union-find.ts";

/** Which rows are near-duplicates: by chains of pairs with a Jaccard of at least the threshold. */
export interface NearDuplicates {
  /** Official rows are tied among themselves, and the others among themselves. */
  readonly sets: UnionFind;
  /** 1 where an official row is similar to one that is not, and where one that is not is to an official. */
  readonly across: Uint8Array;
}

async function joinBand(state: JoinState, { count, starts, rows }: Buckets, pause: Pause): Promise<void> {
  for (let bucket = 0; bucket < count; bucket++) {
    joinBucket(state, rows, starts[bucket] as number, starts[bucket + 1] as number);
    if ((bucket & 63) === 0 && pause.due()) await pause.turn();
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
  const signatures = newSignatures(texts.length, chooseBanding(threshold, texts.length));
  await signRows(texts, { from: 0, to: texts.length }, signatures, newPause());
  return joinSigned(texts, official, threshold, signatures);
}

/** The second half of {@link findNearDuplicates}: the pairs of rows that are signed. 1.5 us a row where few are alike. */
export async function joinSigned(
  texts: RowTexts,
  official: Uint8Array,
  threshold: number,
  signatures: Signatures,
): Promise<NearDuplicates> {
  const sets = new UnionFind(texts.length);
  const across = new Uint8Array(texts.length);
  const pause = newPause();
  const verifier = new PairVerifier(texts, signatures, threshold);
  const state: JoinState = { texts, sizes: signatures.sizes, official, threshold, verifier, sets, across };
  const buckets = new KeyBuckets(texts.length);
  const column = new Uint32Array(texts.length);
  for (let band = 0; band < signatures.banding.bands; band++) {
    verifier.band = band;
    readBand(signatures, band, column);
    await joinBand(state, buckets.find(column), pause);
  }
  return { sets, across };
}
