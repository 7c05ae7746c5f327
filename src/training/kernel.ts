// SPDX-License-Identifier: Apache-2.0
import { PAGE, startKernel, type WasmMemory, webAssembly } from "../core/web-assembly.ts";
import { allocate } from "../storage/allocation.ts";
import { KERNEL } from "./kernel-bytes.ts";

/** What kernel/softmax.ts exports; addresses are bytes of the memory that it was started with. */
export interface Kernel {
  bind(
    start: number,
    entries: number,
    weights: number,
    bias: number,
    dual: number,
    truth: number,
    cost: number,
    squares: number,
    predicted: number,
    settled: number,
    scratch: number,
    labelBytes: number,
  ): void;
  resume(rows: number): void;
  pass(order: number, rows: number, settledShare: number): void;
  evaluate(from: number, to: number): void;
  /** Address of the scores of a row. */
  scores(row: number): number;
  loss(): number;
  primal(): number;
  gap(): number;
}

/** A memory that threads share. */
export type KernelMemory = WasmMemory<SharedArrayBuffer>;

/** The pages of a whole one, which the kernel declares too. */
const MOST_PAGES = 65_536;

/**
 * `pages` pages, all zero.
 *
 * @throws ModelpackError STORAGE where there is no room for them
 */
export function kernelMemory(pages: number): KernelMemory {
  const { Memory } = webAssembly();
  return allocate(pages * PAGE, () => new Memory({ initial: pages, maximum: MOST_PAGES, shared: true }));
}

/** A kernel of its own on `memory`. */
export function startSolver(memory: KernelMemory): Kernel {
  return startKernel(KERNEL, memory) as Kernel;
}
