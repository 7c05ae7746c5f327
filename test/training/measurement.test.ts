// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { calibrate } from "../../src/model/calibrator.ts";
import { moderate } from "../../src/model/softmax-calibrator.ts";
import { measureTask, type TaskScores } from "../../src/training/measurement.ts";

const ROWS = 4;
const USUAL = 0.5;
const calibration = { method: "temperature", temperature: 1 } as const;

/** Rows of label a, each with a score of 3 for a, or the other way round where it is `wrong`. */
function task(knownShare: readonly number[], wrong: readonly number[] = []): TaskScores {
  return {
    labels: ["a", "b"],
    scores: Float32Array.from({ length: ROWS * 2 }, (_, i) =>
      (i % 2 === 0) === wrong.includes(i >> 1) ? 0 : 3,
    ),
    knownShare: Float64Array.from(knownShare),
    rows: {
      label: new Uint32Array(ROWS),
      count: new Uint32Array(ROWS).fill(1),
      group: Uint32Array.from({ length: ROWS }, (_, i) => i),
      origin: new Uint8Array(ROWS),
    },
    calibration,
    usualShare: USUAL,
    minConfidence: 0.8,
    crossFit: null,
    outOfScope: { scores: Float32Array.of(4, 0, 4, 0), knownShare: Float64Array.of(0, 0.1) },
  };
}

/** What the runtime says of a score of 3 to 0, by its own two steps. */
function runtimeConfidence(share: number): number {
  const out = new Float64Array(2);
  calibrate(calibration, Float32Array.of(3, 0), out);
  moderate(out, share, USUAL);
  return out[0] as number;
}

describe("measureTask", () => {
  it("gives rows that are unlike the others the lower confidence of the runtime, in every figure", () => {
    const { metrics, evidence } = measureTask(task([1, 0.5, 0.25, 0], [2]));
    expect(metrics.accuracy).toBe(0.75);
    // 3 to 0 is .95; with half of what is usual known, an eighth of what is over the even guess stays.
    expect(metrics.answered).toMatchObject({ rows: 4, answered: 2, right: 2 });
    const chances = [1, 0.5, 0, 0].map((share, i) => (i < 2 ? runtimeConfidence(share) : 0.5));
    chances[2] = 1 - runtimeConfidence(0.25);
    const loss = chances.reduce((sum, chance) => sum - Math.log(chance), 0) / ROWS;
    expect(metrics.log_loss).toBeCloseTo(loss, 12);
    expect(evidence.mistakes).toEqual([
      { row: 2, truth: 0, predicted: 1, confidence: runtimeConfidence(0.25) },
    ]);
    expect(runtimeConfidence(0.25)).toBeLessThan(0.6);
    expect(evidence.coverage.at(-1)).toMatchObject({ coverage: 1, precision: 0.75, threshold: 0.5 });
  });

  it("holds out-of-scope rows against the others with both moderated", () => {
    const { metrics } = measureTask(task([1, 1, 1, 1]));
    expect(metrics.out_of_scope).toMatchObject({
      rows: 2,
      held_back: 2,
      auroc: { value: 1 },
      fpr_at_95_recall: { value: 0 },
    });
  });

  it("leaves the probabilities alone of a model that does not say what is usual", () => {
    const { metrics } = measureTask({ ...task([0, 0, 0, 0]), usualShare: undefined });
    expect(metrics.answered).toMatchObject({ answered: 4, right: 4 });
    expect(metrics.out_of_scope?.held_back).toBe(0);
  });
});
