// SPDX-License-Identifier: Apache-2.0

import { sharedWords } from "../storage/shared-array.ts";
import { type Banding, bandKey } from "./banding.ts";
import type { RowTexts } from "./exact-duplicates.ts";
import { GramSet } from "./gram-set.ts";
import { minHash, SKETCH_WORDS, SLOTS, writeSketch } from "./min-hash.ts";
import type { Pause } from "./pause.ts";

/** What is kept of the rows' MinHash signatures: 168 bytes a row at 25 bands, where all slots take 512. */
export interface Signatures {
  readonly banding: Banding;
  /** Row by row, the key of each of its bands: two rows are read in a cache line or two each. */
  readonly keys: Uint32Array;
  /** Different grams of each row. */
  readonly sizes: Uint32Array;
  readonly sketches: Int32Array;
}

/** Rows from `from` to before `to`. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** Room for the signatures of so many rows, which threads share. */
export function newSignatures(length: number, banding: Banding): Signatures {
  return {
    banding,
    keys: sharedWords(length * banding.bands),
    sizes: sharedWords(length),
    sketches: new Int32Array(sharedWords(length * SKETCH_WORDS).buffer),
  };
}

/** Signs the rows of a range, 2 us a row of 54 characters; nothing of a signature depends on the other rows. */
export async function signRows(
  rows: RowTexts,
  { from, to }: RowRange,
  { banding, keys, sizes, sketches }: Signatures,
  pause: Pause,
): Promise<void> {
  const { bands, slots } = banding;
  const signature = new Int32Array(SLOTS);
  const grams = new GramSet();
  for (let i = from; i < to; i++) {
    if ((i & 255) === 0 && pause.due()) await pause.turn();
    grams.read(rows, i);
    sizes[i] = grams.size;
    minHash(grams.hashes, grams.size, signature);
    writeSketch(signature, sketches, i * SKETCH_WORDS);
    for (let band = 0; band < bands; band++) keys[i * bands + band] = bandKey(signature, band, slots);
  }
}

/** Writes the keys of one band, row by row, into `column`. */
export function readBand({ banding, keys }: Signatures, band: number, column: Uint32Array): void {
  for (let i = 0; i < column.length; i++) column[i] = keys[i * banding.bands + band] as number;
}
