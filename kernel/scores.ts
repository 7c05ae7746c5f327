// SPDX-License-Identifier: Apache-2.0
// The sums of a prediction, in AssemblyScript; scripts/kernel.mjs makes src/model/score-bytes.ts of it.

// src/model/model-memory.ts lays them out: the positions of 512 blocks at 0, their factors, and the sums.
const FACTORS: usize = 512 * 4;
const SUMS: usize = 512 * 8;

/**
 * sums[k] += factor * values[position + k] for each of the positions before `last`, in their order, and for k up to the
 * multiple of 8 at or behind `end`: 32-bit positions, factors and sums, 8-bit weights. No fused multiply-add, so that it is
 * what the plain loop does. 0.15 ns a product in the caches (model-memory.ts).
 */
export function add(values: usize, last: usize, end: usize): void {
  let out = SUMS;
  for (; out < end; out += 32, values += 8) {
    let a = v128.load(out);
    let b = v128.load(out, 16);
    for (let block: usize = 0; block < last; block += 4) {
      const w = v128.load_ext<i8>(values + load<u32>(block));
      const v = v128.load_splat<f32>(block, FACTORS);
      a = f32x4.add(a, f32x4.mul(v, f32x4.convert_i32x4_s(i32x4.extend_low_i16x8_s(w))));
      b = f32x4.add(b, f32x4.mul(v, f32x4.convert_i32x4_s(i32x4.extend_high_i16x8_s(w))));
    }
    v128.store(out, a);
    v128.store(out, b, 16);
  }
}
