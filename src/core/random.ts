// SPDX-License-Identifier: Apache-2.0
import { hashString } from "./running-hash.ts";

/** A seeded generator of 32-bit words (SplitMix32, after Steele, Lea and Flood, OOPSLA 2014). */
export interface Random {
  /** An integer in [0, bound); bound in [1, 2^32]. */
  below(bound: number): number;
}

/** The same seed gives the same sequence everywhere; `stream` keeps the users of one seed apart. */
export function seededRandom(seed: number, stream: string): Random {
  let state = hashString(stream, seed);
  const next = (): number => {
    state = (state + 0x9e3779b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  // Multiply-shift: the bias is at most bound / 2^32.
  return { below: (bound) => Math.floor((next() / 0x1_0000_0000) * bound) };
}

/** Shuffles in place (Fisher and Yates). */
export function shuffle(items: Uint32Array, random: Random): void {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const t = items[i] as number;
    items[i] = items[j] as number;
    items[j] = t;
  }
}
