// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../src/core/random.ts";
import { fitLogistic, type LogisticRows } from "../../src/training/logistic.ts";

const rows: LogisticRows = {
  x: Float64Array.of(1, 0.5, -1, 2, 0.25, -2, 3, 1),
  target: Uint8Array.of(1, 0, 1, 1),
  weight: Float64Array.of(1, 2, 0.5, 3),
};
const all = Uint32Array.of(0, 1, 2, 3);

const marginOf = ({ x }: LogisticRows, row: number, [slope, shift]: readonly number[]) =>
  (x[row * 2] as number) * (slope as number) + (x[row * 2 + 1] as number) * (shift as number);

/** The weighted log loss, in the form that neither overflows nor cancels. */
function lossOf(of: LogisticRows, v: readonly number[]): number {
  return of.target.reduce((sum, target, row) => {
    const margin = marginOf(of, row, v);
    const loss = Math.max(margin, 0) - target * margin + Math.log1p(Math.exp(-Math.abs(margin)));
    return sum + (of.weight[row] as number) * loss;
  }, 0);
}

/** Gradient of the loss of the first rows, with ridge / 2 |v - prior|^2. */
function gradientOf(
  of: LogisticRows,
  count: number,
  v: readonly number[],
  prior: readonly number[],
  ridge: number,
) {
  return v.map((c, i) => {
    let sum = ridge * (c - (prior[i] as number));
    for (let row = 0; row < count; row++) {
      const chance = 1 / (1 + Math.exp(-marginOf(of, row, v)));
      const slope = (of.weight[row] as number) * (chance - (of.target[row] as number));
      sum += slope * (of.x[row * 2 + i] as number);
    }
    return sum;
  });
}

describe("fitLogistic", () => {
  it("has scipy's minimum", () => {
    const fitted = fitLogistic(rows, all, [1, 0], 0.5);
    expect(fitted[0]).toBeCloseTo(1.774136629, 7);
    expect(fitted[1]).toBeCloseTo(-0.548700771, 7);
  });

  it("ends where the slope is none, with many rows and with few", () => {
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
      for (const g of gradientOf(drawn, rows, [slope, shift], [1, 0], 5)) expect(g).toBeCloseTo(0, 2);
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
        const start = lossOf(drawn, [1, 0]);
        expect(lossOf(drawn, fitted)).toBeLessThanOrEqual(start * (1 + 1e-12));
      }),
      { numRuns: 500 },
    );
  });
});
