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

// Typed arrays read words in the machine's order, which is the file's on every machine but a few.
const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * Checksum of bytes (MurmurHash3 x86_32 over little-endian words): each step is a bijection, so every
 * change of a single byte changes it. Against accidents; sha256 in the manifest is against tampering.
 */
export function checksum32(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const whole = bytes.byteLength - (bytes.byteLength % 4);
  let h = 0;
  if (LITTLE_ENDIAN && bytes.byteOffset % 4 === 0) {
    // Twice as fast as through the DataView; for-of over the words is no faster than that.
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, whole / 4);
    for (let i = 0; i < words.length; i++) h = step32(h, words[i] as number);
  } else {
    for (let i = 0; i < whole; i += 4) h = step32(h, view.getInt32(i, true));
  }
  let tail = 0;
  for (let i = bytes.byteLength - 1; i >= whole; i--) tail = (tail << 8) | view.getUint8(i);
  return mix32(h ^ scramble32(tail) ^ bytes.byteLength);
}
