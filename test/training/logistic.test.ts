// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../src/core/random.ts";
import { fitLogistic, type LogisticRows, logisticLoss } from "../../src/training/logistic.ts";

const rows: LogisticRows = {
  x: Float64Array.of(1, 0.5, -1, 2, 0.25, -2, 3, 1),
  target: Uint8Array.of(1, 0, 1, 1),
  weight: Float64Array.of(1, 2, 0.5, 3),
};
const all = Uint32Array.of(0, 1, 2, 3);

describe("logisticLoss", () => {
  it("is the weighted sum of -ln of the chance of what happened", () => {
    const chance = (margin: number) => 1 / (1 + Math.exp(-margin));
    const expected = -Math.log(chance(1.5)) - 2 * Math.log(1 - chance(1));
    expect(logisticLoss(rows, Uint32Array.of(0, 1), [1, 1])).toBeCloseTo(expected, 12);
  });

  it("does not overflow", () => {
    expect(logisticLoss(rows, all, [1e6, 0])).toBeCloseTo(0, 12);
    expect(logisticLoss(rows, all, [-1e6, 0])).toBeCloseTo((1 + 2 + 0.125 + 9) * 1e6, 0);
  });
});

describe("fitLogistic", () => {
  it("has scipy's minimum", () => {
    const fitted = fitLogistic(rows, all, [1, 0], 0.5);
    expect(fitted[0]).toBeCloseTo(1.774136629, 7);
    expect(fitted[1]).toBeCloseTo(-0.548700771, 7);
  });

  it("has the same minimum wherever it starts, with many rows and with few", () => {
    const random = seededRandom(5, "logistic");
    const many = 5000;
    const x = Float64Array.from({ length: many * 2 }, (_, i) =>
      i % 2 === 0 ? random.below(800) / 100 - 4 : 1,
    );
    const drawn = {
      x,
      target: Uint8Array.from({ length: many }, (_, i) => {
        const chance = 1 / (1 + Math.exp(0.4 - 0.8 * (x[i * 2] as number)));
        return random.below(1e6) / 1e6 < chance ? 1 : 0;
      }),
      weight: new Float64Array(many).fill(1),
    };
    for (const rows of [many, 400]) {
      const of = Uint32Array.from({ length: rows }, (_, i) => i);
      const [slope, shift] = fitLogistic(drawn, of, [1, 0], 5) as [number, number];
      expect(slope).toBeCloseTo(0.8, 0);
      for (const near of [
        [0, 0],
        [3, -2],
        [slope, shift],
      ] as const) {
        const other = fitLogistic(drawn, of, [1, 0], 5, near);
        expect(other[0]).toBeCloseTo(slope, 6);
        expect(other[1]).toBeCloseTo(shift, 6);
      }
    }
  });

  it("stays where it starts without rows", () => {
    expect(fitLogistic(rows, new Uint32Array(0), [0.3, -2], 5)).toEqual([0.3, -2]);
  });

  it("is never worse than its start, whatever the rows", () => {
    const problems = fc.array(
      fc.record({
        x: fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 2, maxLength: 2 }),
        target: fc.nat({ max: 1 }),
        weight: fc.double({ min: 0, max: 100, noNaN: true }),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(problems, (made) => {
        const of = Uint32Array.from(made.keys());
        const drawn = {
          x: Float64Array.from(made.flatMap((row) => row.x)),
          target: Uint8Array.from(made, (row) => row.target),
          weight: Float64Array.from(made, (row) => row.weight),
        };
        const fitted = fitLogistic(drawn, of, [1, 0], 5);
        expect(fitted.every(Number.isFinite)).toBe(true);
        const start = logisticLoss(drawn, of, [1, 0]);
        expect(logisticLoss(drawn, of, fitted)).toBeLessThanOrEqual(start * (1 + 1e-12));
      }),
      { numRuns: 500 },
    );
  });
});
