// SPDX-License-Identifier: Apache-2.0

/** The part of WebAssembly that kernels use; TypeScript declares it among the browser's types only. */
export interface WebAssemblyHost {
  readonly Memory: {
    new (limits: { readonly initial: number }): WasmMemory<ArrayBuffer>;
    new (limits: {
      readonly initial: number;
      readonly maximum: number;
      readonly shared: true;
    }): WasmMemory<SharedArrayBuffer>;
  };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
}

/** A memory of whole pages of 64 KiB. */
export interface WasmMemory<Bytes extends ArrayBuffer | SharedArrayBuffer> {
  /** All of it; another one, of the same memory, once it has grown. */
  readonly buffer: Bytes;
  /** Adds so many pages, all zero, behind the others. Throws RangeError where there is no room for them. */
  grow(pages: number): void;
}

/** A page of a memory, in bytes. */
export const PAGE = 65_536;

/** Undefined where there is none, as under `node --jitless`. */
export function webAssembly(): WebAssemblyHost {
  return (globalThis as unknown as { readonly WebAssembly: WebAssemblyHost }).WebAssembly;
}

const modules = /* @__PURE__ */ new Map<string, object>();

/** What a kernel exports, started on a memory; its bytes, as base64, are compiled once in a thread. */
export function startKernel(base64: string, memory: object): unknown {
  const { Module, Instance } = webAssembly();
  const compiled = modules.get(base64) ?? new Module(Buffer.from(base64, "base64"));
  modules.set(base64, compiled);
  return new Instance(compiled, { env: { memory } }).exports;
}
