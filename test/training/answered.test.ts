// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { measureAnswered, measureOutOfScope, shareOf } from "../../src/training/answered.ts";

const NONE = { value: null, low: null, high: null };

describe("measureAnswered", () => {
  it("counts the rows that are not under the threshold, and the right ones of them", () => {
    const answers = {
      confidence: Float64Array.of(0.9, 0.5, 0.4999, 0.7, 0.1),
      right: Uint8Array.of(1, 0, 1, 1, 0),
    };
    expect(measureAnswered(answers, 0.5)).toEqual({
      rows: 5,
      answered: 3,
      right: 2,
      coverage: shareOf(3, 5),
      precision: shareOf(2, 3),
    });
    expect(measureAnswered(answers, 0.95)).toMatchObject({ answered: 0, precision: NONE });
    const empty = { confidence: new Float64Array(0), right: new Uint8Array(0) };
    expect(measureAnswered(empty, 0.5)).toMatchObject({ rows: 0, coverage: NONE, precision: NONE });
  });
});

describe("shareOf", () => {
  it("has Wilson's interval: 8 of 10", () => {
    const { value, low, high } = shareOf(8, 10);
    expect(value).toBe(0.8);
    // Newcombe, Statistics in Medicine 17 (1998), method 3, by its formula.
    expect([low, high].map((n) => Number(n?.toFixed(4)))).toEqual([0.4902, 0.9433]);
  });
});

const lists = fc.array(fc.integer({ min: 0, max: 10 }), { minLength: 1, maxLength: 40 });
const asConfidence = (values: readonly number[]) => Float64Array.from(values, (v) => v / 10);

describe("measureOutOfScope", () => {
  it("has the area that counting every pair gives", () => {
    fc.assert(
      fc.property(lists, lists, (inside, outside) => {
        let wins = 0;
        for (const a of inside) for (const b of outside) wins += a > b ? 1 : a === b ? 0.5 : 0;
        const { auroc } = measureOutOfScope(asConfidence(inside), asConfidence(outside), null);
        expect(auroc.value).toBeCloseTo(wins / (inside.length * outside.length), 12);
        expect(auroc.low).toBeLessThanOrEqual((auroc.value ?? 0) + 1e-12);
        expect(auroc.high).toBeGreaterThanOrEqual((auroc.value ?? 0) - 1e-12);
      }),
    );
  });

  it("has Hanley and McNeil's interval", () => {
    // A = 0.75 of 4 and 4: Q1 = A / (2 - A), Q2 = 2 A^2 / (1 + A).
    const inside = Float64Array.of(0.4, 0.5, 0.6, 0.7);
    const outside = Float64Array.of(0.1, 0.2, 0.55, 0.65);
    const { auroc } = measureOutOfScope(inside, outside, null);
    expect(auroc.value).toBe(11 / 16);
    const a = 11 / 16;
    const variance = (a * (1 - a) + 3 * (a / (2 - a) - a * a) + 3 * ((2 * a * a) / (1 + a) - a * a)) / 16;
    expect(auroc.low).toBeCloseTo(a - 1.959963984540054 * Math.sqrt(variance), 12);
    expect(auroc.high).toBe(1);
  });

  it("passes what is over the confidence that 95 % in scope reach, and holds back what is under the threshold", () => {
    const inside = Float64Array.from({ length: 100 }, (_, i) => (i + 1) / 100);
    // 95 of 100 reach 0.06.
    const outside = Float64Array.of(0.01, 0.05, 0.06, 0.5);
    expect(measureOutOfScope(inside, outside, 0.06)).toMatchObject({
      rows: 4,
      in_scope_rows: 100,
      held_back: 2,
      recall: shareOf(2, 4),
      fpr_at_95_recall: shareOf(2, 4),
    });
    expect(measureOutOfScope(inside, outside, null)).toMatchObject({ held_back: null, recall: null });
  });

  it("has no figures without rows in scope", () => {
    const found = measureOutOfScope(new Float64Array(0), Float64Array.of(0.5), 0.6);
    expect(found).toMatchObject({ held_back: 1, auroc: NONE, fpr_at_95_recall: NONE });
  });
});
