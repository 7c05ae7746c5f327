// SPDX-License-Identifier: Apache-2.0
import { startKernel } from "../core/web-assembly.ts";
import { blockWidths, maskBytes } from "./linear-model.ts";
import { behindFile, type ModelMemory, modelMemory } from "./model-memory.ts";
import { type OpeningLoops, plainLoops } from "./opening.ts";
import { OPENING } from "./opening-bytes.ts";
import { directoryShift } from "./vectorizer.ts";

interface Kernel {
  find(hashes: number, features: number, shift: number, out: number): number;
  sum(mask: number, end: number, bytes: number, widths: number, out: number): number;
}

/**
 * The same as the plain loops, by a kernel (kernel/opening.ts) on the memory that holds the file: 9 ms for 180,000 features,
 * where the plain loops run before they are compiled and take 17 (2 ms once they are). A page does without: its bytes are more than it gains.
 */
export function kernelLoops(memory: ModelMemory): OpeningLoops {
  const { find, sum } = startKernel(OPENING, memory.wasm) as Kernel;
  let free = behindFile(memory.file.length);
  const take = (words: number) => {
    const taken = new Uint32Array(memory.file.buffer, free, words);
    free += words * 4;
    return taken;
  };
  return {
    directoryOf(hashes) {
      // What is not aligned in its file was copied out of it; bytes always are.
      if (hashes.buffer !== memory.file.buffer) return plainLoops.directoryOf(hashes);
      const { byteOffset, length } = hashes;
      const shift = directoryShift(length);
      const found = take(2 ** (32 - shift) + 1);
      const end = find(byteOffset, length, shift, found.byteOffset);
      return end > 0 ? found.fill(length, (end - found.byteOffset) / 4) : null;
    },
    blockStarts(labels, mask) {
      const { byteOffset, length } = mask;
      const bytes = maskBytes(labels.length);
      const widths = take(bytes * 256);
      widths.set(blockWidths(labels));
      const start = take(length / bytes);
      const size = sum(byteOffset, byteOffset + length, bytes, widths.byteOffset, start.byteOffset);
      return { start, size, widths };
    },
  };
}

/** Bytes for the widths of the masks of 256 tasks, and what aligning takes. */
const ROOM = 2 ** 16;

/**
 * {@link modelMemory} with a kernel's loops, and with room for the arrays that they make: a feature takes 6 bytes of a file at
 * least, and 12 of them. What is never touched costs nothing.
 */
export function openingMemory(size: number): ModelMemory | null {
  const memory = modelMemory(size, size * 2 + ROOM);
  return memory && { ...memory, loops: kernelLoops(memory) };
}
