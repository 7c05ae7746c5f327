// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Labelled, labelWeights, rowWeights } from "../../src/training/label-weights.ts";

const rows = (...given: readonly (readonly [label: number, count: number])[]): Labelled => ({
  label: Uint32Array.from(given, ([label]) => label),
  count: Uint32Array.from(given, ([, count]) => count),
});

describe("labelWeights", () => {
  it("weighs all labels alike with an exponent of 0", () => {
    expect([...labelWeights(rows([0, 9], [1, 1], [2, 4]), 3, 0)]).toEqual([1, 1, 1]);
  });

  it("balances the labels' source rows with an exponent of 1", () => {
    // n / (K n_k) = 10 / (2 * 8) and 10 / (2 * 2); their mean over the rows is 1.
    const found = labelWeights(rows([0, 5], [0, 3], [1, 2]), 2, 1);
    expect(found[0]).toBeCloseTo(0.625, 12);
    expect(found[1]).toBeCloseTo(2.5, 12);
  });

  it("takes the square root for 0.5, and brings the mean over source rows back to 1", () => {
    const found = labelWeights(rows([0, 8], [1, 2]), 2, 0.5);
    expect((found[1] as number) / (found[0] as number)).toBeCloseTo(2, 12);
    expect((found[0] as number) * 8 + (found[1] as number) * 2).toBeCloseTo(10, 12);
  });

  it("gives 1 to a label that train lacks, and does not let it weigh on the others", () => {
    const found = labelWeights(rows([0, 8], [2, 2]), 4, 1);
    expect([found[1], found[3]]).toEqual([1, 1]);
    expect([found[0], found[2]]).toEqual([...labelWeights(rows([0, 8], [1, 2]), 2, 1)]);
  });

  it("follows (n / (K n_k))^power, of mean 1, for any exponent in 64ths", () => {
    const row = fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 1, max: 1e6 }));
    const power = fc.integer({ min: 0, max: 128 }).map((n) => n / 64);
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 20 }), power, (given, p) => {
        const found = labelWeights(rows(...given), 5, p);
        const counts = [0, 1, 2, 3, 4].map((k) => given.reduce((n, [y, c]) => n + (y === k ? c : 0), 0));
        const all = counts.reduce((a, b) => a + b);
        const present = counts.filter((n) => n > 0).length;
        const raw = counts.map((n) => (n === 0 ? 0 : (all / (present * n)) ** p));
        const mean = raw.reduce((sum, w, k) => sum + w * (counts[k] as number), 0) / all;
        found.forEach((w, k) => {
          const wanted = counts[k] === 0 ? 1 : (raw[k] as number) / mean;
          expect(Math.abs(w / wanted - 1)).toBeLessThan(1e-9);
        });
      }),
    );
  });
});

describe("rowWeights", () => {
  it("is the source rows times the label's weight", () => {
    expect([...rowWeights(rows([1, 3], [0, 1], [1, 1]), Float64Array.of(0.5, 2))]).toEqual([6, 0.5, 2]);
    expect(rowWeights(rows(), Float64Array.of(1))).toEqual(new Float64Array(0));
  });

  it("is less by the trust in a row", () => {
    const given = rows([1, 3], [0, 1], [1, 1]);
    expect([...rowWeights(given, Float64Array.of(0.5, 2), Float64Array.of(0.25, 1, 0.5))]).toEqual([
      1.5, 0.5, 1,
    ]);
  });
});
