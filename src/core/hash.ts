// SPDX-License-Identifier: Apache-2.0

/** Finalizer of MurmurHash3 (Appleby, public domain): a bijection of 32 bits with full avalanche. */
export function mix32(x: number): number {
  let h = x;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  h ^= h >>> 16;
  return h >>> 0;
}

/** A bijection of 32 bits that keeps 0. */
export function scramble32(word: number): number {
  const k = Math.imul(word, 0xcc9e2d51);
  return Math.imul((k << 15) | (k >>> 17), 0x1b873593);
}

/** One step of a running hash: a bijection of `state` for a fixed `word`, and the other way round. */
export function step32(state: number, word: number): number {
  const h = state ^ scramble32(word);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}
