// SPDX-License-Identifier: Apache-2.0
// MinHash signatures, in AssemblyScript; scripts/kernel.mjs makes src/data/min-hash-bytes.ts of it.

const SLOTS: i32 = 128;
const VALUE_BITS: i32 = 24;
const EMPTY: i32 = 0x3fffffff;

// Where the memory begins: the signature, the seeds of the rounds and those of single slots, and the hashes, 32 bits each.
const SEEDS: usize = SLOTS << 2;
const HASHES: usize = SEEDS + (SLOTS << 3);

/** Throws before which a look for empty slots is no use: half of them are filled after 89, all of them after some 700. */
const MOST_OFTEN_EMPTY: i32 = 300;

/** Signs `size` hashes, with room for three more behind them: 1.0 to 2.5 us by the machine. test/support/oracle/plain-min-hash.ts does the same. */
export function sign(size: i32): void {
  const empty = i32x4.splat(EMPTY);
  for (let at: usize = 0; at < SEEDS; at += 16) v128.store(at, empty);
  // Four at a time: the last hash again changes nothing.
  const last = load<i32>(HASHES + ((size - 1) << 2));
  const end = HASHES + (size << 2);
  for (let at = end; at & 15; at += 4) store<i32>(at, last);
  for (let round: i32 = 0; round < SLOTS; round++) {
    const seed = v128.load32_splat(SEEDS + (round << 2));
    const high = i32x4.splat((round - SLOTS / 2) << VALUE_BITS);
    for (let at = HASHES; at < end; at += 16) {
      const h = mixRound(v128.xor(v128.load(at), seed));
      const slot = i32x4.shl(v128.and(h, i32x4.splat(SLOTS - 1)), 2);
      const value = v128.or(high, i32x4.shr_u(h, 32 - VALUE_BITS));
      keepLeast(i32x4.extract_lane(slot, 0), i32x4.extract_lane(value, 0));
      keepLeast(i32x4.extract_lane(slot, 1), i32x4.extract_lane(value, 1));
      keepLeast(i32x4.extract_lane(slot, 2), i32x4.extract_lane(value, 2));
      keepLeast(i32x4.extract_lane(slot, 3), i32x4.extract_lane(value, 3));
    }
    if ((round + 1) * size >= MOST_OFTEN_EMPTY && !anyEmpty()) return;
  }
  fillOneByOne(end);
}

/** Which throw is a new minimum can't be predicted: no branch. */
// @ts-ignore: a decorator
@inline
function keepLeast(slot: usize, value: i32): void {
  const held = load<i32>(slot);
  store<i32>(slot, value < held ? value : held);
}

function anyEmpty(): bool {
  let found = i32x4.splat(0);
  for (let at: usize = 0; at < SEEDS; at += 16)
    found = v128.or(found, i32x4.eq(v128.load(at), i32x4.splat(EMPTY)));
  return v128.any_true(found);
}

/** The second half of the rounds: very short texts only, each slot still empty takes the least of all grams. */
function fillOneByOne(end: usize): void {
  const high = i32x4.splat((SLOTS / 2 - 1) << VALUE_BITS);
  for (let at: usize = 0; at < SEEDS; at += 4) {
    if (load<i32>(at) != EMPTY) continue;
    const seed = v128.load32_splat(SEEDS + (SLOTS << 2) + at);
    let least = i32x4.splat(EMPTY);
    for (let from = HASHES; from < end; from += 16) {
      const h = mixRound(v128.xor(v128.load(from), seed));
      least = i32x4.min_s(least, v128.or(high, i32x4.shr_u(h, 32 - VALUE_BITS)));
    }
    least = i32x4.min_s(least, i32x4.shuffle(least, least, 2, 3, 0, 1));
    least = i32x4.min_s(least, i32x4.shuffle(least, least, 1, 0, 3, 2));
    store<i32>(at, i32x4.extract_lane(least, 0));
  }
}

/** Two multiplications: enough for slots and order to be independent between rounds (test/data/min-hash.test.ts). */
// @ts-ignore: a decorator
@inline
function mixRound(x: v128): v128 {
  let h = i32x4.mul(v128.xor(x, i32x4.shr_u(x, 16)), i32x4.splat(0x21f0aaad));
  h = i32x4.mul(v128.xor(h, i32x4.shr_u(h, 15)), i32x4.splat(0x735a2d97));
  return v128.xor(h, i32x4.shr_u(h, 15));
}
