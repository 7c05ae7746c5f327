// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { CURVE_POINTS, taskEvidence } from "../../src/training/evidence.ts";
import { answersIn } from "../support/row-answers.ts";

/** Rows of two labels: the probability of label 0, the truth, and the code of the origin. */
function predictions(rows: readonly (readonly [p: number, truth: number, origin?: number])[]) {
  const probabilities = Float64Array.from(rows.flatMap(([p]) => [p, 1 - p]));
  const uncalibrated = probabilities.map((p) => (p + 0.5) / 2);
  const truth = Uint32Array.from(rows, ([, right]) => right);
  return {
    labels: ["a", "b"],
    truth,
    calibrated: answersIn(probabilities, 2, truth, uncalibrated),
    uncalibrated: answersIn(uncalibrated, 2, truth),
    origin: Uint8Array.from(rows, ([, , origin]) => origin ?? 0),
    minConfidence: null,
  };
}

describe("taskEvidence", () => {
  const rows = [
    [0.95, 0],
    [0.94, 1],
    [0.1, 0],
    [0.6, 0],
  ] as const;

  it("bins the confidences before and after calibration", () => {
    const { calibrated, uncalibrated } = taskEvidence(predictions(rows));
    expect(calibrated.map(({ rows: n, right }) => [n, right])).toEqual([
      [1, 1],
      [1, 0],
      [2, 1],
    ]);
    expect(calibrated[2]?.confidence).toBeCloseTo(0.945, 12);
    expect(calibrated[2]?.accuracy).toBe(0.5);
    expect(uncalibrated.map(({ rows: n }) => n)).toEqual([1, 1, 2]);
  });

  it("follows coverage and precision as the threshold falls", () => {
    const { coverage } = taskEvidence(predictions(rows));
    expect(coverage).toEqual([
      { threshold: 0.95, coverage: 0.25, precision: 1 },
      { threshold: 0.94, coverage: 0.5, precision: 0.5 },
      { threshold: 0.9, coverage: 0.75, precision: 1 / 3 },
      { threshold: 0.6, coverage: 1, precision: 0.5 },
    ]);
  });

  it("has no point between answers of one confidence", () => {
    const same = Array.from({ length: 10 }, (_, i) => [0.8, i % 2] as const);
    expect(taskEvidence(predictions(same)).coverage).toEqual([
      { threshold: 0.8, coverage: 1, precision: 0.5 },
    ]);
  });

  it("keeps the curve short, with its last point", () => {
    const many = Array.from({ length: 5000 }, (_, i) => [0.5 + i / 10_001, 0] as const);
    const { coverage } = taskEvidence(predictions(many));
    expect(coverage.length).toBe(CURVE_POINTS);
    expect(coverage.at(-1)?.coverage).toBe(1);
  });

  it("names the most confident wrong answers first", () => {
    const { mistakes } = taskEvidence(predictions(rows));
    expect(mistakes).toEqual([
      { row: 1, truth: 1, predicted: 0, confidence: 0.94 },
      { row: 2, truth: 0, predicted: 1, confidence: 0.9 },
    ]);
  });

  it("judges by the real rows where there are any, and tells where there are none", () => {
    const mixed = predictions([
      [0.99, 1, 2],
      [0.9, 1, 0],
      [0.8, 0, 1],
    ]);
    const found = taskEvidence(mixed);
    expect([found.rows, found.real, found.mistakes.map(({ row }) => row)]).toEqual([1, true, [1]]);
    const made = taskEvidence(predictions([[0.9, 1, 2]]));
    expect([made.rows, made.real]).toEqual([1, false]);
  });

  it("is empty without rows", () => {
    const none = taskEvidence(predictions([]));
    expect(none).toEqual({
      rows: 0,
      real: true,
      calibrated: [],
      uncalibrated: [],
      coverage: [],
      mistakes: [],
    });
  });
});
