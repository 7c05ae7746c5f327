// SPDX-License-Identifier: Apache-2.0
import { SEEDS, SLOTS } from "../../../src/data/min-hash.ts";

/** Values are under 2^30 in size, so that the difference of two is an int32. */
const VALUE_BITS = 24;
const EMPTY = 0x3fffffff;

/** What kernel/min-hash.ts does, throw by throw. */
export function plainMinHash(hashes: Int32Array, size: number, signature: Int32Array): void {
  signature.fill(EMPTY);
  let empty = SLOTS;
  for (let round = 0; round < SLOTS && empty > 0; round++) {
    const seed = SEEDS[round] as number;
    // Signed and ascending by round: the round is the upper 7 bits.
    const high = (round - SLOTS / 2) << VALUE_BITS;
    for (let k = 0; k < size; k++) {
      const h = mixRound((hashes[k] as number) ^ seed);
      const slot = h & (SLOTS - 1);
      const held = signature[slot] as number;
      const above = (high | (h >>> (32 - VALUE_BITS))) - held;
      signature[slot] = held + (above & (above >> 31));
      // 1 where the slot held EMPTY, which is above all values.
      empty -= 1 - ((held - EMPTY) >>> 31);
    }
  }
  if (empty > 0) fillOneByOne(hashes, size, signature);
}

/** The second half of the rounds: very short texts only, each slot still empty takes the least of all grams. */
function fillOneByOne(hashes: Int32Array, size: number, signature: Int32Array): void {
  const high = (SLOTS / 2 - 1) << VALUE_BITS;
  for (let slot = 0; slot < SLOTS; slot++) {
    if (signature[slot] !== EMPTY) continue;
    const seed = SEEDS[SLOTS + slot] as number;
    let least = EMPTY;
    for (let k = 0; k < size; k++) {
      least = Math.min(least, high | (mixRound((hashes[k] as number) ^ seed) >>> (32 - VALUE_BITS)));
    }
    signature[slot] = least;
  }
}

/** Two multiplications: enough for slots and order to be independent between rounds (see the test). */
function mixRound(x: number): number {
  let h = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  h = Math.imul(h ^ (h >>> 15), 0x735a2d97);
  return h ^ (h >>> 15);
}
