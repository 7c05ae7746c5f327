// SPDX-License-Identifier: Apache-2.0
import { chooseBanding } from "./banding.ts";
import { type JoinState, joinBucket } from "./bucket-join.ts";
import { GrowingColumn } from "./columns.ts";
import type { RowTexts } from "./exact-duplicates.ts";
import { PairVerifier } from "./pair-verifier.ts";
import { newPause, type Pause } from "./pause.ts";
import { bandColumn, signRows } from "./signatures.ts";
import { sortedByKey } from "./sorting.ts";
import { UnionFind } from "./union-find.ts";

/** Which rows are near-duplicates: by chains of pairs with a Jaccard of at least the threshold. */
export interface NearDuplicates {
  /** Official rows are tied among themselves, and the others among themselves. */
  readonly sets: UnionFind;
  /** 1 where an official row is similar to one that is not, and where one that is not is to an official. */
  readonly across: Uint8Array;
}

/**
 * Rows whose key is that of another row, too, but for some that only seem so. Three rows of four are alone
 * in a band: passing over them here spares most of the sort (2.5 s of 1.5 million rows and 25 bands).
 */
function sharingRows(keys: Uint32Array): Uint32Array {
  let size = 1024;
  while (size < keys.length * 4) size *= 2;
  const seen = new Uint8Array(size);
  for (let i = 0; i < keys.length; i++) {
    const at = (keys[i] as number) & (size - 1);
    seen[at] = Math.min(2, (seen[at] as number) + 1);
  }
  const rows = new GrowingColumn();
  for (let i = 0; i < keys.length; i++) if (seen[(keys[i] as number) & (size - 1)] === 2) rows.push(i);
  return rows.build();
}

async function joinBand(state: JoinState, column: Uint32Array, pause: Pause): Promise<void> {
  const sharing = sharingRows(column);
  const order = sortedByKey(sharing.map((i) => column[i] as number)).map((k) => sharing[k] as number);
  for (let start = 0; start < order.length; ) {
    const key = column[order[start] as number];
    let end = start + 1;
    while (end < order.length && column[order[end] as number] === key) end++;
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
  const signatures = await signRows(texts, chooseBanding(threshold, texts.length), pause);
  const verifier = new PairVerifier(texts, signatures, threshold);
  const state: JoinState = { texts, sizes: signatures.sizes, official, threshold, verifier, sets, across };
  for (let band = 0; band < signatures.banding.bands; band++) {
    verifier.band = band;
    await joinBand(state, bandColumn(signatures, band), pause);
  }
  return { sets, across };
}
