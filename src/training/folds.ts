// SPDX-License-Identifier: Apache-2.0
import { mix32 } from "../core/hash.ts";

/**
 * The fold of each row, whole groups to a fold: near-duplicates never meet across the line between fitting and
 * judging. Groups are dealt in the order of their numbers' hashes, so no fold is empty, whatever the numbers are. There
 * are `folds` folds, or as many as there are groups.
 */
export function foldsOf(
  group: Uint32Array,
  folds: number,
): { readonly fold: Uint8Array; readonly folds: number } {
  const hashes = Float64Array.from(new Set(group), mix32).sort(); // a bijection: no two are equal
  const of = new Map<number, number>();
  hashes.forEach((hash, i) => void of.set(hash, i % folds));
  return {
    fold: Uint8Array.from(group, (id) => of.get(mix32(id)) as number),
    folds: Math.min(folds, hashes.length),
  };
}
