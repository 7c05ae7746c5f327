// SPDX-License-Identifier: Apache-2.0
import { type BlockStarts, blockWidths, maskBytes } from "./linear-model.ts";
import { directoryShift } from "./vectorizer.ts";

/** The loops that open a model. */
export interface OpeningLoops {
  /** First feature of each bucket of hashes, and behind the last; null unless the hashes ascend strictly. */
  directoryOf(hashes: Uint32Array): Uint32Array | null;
  /** Finds the blocks of features by their masks, for tasks of so many `labels`. */
  blockStarts(labels: readonly number[], mask: Uint8Array): BlockStarts;
}

/** {@link OpeningLoops.directoryOf} in plain JavaScript. */
export function directoryOf(hashes: Uint32Array): Uint32Array | null {
  const shift = directoryShift(hashes.length);
  const directory = new Uint32Array(2 ** (32 - shift) + 1);
  let next = 0;
  let last = -1;
  for (let i = 0; i < hashes.length; i++) {
    const hash = hashes[i] as number;
    if (hash <= last) return null;
    last = hash;
    while (next <= hash >>> shift) directory[next++] = i;
  }
  return directory.fill(hashes.length, next);
}

/**
 * {@link directoryOf} hashes that are known to be in order.
 *
 * @throws RangeError where they are not
 */
export function knownDirectory(hashes: Uint32Array): Uint32Array {
  const directory = directoryOf(hashes);
  if (directory === null) throw new RangeError("feature hashes must ascend");
  return directory;
}

/** {@link OpeningLoops.blockStarts} in plain JavaScript; opening-kernel.ts says how long it takes. */
export function blockStarts(labels: readonly number[], mask: Uint8Array): BlockStarts {
  const bytes = maskBytes(labels.length);
  const widths = blockWidths(labels);
  const start = new Uint32Array(mask.length / bytes);
  let size = 0;
  for (let f = 0, i = 0; f < start.length; f++) {
    start[f] = size;
    for (let b = 0; b < bytes; b++) size += widths[b * 256 + (mask[i++] as number)] as number;
  }
  return { start, size, widths };
}

/** In plain JavaScript. */
export const plainLoops: OpeningLoops = { directoryOf, blockStarts };
