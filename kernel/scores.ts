// SPDX-License-Identifier: Apache-2.0
// The sums of a prediction, in AssemblyScript; scripts/kernel.mjs makes src/model/score-bytes.ts of it.

/**
 * out[k] += the sum over the positions before `last`, in their order, of a factor * values[position + k], for k up to the
 * multiple of 8 at or behind `end`: 32-bit positions from the memory's beginning on, 64-bit factors and sums, 8-bit weights.
 * No fused multiply-add, so that it is what the plain loop does.
 */
export function add(values: usize, last: usize, factors: usize, out: usize, end: usize): void {
  for (; out < end; out += 64, values += 8) {
    let a = v128.load(out);
    let b = v128.load(out, 16);
    let c = v128.load(out, 32);
    let d = v128.load(out, 48);
    let factor = factors;
    for (let block: usize = 0; block < last; block += 4, factor += 8) {
      const w = v128.load_ext<i8>(values + load<u32>(block));
      const v = v128.load_splat<f64>(factor);
      const low = i32x4.extend_low_i16x8_s(w);
      const high = i32x4.extend_high_i16x8_s(w);
      a = f64x2.add(a, f64x2.mul(v, f64x2.convert_low_i32x4_s(low)));
      b = f64x2.add(b, f64x2.mul(v, f64x2.convert_low_i32x4_s(i64x2.shuffle(low, low, 1, 1))));
      c = f64x2.add(c, f64x2.mul(v, f64x2.convert_low_i32x4_s(high)));
      d = f64x2.add(d, f64x2.mul(v, f64x2.convert_low_i32x4_s(i64x2.shuffle(high, high, 1, 1))));
    }
    v128.store(out, a);
    v128.store(out, b, 16);
    v128.store(out, c, 32);
    v128.store(out, d, 48);
  }
}
