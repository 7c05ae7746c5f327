// SPDX-License-Identifier: Apache-2.0
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

/** Signs every row. */
export async function signRows(rows: RowTexts, banding: Banding, pause: Pause): Promise<Signatures> {
  const { bands, slots } = banding;
  const keys = new Uint32Array(rows.length * bands);
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
    for (let band = 0; band < bands; band++) keys[i * bands + band] = bandKey(signature, band, slots);
  }
  return { banding, keys, sizes, sketches };
}

/** The keys of one band, row by row. */
export function bandColumn({ banding, keys, sizes }: Signatures, band: number): Uint32Array {
  const column = new Uint32Array(sizes.length);
  for (let i = 0; i < column.length; i++) column[i] = keys[i * banding.bands + band] as number;
  return column;
}
