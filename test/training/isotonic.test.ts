// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_POINTS } from "../../src/model/calibrator.ts";
import { type Curve, fitIsotonic } from "../../src/training/isotonic.ts";
import { expectClose, golden } from "../support/golden.ts";

/** A curve as scikit-learn predicts with it, in a way of its own. */
function readCurve(curve: Curve, at: number): number {
  const right = curve.x.findIndex((x) => x >= at);
  if (right === -1) return curve.y.at(-1) as number;
  if (right === 0) return curve.y[0] as number;
  const [x0, x1] = [curve.x[right - 1] as number, curve.x[right] as number];
  const [y0, y1] = [curve.y[right - 1] as number, curve.y[right] as number];
  return y0 + ((y1 - y0) * (at - x0)) / (x1 - x0);
}

describe("fitIsotonic", () => {
  interface Case {
    readonly x: number[];
    readonly y: number[];
    readonly weight: number[] | null;
    readonly expected: { readonly x: number[]; readonly y: number[] };
    readonly at: number[];
    readonly predicted: number[];
  }

  it.each(golden<Case>("isotonic"))("has scikit-learn's thresholds (case %#)", (c) => {
    const curve = fitIsotonic(Float64Array.from(c.x), Float64Array.from(c.y), c.weight);
    expectClose(curve.x, c.expected.x, 1e-9);
    expectClose(curve.y, c.expected.y, 1e-9);
    expectClose(
      c.at.map((at) => readCurve(curve, at)),
      c.predicted,
      1e-9,
    );
  });

  it("is the least-squares fit that never falls, found by brute force", () => {
    // x and y from few values, so that ties and violations are many.
    const row = fc.tuple(fc.nat({ max: 4 }), fc.nat({ max: 3 }), fc.integer({ min: 1, max: 3 }));
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 7 }), (rows) => {
        const [x, y, weight] = [0, 1, 2].map((i) => Float64Array.from(rows, (r) => r[i] as number));
        const curve = fitIsotonic(x as Float64Array, y as Float64Array, weight as Float64Array);
        for (const [at, value] of bruteForceIsotonic(rows)) {
          expect(readCurve(curve, at)).toBeCloseTo(value, 9);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("has rising x and y that never falls, and stays in the range of y", () => {
    const row = fc.tuple(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
    );
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 40 }), (rows) => {
        const [x, y] = [0, 1].map((i) => Float64Array.from(rows, (r) => r[i] as number));
        const curve = fitIsotonic(x as Float64Array, y as Float64Array, null);
        expect(curve.x.every((v, i) => i === 0 || v > (curve.x[i - 1] as number))).toBe(true);
        expect(curve.y.every((v, i) => i === 0 || v >= (curve.y[i - 1] as number))).toBe(true);
        expect(curve.y.every((v) => v >= 0 && v <= 1)).toBe(true);
      }),
    );
  });

  it("counts a row of weight 3 as three rows, and of weight 0 as none", () => {
    const weighted = fitIsotonic(Float64Array.of(1, 2, 3, 4), Float64Array.of(1, 0, 1, 0), [3, 1, 1, 0]);
    const repeated = fitIsotonic(Float64Array.of(1, 1, 1, 2, 3), Float64Array.of(1, 1, 1, 0, 1), null);
    expect(weighted).toEqual(repeated);
  });

  it("joins steps evenly when there are more than a calibration may hold", () => {
    const rising = Float64Array.from({ length: 1000 }, (_, i) => i / 1000);
    const curve = fitIsotonic(rising, rising, null);
    expect(curve.x.length).toBeLessThanOrEqual(MAX_POINTS);
    expect(curve.x.length).toBeGreaterThan(MAX_POINTS / 2);
    for (const at of rising) expect(Math.abs(readCurve(curve, at) - at)).toBeLessThan(0.005);
  });
});

/** Best never-falling values for each distinct x: tries every way to cut them into level stretches. */
function bruteForceIsotonic(rows: readonly (readonly [number, number, number])[]): Map<number, number> {
  const xs = [...new Set(rows.map(([x]) => x))].sort((a, b) => a - b);
  let best = { cost: Number.POSITIVE_INFINITY, values: [] as number[] };
  for (let cuts = 0; cuts < 2 ** (xs.length - 1); cuts++) {
    const stretch = xs.map((_, i) => [...Array(i).keys()].filter((j) => (cuts >> j) & 1).length);
    const values = xs.map((_, i) => {
      const inside = rows.filter(([x]) => stretch[xs.indexOf(x)] === stretch[i]);
      return inside.reduce((s, [, y, w]) => s + w * y, 0) / inside.reduce((s, [, , w]) => s + w, 0);
    });
    if (values.some((v, i) => i > 0 && v < (values[i - 1] as number) - 1e-12)) continue;
    const cost = rows.reduce((s, [x, y, w]) => s + w * (y - (values[xs.indexOf(x)] as number)) ** 2, 0);
    if (cost < best.cost) best = { cost, values };
  }
  return new Map(xs.map((x, i) => [x, best.values[i] as number]));
}
