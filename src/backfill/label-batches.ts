// SPDX-License-Identifier: Apache-2.0
import { hashString } from "../core/running-hash.ts";
import type { Shown } from "./pools.ts";

/** Batches between two texts that end one by themselves, on average. */
const BATCHES_APART = 16;

/**
 * Cuts texts, in their order, into batches of `size` at most. Besides full ones, a batch ends with any text
 * whose hash says so: one text more or less at the top of a file thus changes the batches up to the next such
 * text, about {@link BATCHES_APART} of them, and all others are known to the ledger. That costs 3 % more
 * batches. Batches of sorted hashes would be fuller, but then a tenth of new texts would change nearly all.
 */
export function labelBatches(texts: readonly Shown[], size: number): readonly (readonly Shown[])[] {
  const batches: Shown[][] = [];
  let batch: Shown[] = [];
  for (const one of texts) {
    batch.push(one);
    if (batch.length < size && !endsBatch(one, size)) continue;
    batches.push(batch);
    batch = [];
  }
  if (batch.length > 0) batches.push(batch);
  return batches;
}

function endsBatch({ text, textB }: Shown, size: number): boolean {
  return hashString(textB ?? "", hashString(text)) % (size * BATCHES_APART) === 0;
}
