// SPDX-License-Identifier: Apache-2.0
import { PAGE, type WebAssemblyHost } from "../core/web-assembly.ts";
import { type Accumulator, MOST_BLOCKS } from "./accumulator.ts";
import type { OpeningLoops } from "./opening.ts";
import { SCORES } from "./score-bytes.ts";

/** A memory that a model file lies in, and that kernels work on. */
export interface ModelMemory {
  /** The WebAssembly.Memory itself. */
  readonly wasm: object;
  /** Room for the bytes of the file, at a multiple of 16. */
  readonly file: Uint8Array<ArrayBuffer>;
  /** What opens the file with a kernel, where that is worth its bytes; the plain loops do it elsewhere. */
  readonly loops?: OpeningLoops;
  /**
   * In WASM SIMD (kernel/scores.ts), over weights in the file and for up to `labels` labels, {@link MOST_LABELS} at most:
   * 0.14 to 0.18 ns a product for 120 blocks of 77 labels in the cache, 0.16 for 20; 64-bit sums took 0.35.
   * {@link file://./plain-accumulator.ts} adds up the same sums, bit for bit.
   */
  accumulator(values: Int8Array, labels: number): Accumulator;
}

/** Labels of a task at most: a bound on a hostile file, and what there is room for. */
export const MOST_LABELS = 65_536;

// The blocks of a call, `at` and `by`, come first (kernel/scores.ts knows where), then the sums of as many labels as a task may
// have, then the file; the last block's last labels are read in a group of 8.
const SUMS = MOST_BLOCKS * 8;
const FILE = SUMS + MOST_LABELS * 4;

/** Behind a file of so many bytes, at a multiple of 8. */
export function behindFile(size: number): number {
  return FILE + (size & ~7) + 16;
}

let compiled: object | undefined;

/**
 * A memory for a file of `size` bytes, and `more` behind it. Null where there is no WebAssembly, none with SIMD, none that the
 * page allows, or no memory for it.
 */
export function modelMemory(size: number, more = 0): ModelMemory | null {
  try {
    // Not by `startKernel`: a page would load it, and what decodes base64.
    const { Memory, Module, Instance } = (globalThis as unknown as { WebAssembly: WebAssemblyHost })
      .WebAssembly;
    compiled ??= new Module(Uint8Array.from(SCORES.match(/../g) as string[], (byte) => Number(`0x${byte}`)));
    const memory = new Memory({ initial: (FILE + size + more) / PAGE + 2 });
    const { add } = new Instance(compiled, { env: { memory } }).exports as Kernel;
    const { buffer } = memory;
    return {
      wasm: memory,
      file: new Uint8Array(buffer, FILE, size),
      accumulator({ byteOffset }, labels) {
        return {
          at: new Uint32Array(buffer, 0, MOST_BLOCKS),
          by: new Float32Array(buffer, MOST_BLOCKS * 4, MOST_BLOCKS),
          sums: new Float32Array(buffer, SUMS, labels),
          add: (n, of) => add(byteOffset, n * 4, SUMS + of * 4),
        };
      },
    };
  } catch {
    return null;
  }
}

interface Kernel {
  add(values: number, last: number, end: number): void;
}
