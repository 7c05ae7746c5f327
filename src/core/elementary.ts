// SPDX-License-Identifier: Apache-2.0

// Math.exp and Math.log may differ in the last digit between engines and their versions, and files are
// built from their results. These use only + - * /, which IEEE 754 fixes to the bit.

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

const scale = new Float64Array(2100);
for (let k = 0, up = 1, down = 1; k < 1050; k++, up *= 2, down /= 2) {
  scale[1050 + k] = up;
  scale[1050 - k] = down;
}

/** e^x to within 1 ulp or so; 0 below -745, Infinity above 709.7. NaN stays NaN. */
export function exp(x: number): number {
  if (!(x > -745)) return x <= -745 ? 0 : x;
  if (x > 709.7) return Number.POSITIVE_INFINITY;
  // x = k ln 2 + r, |r| <= ln 2 / 2 (Cody and Waite), then the Taylor series to r^13.
  const k = Math.round(x * 1.4426950408889634);
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  let p = 1 / 6227020800;
  p = p * r + 1 / 479001600;
  p = p * r + 1 / 39916800;
  p = p * r + 1 / 3628800;
  p = p * r + 1 / 362880;
  p = p * r + 1 / 40320;
  p = p * r + 1 / 5040;
  p = p * r + 1 / 720;
  p = p * r + 1 / 120;
  p = p * r + 1 / 24;
  p = p * r + 1 / 6;
  p = p * r + 0.5;
  p = p * r + 1;
  p = p * r + 1;
  return p * (scale[1050 + k] as number);
}

const bits = new DataView(new ArrayBuffer(8));

/** Natural logarithm to within 1 ulp or so; -Infinity at 0, NaN below. */
export function log(x: number): number {
  if (!(x > 0) || x === Number.POSITIVE_INFINITY) return x === 0 ? Number.NEGATIVE_INFINITY : x > 0 ? x : Number.NaN;
  let shift = 0;
  let y = x;
  if (y < 2.2250738585072014e-308) {
    y *= 18014398509481984; // 2^54: out of the subnormal range
    shift = -54;
  }
  bits.setFloat64(0, y);
  const high = bits.getInt32(0);
  let k = (high >>> 20) - 1023;
  bits.setInt32(0, (high & 0x000fffff) | 0x3ff00000);
  let m = bits.getFloat64(0);
  if (m > 1.4142135623730951) {
    m /= 2;
    k += 1;
  }
  // ln m = 2 atanh(s), s = (m - 1) / (m + 1), |s| < 0.1716: the odd series to s^21.
  const s = (m - 1) / (m + 1);
  const z = s * s;
  let p = 1 / 21;
  p = p * z + 1 / 19;
  p = p * z + 1 / 17;
  p = p * z + 1 / 15;
  p = p * z + 1 / 13;
  p = p * z + 1 / 11;
  p = p * z + 1 / 9;
  p = p * z + 1 / 7;
  p = p * z + 1 / 5;
  p = p * z + 1 / 3;
  const e = k + shift;
  return e * LN2_HIGH + (2 * s + (2 * s * z * p + e * LN2_LOW));
}
