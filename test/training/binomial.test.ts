// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { binomialTail, logGamma, lowerBound, rowsNeeded, wilson } from "../../src/training/binomial.ts";

/** The tail as the sum that defines it, term by term. */
function summedTail(hits: number, of: number, p: number): number {
  let term = (1 - p) ** of;
  let below = 0;
  for (let k = 0; k < hits; k++) {
    below += term;
    term *= (((of - k) / (k + 1)) * p) / (1 - p);
  }
  return 1 - below;
}

describe("logGamma", () => {
  it("is the logarithm of the factorial", () => {
    let factorial = 0;
    for (let n = 1; n < 200; n++) {
      factorial += Math.log(n);
      expect(logGamma(n + 1)).toBeCloseTo(factorial, 9);
    }
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.PI) / 2, 12);
  });
});

describe("binomialTail", () => {
  it("is the sum that defines it", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 150 }).chain((of) => fc.tuple(fc.nat({ max: of }), fc.constant(of))),
        fc.double({ min: 0.05, max: 0.95, noNaN: true }),
        ([hits, of], p) => {
          expect(Math.abs(binomialTail(hits, of, p) - summedTail(hits, of, p))).toBeLessThan(1e-9);
        },
      ),
      { numRuns: 300 },
    );
  });

  it("knows the ends", () => {
    expect(binomialTail(0, 10, 0.3)).toBe(1);
    expect(binomialTail(10, 10, 0.5)).toBeCloseTo(2 ** -10, 14);
    expect(binomialTail(5, 5, 1)).toBe(1);
    expect(binomialTail(5, 5, 0)).toBe(0);
  });
});

describe("lowerBound", () => {
  // scipy.stats.beta.ppf(0.05, hits, of - hits + 1)
  it.each([
    [59, 59, 0.05 ** (1 / 59)],
    [99, 99, 0.05 ** (1 / 99)],
    [0, 20, 0],
    [1, 1, 0.05],
  ])("of %d in %d is %d", (hits, of, expected) => {
    expect(lowerBound(hits, of)).toBeCloseTo(expected, 12);
  });

  it("is where the tail is 5 %, and grows with the hits", () => {
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: 5000 })
          .chain((of) => fc.tuple(fc.integer({ min: 1, max: of }), fc.constant(of))),
        ([hits, of]) => {
          const bound = lowerBound(hits, of);
          expect(binomialTail(hits, of, bound)).toBeCloseTo(0.05, 9);
          expect(bound).toBeGreaterThan(lowerBound(hits - 1, of));
          expect(bound).toBeLessThan(hits / of);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe("rowsNeeded", () => {
  it.each([
    [0.9, 29],
    [0.95, 59],
    [0.97, 99],
    [0.99, 299],
  ])("for %d are %d, all hits", (target, rows) => {
    expect(rowsNeeded(target)).toBe(rows);
    expect(lowerBound(rows, rows)).toBeGreaterThanOrEqual(target);
    expect(lowerBound(rows - 1, rows - 1)).toBeLessThan(target);
  });

  it("are never enough for 1", () => {
    expect(rowsNeeded(1)).toBeNull();
  });
});

describe("wilson", () => {
  it("has the bounds of the score test", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 3000 }).chain((of) => fc.tuple(fc.nat({ max: of }), fc.constant(of))),
        ([hits, of]) => {
          const found = wilson(hits, of);
          const z = (p: number) => (hits / of - p) / Math.sqrt((p * (1 - p)) / of);
          if (hits > 0) expect(z(found?.low ?? 0)).toBeCloseTo(1.959963984540054, 6);
          else expect(found?.low).toBe(0);
          if (hits < of) expect(z(found?.high ?? 0)).toBeCloseTo(-1.959963984540054, 6);
          else expect(found?.high).toBe(1);
        },
      ),
    );
    expect(wilson(0, 0)).toBeNull();
  });
});
