// SPDX-License-Identifier: Apache-2.0

// Math.exp and Math.log may differ in the last digit between engines and their versions, and files are
// built from their results. These use only + - * /, which IEEE 754 fixes to the bit.

const LN2_HIGH = 0.6931471803691238; // 32 bits: an integer below 2^21 times it is exact
const LN2_LOW = 1.9082149292705877e-10;

/** A sum with it is rounded to an integer; Math.round takes a branch, and 20 ns where that is hard to foretell. */
const TO_INTEGER = 1.5 * 2 ** 52;

/** 2^k for k from -1024 to 1024 (Infinity), at k + 1024. */
const power = /* @__PURE__ */ powersOfTwo();

function powersOfTwo(): Float64Array {
  const powers = new Float64Array(2049);
  for (let k = 0, up = 1, down = 1; k <= 1024; k++, up *= 2, down /= 2) {
    powers[1024 + k] = up;
    powers[1024 - k] = down;
  }
  return powers;
}

/** 1/13!, 1/12!, ... 1/2!, each rounded once: the factorials themselves are exact. */
const series = /* @__PURE__ */ inverseFactorials();

function inverseFactorials(): Float64Array {
  const inverse = new Float64Array(12);
  for (let n = 2, factorial = 2; n < 14; factorial *= ++n) inverse[13 - n] = 1 / factorial;
  return inverse;
}

/**
 * e^x to within 1 ulp, never falling; 0 below -708, where only subnormal numbers are left, and Infinity above 709. NaN
 * stays NaN. 11 ns a call.
 */
export function exp(x: number): number {
  if (!(x >= -708)) return x < -708 ? 0 : x;
  if (x > 709) return Number.POSITIVE_INFINITY;
  // x = k ln 2 + r, |r| <= ln 2 / 2 (Cody and Waite), then the Taylor series to r^13.
  const k = x * Math.LOG2E + TO_INTEGER - TO_INTEGER;
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  let p = 0;
  for (let i = 0; i < 12; i++) p = p * r + (series[i] as number);
  // r itself is added unrounded, so that the error of the rest stays below what would break the order.
  const m = 1 + (r + r * r * p);
  return m * (power[1024 + k] as number);
}

const bits = new DataView(new ArrayBuffer(8));
/** From the upper half of a double to where its exponent is that of the nearest power of 2: they change at sqrt(1 / 2). */
const HALF_WAY = 0x95f62;

/** Natural logarithm to within 1 ulp; -Infinity at 0, which a subnormal number counts as, NaN below. 9 to 11 ns a call. */
export function log(x: number): number {
  if (!(x >= 2.2250738585072014e-308)) return x >= 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  bits.setFloat64(0, x);
  const k = ((bits.getUint32(0) + HALF_WAY) >>> 20) - 1023;
  // x = 2^k m, and ln m = 2 atanh(s) with f = m - 1, s = f / (2 + f), |s| < 0.1716: the odd series to s^21. Because
  // 2 s = f - s f, it is f less a correction, and f is exact.
  const f = x * (power[1024 - k] as number) - 1;
  const s = f / (2 + f);
  const z = s * s;
  const y = z * z;
  const p =
    2 / 3 +
    z * (2 / 5) +
    y *
      (2 / 7 +
        z * (2 / 9) +
        y * (2 / 11 + z * (2 / 13) + y * (2 / 15 + z * (2 / 17) + y * (2 / 19 + z * (2 / 21)))));
  const half = 0.5 * f * f;
  return k * LN2_HIGH - (half - (s * (half + z * p) + k * LN2_LOW) - f);
}
