// SPDX-License-Identifier: Apache-2.0
import { type Accumulator, MOST_BLOCKS } from "./accumulator.ts";

// Apart from the other, so that whoever has WebAssembly and weights in bytes does not load it.

/** In plain JavaScript, four blocks at a time: 0.85 to 1.2 ns a product for 120 blocks of 77 labels, a quarter less in 64 bits; half as much again one by one. */
export function plainAccumulator(values: Int8Array | Float32Array, labels: number): Accumulator {
  const at = new Uint32Array(MOST_BLOCKS);
  if (values instanceof Float32Array) {
    const [by, sums] = [new Float64Array(MOST_BLOCKS), new Float64Array(labels)];
    return { at, by, sums, add: (n, of) => accumulate(values, at, by, sums, n, of, (x) => x) };
  }
  const [by, sums] = [new Float32Array(MOST_BLOCKS), new Float32Array(labels)];
  return { at, by, sums, add: (n, of) => accumulate(values, at, by, sums, n, of, Math.fround) };
}

function accumulate(
  values: Int8Array | Float32Array,
  at: Uint32Array,
  by: Float32Array | Float64Array,
  sums: Float32Array | Float64Array,
  n: number,
  labels: number,
  round: (x: number) => number,
): void {
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    const a = at[i] as number;
    const b = at[i + 1] as number;
    const c = at[i + 2] as number;
    const d = at[i + 3] as number;
    const va = by[i] as number;
    const vb = by[i + 1] as number;
    const vc = by[i + 2] as number;
    const vd = by[i + 3] as number;
    for (let k = 0; k < labels; k++) {
      const first = round((sums[k] as number) + round(va * (values[a + k] as number)));
      const second = round(first + round(vb * (values[b + k] as number)));
      const third = round(second + round(vc * (values[c + k] as number)));
      sums[k] = third + round(vd * (values[d + k] as number));
    }
  }
  for (; i < n; i++) {
    const block = at[i] as number;
    const v = by[i] as number;
    for (let k = 0; k < labels; k++) sums[k] = (sums[k] as number) + round(v * (values[block + k] as number));
  }
}
