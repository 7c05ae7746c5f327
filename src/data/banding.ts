// SPDX-License-Identifier: Apache-2.0
import { step32 } from "../core/running-hash.ts";
import { SLOTS } from "./min-hash.ts";

/** How signatures are cut: rows that agree in all slots of a band are candidates. */
export interface Banding {
  readonly bands: number;
  readonly slots: number;
}

/** Rows from which on false candidates of short bands cost more than the run can bear. */
export const MANY_ROWS = 200_000;

/** The odds to miss a pair that is just similar enough: for a task of usual size, and of very many rows. */
const MISS = 1e-7;
const MISS_OF_MANY = 1e-4;

/** More slots a band than this exclude nothing further. */
const MAX_SLOTS = 16;

/** x^n by multiplication: Math.pow may differ between engines in the last digit. */
function power(x: number, n: number): number {
  let result = 1;
  for (let k = 0; k < n; k++) result *= x;
  return result;
}

/** The odds that no band of two rows of Jaccard `similarity` agrees: (1 - s^slots)^bands. */
export function missProbability(similarity: number, { bands, slots }: Banding): number {
  return power(1 - power(similarity, slots), bands);
}

/**
 * The longest bands that miss few enough pairs at the threshold. For 0.8: 32 bands of 4 (5e-8), and from
 * {@link MANY_ROWS} on 25 of 5 (5e-5): at 1.5 million rows of dialogue, bands of 4 give billions of
 * candidates. Pairs above the threshold are missed far more rarely, and a group is mostly held together
 * by several pairs.
 */
export function chooseBanding(threshold: number, rows: number): Banding {
  const allowed = rows < MANY_ROWS ? MISS : MISS_OF_MANY;
  for (let slots = MAX_SLOTS; slots > 1; slots--) {
    const banding = { bands: Math.floor(SLOTS / slots), slots };
    if (missProbability(threshold, banding) <= allowed) return banding;
  }
  return { bands: SLOTS, slots: 1 };
}

/** Key of one band of a signature. */
export function bandKey(signature: Int32Array, band: number, slots: number): number {
  let key = band;
  for (let k = band * slots; k < (band + 1) * slots; k++) key = step32(key, signature[k] as number);
  return key >>> 0;
}
