// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { expectedCost, fitCost, predictCost } from "../../bench/lib/cost-model.mjs";

type Measured = Parameters<typeof fitCost>[0][number];

interface Machine {
  readonly seconds: readonly [constant: number, rows: number, work: number, file: number];
  readonly peakMb: readonly [constant: number, rows: number, labels: number, file: number];
}

const MACHINE: Machine = { seconds: [1.1, 12, 0.4, 0.05], peakMb: [120, 900, 4, 6] };

const dot = (factors: readonly number[], terms: readonly number[]) =>
  factors.reduce((sum, factor, i) => sum + factor * (terms[i] as number), 0);

/** A point with the passes and the model file that its rows and labels usually lead to, and what a machine takes for it. */
function measured(rows: number, labels: number, workers: number, machine = MACHINE): Measured {
  const epochs = 2 + ((rows / 10_000 + labels) % 5);
  const megabytes = Math.min(rows / 100_000, 1) * (1 + labels / 10);
  const millions = rows / 1e6;
  return {
    rows,
    labels,
    workers,
    epochs,
    pack: { models: { text: megabytes * 0.75e6, pair: megabytes * 0.25e6 } },
    cost: {
      seconds: dot(machine.seconds, [1, millions, millions * (labels + 16) * epochs, megabytes]),
      peak_mb: dot(machine.peakMb, [1, millions, millions * labels, megabytes]),
    },
  };
}

const SMALLER = [10_000, 100_000, 300_000].flatMap((rows) =>
  [10, 100, 1000].map((labels) => measured(rows, labels, 2)),
);

describe("the cost model of the benchmark", () => {
  it("finds the coefficients that the costs were made with", () => {
    const seconds = fitCost(SMALLER, "seconds");
    expect(seconds?.constant).toBeCloseTo(1.1, 6);
    expect(seconds?.factors.map(([term]) => term)).toEqual([
      "million rows",
      "million rows x (labels + 16) x passes",
      "MB of model file",
    ]);
    const peak = fitCost(SMALLER, "peak_mb");
    const found = (model: typeof peak) => [model?.constant, ...(model?.factors ?? []).map(([, f]) => f)];
    for (const [i, expected] of MACHINE.seconds.entries()) expect(found(seconds)[i]).toBeCloseTo(expected, 6);
    for (const [i, expected] of MACHINE.peakMb.entries()) expect(found(peak)[i]).toBeCloseTo(expected, 4);
  });

  it("predicts the next point of any machine whose costs are such a sum", () => {
    const factor = fc.double({ min: 0.01, max: 100, noNaN: true });
    const four = fc.tuple(factor, factor, factor, factor);
    fc.assert(
      fc.property(fc.record({ seconds: four, peakMb: four }), fc.constantFrom(1, 2), (machine, workers) => {
        const points = SMALLER.map(({ rows, labels }) => measured(rows, labels, workers, machine));
        const next = measured(5_000_000, 100, workers, machine);
        for (const measure of ["seconds", "peak_mb"] as const) {
          const predicted = predictCost(points, measure, next) as number;
          expect(Math.abs(predicted / next.cost[measure] - 1)).toBeLessThan(0.01);
        }
      }),
      { numRuns: 50 },
    );
  });

  it("has no coefficient under 0, even where costs fall with the rows", () => {
    const falling = SMALLER.map((point) => ({ ...point, cost: { seconds: 1e6 / point.rows, peak_mb: 100 } }));
    const model = fitCost(falling, "seconds");
    for (const value of [model?.constant, ...(model?.factors ?? []).map(([, factor]) => factor)])
      expect(value).toBeGreaterThanOrEqual(0);
    expect(fitCost(falling, "peak_mb")?.constant).toBeCloseTo(100, 6);
  });

  it("hears nothing from points of as many rows or more, or of another number of workers", () => {
    const next = measured(1_000_000, 10, 2);
    const wrong = { seconds: 1e9, peak_mb: 1e9 };
    const strangers = [
      { ...next, cost: wrong },
      { ...measured(5_000_000, 10, 2), cost: wrong },
      { ...measured(10_000, 10, 1), cost: wrong },
    ];
    expect(predictCost([...SMALLER, ...strangers], "seconds", next)).toBe(
      predictCost(SMALLER, "seconds", next),
    );
    expect(predictCost(SMALLER, "seconds", next)).toBeCloseTo(next.cost.seconds, 3);
  });

  it("says nothing with fewer points than coefficients", () => {
    const next = measured(1_000_000, 10, 2);
    expect(fitCost(SMALLER.slice(0, 3), "seconds")).toBeNull();
    expect(predictCost(SMALLER.slice(0, 3), "seconds", next)).toBeNull();
    expect(fitCost(SMALLER.slice(0, 4), "seconds")).not.toBeNull();
  });

  it("expects of a point that has not run the passes and the file of the largest like it", () => {
    const like = measured(300_000, 1000, 2);
    const point = { rows: 1_000_000, labels: 1000, workers: 2 };
    const [constant, rows, work, file] = MACHINE.seconds;
    const megabytes = 101;
    expect(expectedCost(SMALLER, "seconds", point)).toBeCloseTo(
      constant + rows + work * 1016 * like.epochs + file * megabytes,
      3,
    );
    const [least, byRows, byLabels, byFile] = MACHINE.peakMb;
    expect(expectedCost(SMALLER, "peak_mb", point)).toBeCloseTo(
      least + byRows + byLabels * 1000 + byFile * megabytes,
      2,
    );
    // And of one that has run no more.
    const run = { ...measured(1_000_000, 1000, 2), epochs: 99 };
    expect(expectedCost(SMALLER, "seconds", run)).toBe(expectedCost(SMALLER, "seconds", point));
    expect(expectedCost(SMALLER, "seconds", { ...point, workers: 1 })).toBeNull();
    expect(expectedCost(SMALLER, "seconds", { ...point, labels: 50 })).toBeNull();
  });
});
