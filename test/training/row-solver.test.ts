// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { solveRow, wrightOmega } from "../support/oracle/row-solver.ts";

function softmax(z: readonly number[]): number[] {
  const top = Math.max(...z);
  const e = z.map((value) => Math.exp(value - top));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((value) => value / sum);
}

function solve(z: readonly number[], p: readonly number[], a: number): number[] {
  const q = Float64Array.from(p);
  solveRow(Float64Array.from(z), q, a, new Float64Array(z.length), new Float64Array(z.length));
  return [...q];
}

describe("wrightOmega", () => {
  it.each([
    [1, 1],
    [Math.E + 1, Math.E],
    [0, 0.5671432904097838],
    [-1, 0.2784645427610738],
  ])("of %d is %d", (r, u) => {
    expect(wrightOmega(r)).toBeCloseTo(u, 7);
  });

  it("solves u + ln u = r", () => {
    fc.assert(
      fc.property(fc.double({ min: -600, max: 1e6, noNaN: true }), (r) => {
        const u = wrightOmega(r);
        expect(u).toBeGreaterThan(0);
        expect(Math.abs(u + Math.log(u) - r)).toBeLessThan(3e-8 + 1e-14 * Math.abs(r));
      }),
      { numRuns: 2000 },
    );
  });
});

describe("solveRow", () => {
  const row = fc.integer({ min: 1, max: 60 }).chain((labels) =>
    fc.record({
      z: fc.array(fc.double({ min: -40, max: 40, noNaN: true }), { minLength: labels, maxLength: labels }),
      p: fc
        .array(fc.double({ min: -8, max: 8, noNaN: true }), { minLength: labels, maxLength: labels })
        .map(softmax),
      a: fc.double({ min: -6, max: 5, noNaN: true }).map((power) => 10 ** power),
    }),
  );

  it("gives a distribution q that solves q = softmax(z + A (p - q))", () => {
    fc.assert(
      fc.property(row, ({ z, p, a }) => {
        const q = solve(z, p, a);
        expect(Math.abs(q.reduce((sum, value) => sum + value, 0) - 1)).toBeLessThan(1e-12);
        // ln q_k + A q_k - z_k - A p_k is the same number for every label that has any weight.
        const levels = q.flatMap((value, k) =>
          value > 1e-12 ? [Math.log(value) + a * value - (z[k] as number) - a * (p[k] as number)] : [],
        );
        const spread = Math.max(...levels) - Math.min(...levels);
        expect(spread).toBeLessThan(1e-7 + 2e-9 * a);
      }),
      { numRuns: 2000 },
    );
  });

  it("moves nothing at the optimum", () => {
    const z = [1, -2, 0.5];
    const p = softmax(z);
    solve(z, p, 7).forEach((value, k) => {
      expect(value).toBeCloseTo(p[k] as number, 7);
    });
  });

  it.each([
    {
      a: 1e-6,
      says: "follows the scores where the row weighs nothing",
      z: [3, 0],
      p: [0, 1],
      q: softmax([3, 0]),
    },
    { a: 1e6, says: "stays where it is when the row weighs much", z: [3, 0], p: [0.2, 0.8], q: [0.2, 0.8] },
    { a: 5, says: "has one answer for one label", z: [-4], p: [1], q: [1] },
    {
      a: 13,
      says: "splits a tie, where Newton on q itself diverges",
      z: [0, 0],
      p: [0.5, 0.5],
      q: [0.5, 0.5],
    },
  ])("$says", ({ z, p, a, q }) => {
    solve(z, p, a).forEach((value, k) => {
      expect(value).toBeCloseTo(q[k] as number, 4);
    });
  });
});
