// SPDX-License-Identifier: Apache-2.0
import { mix32 } from "../core/hash.ts";

// Hot: about 700 throws a row, whatever its length (1.7 us). A slot's minimum is taken without a branch:
// which throw is a new minimum can't be predicted, and a branch costs 2.6 us a row.

/** Slots of a signature. */
export const SLOTS = 128;

/** Values are under 2^30 in size, so that the difference of two is an int32. */
const VALUE_BITS = 24;
const EMPTY = 0x3fffffff;

/** One seed for each round that throws the grams into any slot, then one for each that fills one slot. */
const SEEDS = Int32Array.from({ length: 2 * SLOTS }, (_, round) => mix32(round + 0x51ed27));

/**
 * One-permutation MinHash without empty slots: "Fast Similarity Sketching" (Dahlgaard, Knudsen and Thorup,
 * FOCS 2017). In round r each gram goes to the slot that a hash of its own for that round picks, with a
 * value ordered by round, then hash; a slot keeps its least; rounds go on until every slot is filled, which
 * takes about 128 ln 128 throws in all. A text of 40 characters has 38 grams for 128 slots: plain
 * one-permutation hashing leaves three of four slots empty there, and copying neighbours into them ties
 * slots together, so that bands miss. Here each slot of two rows agrees with probability J, their Jaccard.
 *
 * `hashes` are 32-bit hashes of the `size` different grams; the signature is written to `signature`.
 */
export function minHash(hashes: Int32Array, size: number, signature: Int32Array): void {
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

/** Words of a sketch: four bits of each slot. */
export const SKETCH_WORDS = SLOTS / 8;

/** Packs four bits of each slot: what tells most false candidates from true ones, in 64 bytes a row. */
export function writeSketch(signature: Int32Array, into: Int32Array, at: number): void {
  for (let word = 0; word < SKETCH_WORDS; word++) {
    let bits = 0;
    for (let k = 0; k < 8; k++) bits |= ((signature[word * 8 + k] as number) & 15) << (4 * k);
    into[at + word] = bits;
  }
}

/** How many slots of two sketches agree in their four bits: all that are equal, and 1 in 16 of the rest. */
export function agreeingSlots(sketches: Int32Array, a: number, b: number): number {
  let differing = 0;
  for (let word = 0; word < SKETCH_WORDS; word++) {
    let x = (sketches[a + word] as number) ^ (sketches[b + word] as number);
    // One bit a slot that differs, then a population count (Warren, Hacker's Delight, 5-1).
    x |= x >>> 2;
    x = (x | (x >>> 1)) & 0x11111111;
    x = (x + (x >>> 4)) & 0x0f0f0f0f;
    differing += Math.imul(x, 0x01010101) >>> 24;
  }
  return SLOTS - differing;
}
