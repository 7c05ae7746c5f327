// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exp, log } from "../../src/core/elementary.ts";

const bits = new DataView(new ArrayBuffer(8));

/** The place of a double in the order of all doubles: neighbours differ by one. */
function rank(x: number): bigint {
  bits.setFloat64(0, x);
  const word = bits.getBigInt64(0);
  return word < 0n ? -(word & 0x7fff_ffff_ffff_ffffn) : word;
}

function fromRank(place: bigint): number {
  bits.setBigInt64(0, place < 0n ? -place | (-1n << 63n) : place);
  return bits.getFloat64(0);
}

function ulps(a: number, b: number): number {
  return Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : Math.abs(Number(rank(a) - rank(b)));
}

describe("exp", () => {
  it.each([
    [0, 1],
    [-0, 1],
    [-708.01, 0],
    [-1e308, 0],
    [Number.NEGATIVE_INFINITY, 0],
    [709.01, Number.POSITIVE_INFINITY],
    [1e308, Number.POSITIVE_INFINITY],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    [Number.NaN, Number.NaN],
  ])("of %d is %d", (x, expected) => {
    expect(exp(x)).toBe(expected);
  });

  it("has its smallest and its largest result at -708 and 709", () => {
    expect(ulps(exp(-708), Math.exp(-708))).toBeLessThanOrEqual(1);
    expect(ulps(exp(709), Math.exp(709))).toBeLessThanOrEqual(1);
  });

  it("is within 2 ulp of Math.exp from the smallest to the largest result", () => {
    let worst = 0;
    const cases = 200_000;
    for (let i = 0; i <= cases; i++) {
      const x = -708 + (i / cases) * (708 + 709);
      worst = Math.max(worst, ulps(exp(x), Math.exp(x)));
    }
    expect(worst).toBeLessThanOrEqual(2);
  });

  it("is within 2 ulp of Math.exp for small arguments", () => {
    const small = fc.double({ min: -2, max: 2, noNaN: true });
    fc.assert(
      fc.property(small, (x) => ulps(exp(x), Math.exp(x)) <= 2),
      { numRuns: 5000 },
    );
  });

  it("does not fall between neighbouring doubles", () => {
    fc.assert(
      fc.property(
        fc.double({ min: -750, max: 750, noNaN: true }),
        (x) => exp(x) <= exp(fromRank(rank(x) + 1n)),
      ),
      { numRuns: 20_000 },
    );
  });

  it("does not fall where the argument reduction changes its step", () => {
    for (let k = -1074; k < 1024; k++) {
      const edge = rank((k + 0.5) * Math.LN2);
      for (let i = -20n; i < 20n; i++) {
        const x = fromRank(edge + i);
        expect(exp(x), `at ${x}`).toBeLessThanOrEqual(exp(fromRank(edge + i + 1n)));
      }
    }
  });
});

describe("log", () => {
  it.each([
    [1, 0],
    [0, Number.NEGATIVE_INFINITY],
    [-0, Number.NEGATIVE_INFINITY],
    [-1, Number.NaN],
    [Number.NEGATIVE_INFINITY, Number.NaN],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    [Number.NaN, Number.NaN],
    [2, Math.LN2],
    [10, Math.LN10],
    [5e-324, Number.NEGATIVE_INFINITY],
    [2 ** -1022, -708.3964185322641],
    [Number.MAX_VALUE, 709.782712893384],
  ])("of %d is %d", (x, expected) => {
    expect(log(x)).toBe(expected);
  });

  it("is within 2 ulp of Math.log over all positive doubles that are normal", () => {
    const positive = fc.bigInt({ min: rank(2 ** -1022), max: rank(Number.MAX_VALUE) }).map(fromRank);
    fc.assert(
      fc.property(positive, (x) => ulps(log(x), Math.log(x)) <= 2),
      { numRuns: 20_000 },
    );
  });

  it("is within 2 ulp of Math.log near 1, where the result is small", () => {
    const near = fc.bigInt({ min: rank(0.5), max: rank(2) }).map(fromRank);
    fc.assert(
      fc.property(near, (x) => ulps(log(x), Math.log(x)) <= 2),
      { numRuns: 20_000 },
    );
    for (let i = -100n; i <= 100n; i++) {
      const x = fromRank(rank(1) + i);
      expect(ulps(log(x), Math.log(x)), `at ${x}`).toBeLessThanOrEqual(2);
    }
  });

  it("does not fall between neighbouring doubles", () => {
    const near = fc.bigInt({ min: rank(2 ** -60), max: rank(2 ** 60) }).map(fromRank);
    fc.assert(
      fc.property(near, (x) => log(x) <= log(fromRank(rank(x) + 1n))),
      { numRuns: 20_000 },
    );
  });

  it("does not fall where the exponent changes", () => {
    for (let k = -1022; k < 1024; k++) {
      const edge = rank(2 ** k * Math.SQRT2);
      for (let i = -20n; i < 20n; i++) {
        expect(log(fromRank(edge + i)), `at 2^${k}`).toBeLessThanOrEqual(log(fromRank(edge + i + 1n)));
      }
    }
  });

  it("undoes exp", () => {
    fc.assert(
      fc.property(fc.double({ min: -700, max: 700, noNaN: true }), (x) => {
        expect(log(exp(x))).toBeCloseTo(x, 12);
      }),
    );
  });
});
