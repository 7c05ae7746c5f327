// SPDX-License-Identifier: Apache-2.0
import { mix32 } from "../core/hash.ts";
import { hashString, step32 } from "../core/running-hash.ts";
import { ID_BYTES } from "./row-id.ts";

/**
 * The seed of one purpose, so that the rows that a cap cuts are not those that a split chose first. Seeds
 * over 32 bits differ in their upper half too.
 */
export function purposeSeed(seed: number, purpose: string): number {
  return hashString(purpose, (seed | 0) ^ mix32(Math.floor(seed / 0x1_0000_0000) | 0));
}

/** Hash of row i's id under a {@link purposeSeed}: orders rows at random, and always the same. */
export function idHash(ids: Uint8Array, i: number, seed: number): number {
  let h = seed | 0;
  for (let at = i * ID_BYTES; at < (i + 1) * ID_BYTES; at += 4) {
    const word =
      (ids[at] as number) |
      ((ids[at + 1] as number) << 8) |
      ((ids[at + 2] as number) << 16) |
      ((ids[at + 3] as number) << 24);
    h = step32(h, word);
  }
  return mix32(h ^ ID_BYTES);
}
