// SPDX-License-Identifier: Apache-2.0
import { allocate } from "./allocation.ts";

// Memory that threads share: a message that holds such an array hands over the memory, not a copy. Where there is none, it is
// what `allocate` throws.

function sharedMemory(bytes: number): SharedArrayBuffer {
  return allocate(bytes, () => new SharedArrayBuffer(bytes));
}

/** Zeros; also for a length of 0, which every engine takes. */
export function sharedBytes(length: number): Uint8Array {
  return new Uint8Array(sharedMemory(length));
}

export function sharedShorts(length: number): Uint16Array {
  return new Uint16Array(sharedMemory(length * 2));
}

export function sharedWords(length: number): Uint32Array {
  return new Uint32Array(sharedMemory(length * 4));
}

export function sharedFloats(length: number): Float32Array {
  return new Float32Array(sharedMemory(length * 4));
}

export function sharedDoubles(length: number): Float64Array {
  return new Float64Array(sharedMemory(length * 8));
}

export function sharedIntegers(length: number): Int8Array {
  return new Int8Array(sharedMemory(length));
}

/** A shared copy of `values`. */
export function shareWords(values: Uint32Array): Uint32Array {
  const copy = sharedWords(values.length);
  copy.set(values);
  return copy;
}

/** The same for 32-bit floats. */
export function shareFloats(values: Float32Array): Float32Array {
  const copy = sharedFloats(values.length);
  copy.set(values);
  return copy;
}

/** The same for 64-bit ones. */
export function shareDoubles(values: Float64Array): Float64Array {
  const copy = sharedDoubles(values.length);
  copy.set(values);
  return copy;
}
