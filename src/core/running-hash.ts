// SPDX-License-Identifier: Apache-2.0
import { mix32 } from "./hash.ts";

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
