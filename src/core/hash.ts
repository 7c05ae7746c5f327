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
