// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../src/core/random.ts";
import { lowerBound } from "../../src/training/binomial.ts";
import { fitTaskThreshold, type ThresholdProblem } from "../../src/training/task-threshold.ts";

const ROWS = 400;

/** Rows of two labels; the surer the score, the more often it is right. Each is a group of its own unless said. */
function problem(more: Partial<ThresholdProblem> = {}, group?: (row: number) => number): ThresholdProblem {
  const random = seededRandom(3, "task-threshold.test");
  const scores = new Float32Array(ROWS * 2);
  const label = new Uint32Array(ROWS);
  for (let row = 0; row < ROWS; row++) {
    const margin = (random.below(1000) / 1000) * 6;
    const chance = 1 / (1 + Math.exp(-margin));
    scores[row * 2] = margin;
    label[row] = random.below(100_000) / 100_000 < chance ? 0 : 1;
  }
  const numbers = Uint32Array.from(label.keys());
  return {
    labels: 2,
    targetPrecision: 0.9,
    targetRecall: null,
    method: "temperature",
    calibration: { method: "temperature", temperature: 1 },
    usualShare: undefined,
    rows: {
      scores,
      label,
      weight: new Float64Array(ROWS).fill(1),
      group: group === undefined ? numbers : numbers.map(group),
    },
    knownShare: new Float64Array(ROWS).fill(1),
    origin: new Uint8Array(ROWS),
    outOfScope: null,
    ...more,
  };
}

describe("fitTaskThreshold", () => {
  it("fits what the task asks for, and nothing else", () => {
    const { precision, recall } = fitTaskThreshold(problem());
    expect(recall).toBeNull();
    expect(precision).toMatchObject({ target: 0.9, rows: ROWS, real: true });
    expect(precision?.threshold).toBeGreaterThan(0.5);
    expect(precision?.threshold).toBeLessThan(0.95);
    expect(precision?.of).toBeGreaterThan(ROWS / 2);
    expect(fitTaskThreshold(problem({ targetPrecision: null }))).toEqual({ precision: null, recall: null });
  });

  it("judges one row of a group", () => {
    const { precision } = fitTaskThreshold(problem({}, (row) => row >> 2));
    expect(precision?.rows).toBe(ROWS / 4);
  });

  it("judges by the eval rows, not by the others that fitted the calibration", () => {
    const eighty = new Float64Array(80).fill(1);
    const { precision } = fitTaskThreshold(problem({ knownShare: eighty, origin: new Uint8Array(80) }));
    expect(precision?.rows).toBe(80);
  });

  it("judges by real rows where these could do, and by all where they could not", () => {
    const origin = Uint8Array.from({ length: ROWS }, (_, row) => (row % 2 === 0 ? 0 : 2));
    expect(fitTaskThreshold(problem({ origin })).precision).toMatchObject({ rows: ROWS / 2, real: true });
    const few = Uint8Array.from({ length: ROWS }, (_, row) => (row < 20 ? 0 : 2));
    expect(fitTaskThreshold(problem({ origin: few })).precision).toMatchObject({ rows: ROWS, real: false });
  });

  it("lowers the confidence of rows with little that the task knows, before it judges", () => {
    const unknown = problem({ usualShare: 0.5, knownShare: new Float64Array(ROWS) });
    // Every row is an even guess then, and stands or falls with all others.
    expect(fitTaskThreshold(unknown).precision).toMatchObject({ threshold: null, of: ROWS });
  });

  it("fits the threshold that holds out-of-scope rows back, one of a group", () => {
    const outside = 120;
    const margins = Float32Array.from({ length: outside * 2 }, (_, i) => (i % 2 === 0 ? i / 240 : 0));
    const outOfScope = {
      scores: margins,
      knownShare: new Float64Array(outside).fill(1),
      group: Uint32Array.from({ length: outside }, (_, row) => row >> 1),
    };
    const asked = problem({ targetPrecision: null, targetRecall: 0.8, outOfScope });
    const { recall } = fitTaskThreshold(asked);
    expect(recall).toMatchObject({ rows: outside / 2, of: outside / 2, real: true });
    expect(recall?.bound).toBe(lowerBound(recall?.hits ?? 0, outside / 2));
    expect(recall?.bound).toBeGreaterThanOrEqual(0.8);
  });

  it("has no threshold without rows", () => {
    const none = problem({ targetRecall: 0.5, rows: null, knownShare: new Float64Array(0) });
    const { precision, recall } = fitTaskThreshold({ ...none, origin: new Uint8Array(0) });
    expect(precision).toMatchObject({ threshold: null, rows: 0, bound: null });
    expect(recall).toMatchObject({ threshold: null, rows: 0, bound: null });
  });
});
