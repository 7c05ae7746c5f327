// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { exp } from "../../src/core/elementary.ts";
import { fitPlatt } from "../../src/training/platt.ts";
import { expectClose, golden } from "../support/golden.ts";

describe("fitPlatt", () => {
  interface Case {
    readonly score: number[];
    readonly positive: number[];
    readonly weight: number[] | null;
    readonly sklearn: number[];
    readonly exact: { readonly slope: number; readonly intercept: number };
  }

  it.each(golden<Case>("sigmoid"))("has scikit-learn's optimum (case %#)", (c) => {
    const fitted = fitPlatt(Float64Array.from(c.score), Uint8Array.from(c.positive), c.weight);
    expectClose([fitted.slope, fitted.intercept], [c.exact.slope, c.exact.intercept], 1e-6);
    const probabilities = c.score
      .slice(0, 20)
      .map((z) => 1 / (1 + exp(-(fitted.slope * z + fitted.intercept))));
    expectClose(probabilities, c.sklearn, 1e-4); // as far as its own optimizer goes
  });

  it.each([
    { positive: [1, 1, 1], probability: 4 / 5 },
    { positive: [0, 0, 0], probability: 1 / 5 },
  ])("answers Platt's constant for rows on one side: $positive", ({ positive, probability }) => {
    const { slope, intercept } = fitPlatt(Float64Array.of(1, 2, 3), Uint8Array.from(positive), null);
    expect(slope).toBeCloseTo(0, 9);
    expect(1 / (1 + Math.exp(-intercept))).toBeCloseTo(probability, 9);
  });

  it.each([0, 1, -1e30, 1e-40])("survives equal scores of %d", (z) => {
    const { slope, intercept } = fitPlatt(Float64Array.of(z, z, z), Uint8Array.of(1, 0, 0), null);
    const expected = (2 / 3 + 2 * (1 / 4)) / 3; // the mean of the targets
    expect(1 / (1 + Math.exp(-(slope * z + intercept)))).toBeCloseTo(expected, 9);
  });

  it.each([
    { score: [-13, 0, -130], positive: [0, 1, 0], weight: [10, 100, 10000] },
    { score: [3, 1373, -202, 8, 0], positive: [0, 0, 1, 1, 0], weight: [10, 100, 100, 1000, 100000] },
    { score: [-19, -259, -1, 116, 2976], positive: [0, 1, 0, 1, 0], weight: [1, 1, 10, 100000, 100] },
  ])("finds the optimum where whole Newton steps would run away: $score", ({ score, positive, weight }) => {
    const { slope, intercept } = fitPlatt(Float64Array.from(score), Uint8Array.from(positive), weight);
    const side = (one: number) => weight.reduce((sum, w, i) => sum + (positive[i] === one ? w : 0), 0);
    const targets = [1 / (side(0) + 2), (side(1) + 1) / (side(1) + 2)] as const;
    const gradient = [0, 0] as [number, number];
    for (const [i, z] of score.entries()) {
      const target = positive[i] === 1 ? targets[1] : targets[0];
      const error = (weight[i] as number) * (1 / (1 + Math.exp(-(slope * z + intercept))) - target);
      gradient[0] += error * z;
      gradient[1] += error;
    }
    expectClose(gradient, [0, 0], 1e-5);
  });

  it("does not depend on the unit of the scores", () => {
    const score = Float64Array.of(-2, -1, 0, 1, 2, 0.5);
    const positive = Uint8Array.of(0, 0, 1, 1, 1, 0);
    const one = fitPlatt(score, positive, null);
    const other = fitPlatt(
      score.map((z) => z * 1024),
      positive,
      null,
    );
    expect(other).toEqual({ slope: one.slope / 1024, intercept: one.intercept });
  });
});
