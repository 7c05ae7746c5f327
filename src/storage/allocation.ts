// SPDX-License-Identifier: Apache-2.0
import { countText } from "../core/amount.ts";
import { ModelpackError } from "../core/error.ts";
import { PAGE, type WasmMemory } from "../core/web-assembly.ts";

/** What needs less memory, or gives more. A kernel's memory reserves 4 GiB of addresses, of which it uses what it needs. */
export const MEMORY_HINT =
  "lower train.max_features or prepare.max_per_task_label, set train.workers = 1, raise `ulimit -v` where it is set, or use a machine with more memory";

/**
 * What `make` gives, a memory of so many `bytes`.
 *
 * @throws ModelpackError STORAGE in place of the engine's RangeError, where there is no room for it
 */
export function allocate<Memory>(bytes: number, make: () => Memory): Memory {
  try {
    return make();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    const size = countText(Math.ceil(bytes / 2 ** 20));
    throw new ModelpackError("STORAGE", `out of memory: no ${size} MiB more to be had (${cause.message})`, {
      hint: MEMORY_HINT,
      cause,
    });
  }
}

/** Adds at least so many bytes, all zero, behind the others; throws what {@link allocate} throws. */
export function grow(memory: WasmMemory<ArrayBuffer | SharedArrayBuffer>, bytes: number): void {
  allocate(bytes, () => memory.grow(Math.ceil(bytes / PAGE)));
}
