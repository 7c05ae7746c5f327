// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { comparePaired, mcnemar, unpairedDifference } from "../../src/training/paired-comparison.ts";

/** 2 labels; which of both is right, row by row. */
function rows(right: readonly (readonly [a: boolean, b: boolean])[]) {
  const truth = Uint32Array.from(right, (_, i) => i % 2);
  const side = (of: 0 | 1) => ({
    label: truth.map((label, row) => (right[row]?.[of] === true ? label : 1 - label)),
    chance: Float64Array.from(right, (both) => (both[of] ? 0.8 : 0.2)),
  });
  return { labels: 2, truth, group: Uint32Array.from(right.keys()), a: side(0), b: side(1) };
}

const repeat = (n: number, a: boolean, b: boolean) => Array.from({ length: n }, () => [a, b] as const);

describe("comparePaired", () => {
  const compared = comparePaired(
    rows([
      ...repeat(60, true, true),
      ...repeat(4, true, false),
      ...repeat(16, false, true),
      ...repeat(20, false, false),
    ]),
  );

  it("counts figures and who alone is right", () => {
    expect(compared).toMatchObject({ rows: 100, onlyA: 4, onlyB: 16 });
    expect(compared.accuracy).toMatchObject({ a: 0.64, b: 0.76 });
    expect(compared.macroF1.a).toBeCloseTo(0.64, 2);
    const loss = (hits: number) => -(hits * Math.log(0.8) + (100 - hits) * Math.log(0.2)) / 100;
    expect(compared.logLoss.a).toBeCloseTo(loss(64), 12);
    expect(compared.logLoss.b).toBeCloseTo(loss(76), 12);
  });

  it("has intervals that hold the difference, and shrink to it where both agree", () => {
    const [low, high] = compared.accuracy.difference;
    expect(low).toBeGreaterThan(0.02);
    expect(high).toBeLessThan(0.22);
    // The standard error of paired shares: sqrt(b + c - (b - c)^2 / n) / n.
    expect(high - low).toBeCloseTo(2 * 1.96 * (Math.sqrt(20 - 144 / 100) / 100), 1);
    const same = comparePaired(rows([...repeat(9, true, true), ...repeat(5, false, false)]));
    expect(same.accuracy.difference).toEqual([0, 0]);
    expect(same.pValue).toBe(1);
  });

  it("draws whole groups: copies of a row are no evidence of their own", () => {
    const once = [...repeat(6, true, true), ...repeat(1, true, false), ...repeat(3, false, true)];
    const copies = once.flatMap((row) => Array.from({ length: 10 }, () => row));
    const grouped = { ...rows(copies), group: Uint32Array.from(copies, (_, i) => Math.floor(i / 10)) };
    const width = ([low, high]: readonly [number, number]) => high - low;
    const apart = width(comparePaired(rows(copies)).accuracy.difference);
    expect(width(comparePaired(grouped).accuracy.difference)).toBeGreaterThan(2 * apart);
  });

  it("gives the same numbers every time", () => {
    const again = rows([...repeat(30, true, false), ...repeat(20, false, true)]);
    expect(comparePaired(again)).toEqual(comparePaired(again));
  });
});

describe("mcnemar", () => {
  // Two-sided binomial tests with p = 1/2, by hand: 2 sum_{k <= min} C(n, k) / 2^n.
  it.each([
    [0, 0, 1],
    [0, 5, 2 / 32],
    [1, 9, (2 * 11) / 1024],
    [4, 16, 0.0118179],
    [7, 7, 1],
  ])("of %i and %i", (onlyA, onlyB, p) => {
    expect(mcnemar(onlyA, onlyB)).toBeCloseTo(p, 6);
    expect(mcnemar(onlyB, onlyA)).toBe(mcnemar(onlyA, onlyB));
  });
});

describe("unpairedDifference", () => {
  it("is Newcombe's method 10 on his own example: 56/70 and 48/80", () => {
    const [low, high] = unpairedDifference({ hits: 48, rows: 80 }, { hits: 56, rows: 70 }) ?? [];
    expect(low).toBeCloseTo(0.0524, 4);
    expect(high).toBeCloseTo(0.3339, 4);
  });

  it("holds the difference, and is null without rows", () => {
    const hits = fc.tuple(fc.nat(50), fc.nat(50)).map(([a, b]) => ({ hits: a, rows: a + b + 1 }));
    fc.assert(
      fc.property(hits, hits, (a, b) => {
        const [low, high] = unpairedDifference(a, b) ?? [0, 0];
        const difference = b.hits / b.rows - a.hits / a.rows;
        expect(low).toBeLessThanOrEqual(difference + 1e-12);
        expect(high).toBeGreaterThanOrEqual(difference - 1e-12);
      }),
    );
    expect(unpairedDifference({ hits: 0, rows: 0 }, { hits: 1, rows: 2 })).toBeNull();
  });
});
