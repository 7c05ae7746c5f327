// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { calibrate } from "../../src/model/calibrator.ts";
import { confidentLearning } from "../../src/training/confident-learning.ts";
import { fitTemperature } from "../../src/training/temperature.ts";

/** Rows of two labels, surer of their label the later they come; the first `wrong` of label 0 look surely like label 1. */
function twoLabels(perLabel: number, wrong: number, margin = 4) {
  const label: number[] = [];
  const scores: number[] = [];
  for (let i = 0; i < perLabel; i++)
    for (const k of [0, 1]) {
      label.push(k);
      const isWrong = k === 0 && i < wrong;
      const own = margin + i / 100 + (isWrong ? 1 : 0);
      scores.push(...((k === 0) !== isWrong ? [own, 0] : [0, own]));
    }
  return { labels: 2, scores: Float32Array.from(scores), label: Uint32Array.from(label) };
}

describe("confidentLearning", () => {
  it("counts the confident joint by the mean probability of each label in its rows", () => {
    const rows = twoLabels(20, 3);
    const { threshold, confidentJoint, suspects } = confidentLearning(rows);
    const temperature = fitTemperature(rows.scores, rows.label, null);
    const chance = new Float64Array(2);
    const mean = [0, 1].map((k) => {
      let sum = 0;
      rows.label.forEach((own, row) => {
        calibrate({ method: "temperature", temperature }, rows.scores.subarray(2 * row, 2 * row + 2), chance);
        if (own === k) sum += chance[k] as number;
      });
      return sum / 20;
    });
    expect([...threshold]).toEqual(mean);
    // The three look like label 1; the others of label 0 are surer than its mean, which the three pull down.
    expect([...confidentJoint.subarray(0, 2)]).toEqual([17, 3]);
    expect(suspects.map(({ row }) => row).sort((a, b) => a - b)).toEqual([0, 2, 4]);
    expect(suspects.every(({ suggested }) => suggested === 1)).toBe(true);
  });

  it("ranks by how much less probable the own label is", () => {
    const { suspects } = confidentLearning(twoLabels(20, 3));
    // Later rows have larger margins.
    expect(suspects.map(({ row }) => row)).toEqual([4, 2, 0]);
    const margins = suspects.map(({ confidence, suggestedConfidence }) => confidence - suggestedConfidence);
    expect(margins).toEqual([...margins].sort((a, b) => a - b));
  });

  it("estimates the wrong labels by the joint, scaled to all rows of each label", () => {
    const rows = twoLabels(20, 3);
    // Ten more of label 0, of which the model says nothing: none of them counts, and yet they may be as wrong.
    const { confidentJoint, estimatedWrong } = confidentLearning({
      labels: 2,
      scores: Float32Array.from([...rows.scores, ...new Float32Array(20)]),
      label: Uint32Array.from([...rows.label, ...new Uint32Array(10)]),
    });
    const [a = 0, b = 0, c = 0, d = 0] = confidentJoint;
    expect([a + b, b]).toEqual([20, 3]);
    expect(estimatedWrong).toBeCloseTo((30 * b) / (a + b) + (20 * c) / (c + d), 9);
    expect(confidentLearning(twoLabels(20, 0)).estimatedWrong).toBe(0);
    expect(confidentLearning(twoLabels(20, 0)).suspects).toEqual([]);
  });

  it("judges nothing by a label with few rows, nor its rows", () => {
    const rows = twoLabels(20, 3);
    const few = {
      labels: 3,
      label: Uint32Array.from([...rows.label, ...Array<number>(9).fill(2)]),
      scores: Float32Array.from([
        ...Array.from(rows.label, (_, row) => [rows.scores[2 * row], rows.scores[2 * row + 1], 9]).flat(),
        ...Array.from({ length: 9 }, () => [9, 0, 0]).flat(),
      ] as number[]),
    };
    const { threshold, suspects } = confidentLearning(few);
    expect(threshold[2]).toBe(Number.POSITIVE_INFINITY);
    expect(suspects.every(({ row, suggested }) => row < 40 && suggested !== 2)).toBe(true);
  });

  it("takes the first of equal labels, and no row where no label reaches its threshold", () => {
    const label = Uint32Array.from({ length: 40 }, (_, i) => i % 2);
    const flat = confidentLearning({ labels: 2, scores: new Float32Array(80), label });
    expect([...flat.confidentJoint]).toEqual([20, 0, 20, 0]);
    expect(flat.suspects).toEqual([]);
  });
});
