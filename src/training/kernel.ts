// SPDX-License-Identifier: Apache-2.0
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
  pass(order: number, rows: number): void;
  evaluate(from: number, to: number): void;
  /** Address of the scores of a row. */
  scores(row: number): number;
  loss(): number;
  primal(): number;
  gap(): number;
}

/** A memory of whole pages of 64 KiB, which threads share. */
export interface KernelMemory {
  /** All of it; another one, of the same memory, once it has grown. */
  readonly buffer: SharedArrayBuffer;
  /** Adds so many pages, all zero, behind the others. Throws RangeError where there is no room for them. */
  grow(pages: number): void;
}

/** A page of a memory, in bytes, and the pages of a whole one, which the kernel declares too. */
export const PAGE = 65_536;
const MOST_PAGES = 65_536;

// The part of WebAssembly that is used here; TypeScript declares it among the browser's types only.
const { Memory, Module, Instance } = (
  globalThis as unknown as {
    readonly WebAssembly: {
      readonly Memory: new (limits: {
        readonly initial: number;
        readonly maximum: number;
        readonly shared: true;
      }) => KernelMemory;
      readonly Module: new (bytes: Uint8Array) => object;
      readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
    };
  }
).WebAssembly;

let compiled: object | undefined;

/** `pages` pages, all zero. */
export function kernelMemory(pages: number): KernelMemory {
  return new Memory({ initial: pages, maximum: MOST_PAGES, shared: true });
}

/** A kernel of its own on `memory`. */
export function startKernel(memory: KernelMemory): Kernel {
  compiled ??= new Module(Buffer.from(KERNEL, "base64"));
  return new Instance(compiled, { env: { memory } }).exports as Kernel;
}
