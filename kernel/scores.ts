// SPDX-License-Identifier: Apache-2.0
// The sums of a prediction, in AssemblyScript; scripts/kernel.mjs makes src/model/score-bytes.ts of it.

// src/model/model-memory.ts lays them out: the positions of 512 blocks at 0, their factors, and the sums.
const FACTORS: usize = 512 * 4;
const SUMS: usize = 512 * 12;

/**
 * sums[k] += the sum over the positions before `last`, in their order, of a factor * values[position + k], for k up to the
 * multiple of 8 at or behind `end`: 32-bit positions, 64-bit factors and sums, 8-bit weights. No fused multiply-add, so that
 * it is what the plain loop does.
 */
export function add(values: usize, last: usize, end: usize): void {
  let out = SUMS;
  for (; out < end; out += 64, values += 8) {
    let a = v128.load(out);
    let b = v128.load(out, 16);
    let c = v128.load(out, 32);
    let d = v128.load(out, 48);
    for (let block: usize = 0; block < last; block += 4) {
      const w = v128.load_ext<i8>(values + load<u32>(block));
      const v = v128.load_splat<f64>(block << 1, FACTORS);
      const low = i32x4.extend_low_i16x8_s(w);
      const high = i32x4.extend_high_i16x8_s(w);
      a = f64x2.add(a, f64x2.mul(v, f64x2.convert_low_i32x4_s(low)));
      b = f64x2.add(b, f64x2.mul(v, f64x2.convert_low_i32x4_s(upper(low))));
      c = f64x2.add(c, f64x2.mul(v, f64x2.convert_low_i32x4_s(high)));
      d = f64x2.add(d, f64x2.mul(v, f64x2.convert_low_i32x4_s(upper(high))));
    }
    v128.store(out, a);
    v128.store(out, b, 16);
    v128.store(out, c, 32);
    v128.store(out, d, 48);
  }
}

/** The upper half in both: fewer bytes than a shuffle, and as fast. */
// @ts-ignore: a decorator
@inline
function upper(v: v128): v128 {
  return i64x2.splat(i64x2.extract_lane(v, 1));
}
