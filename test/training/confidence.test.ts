// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../src/core/random.ts";
import { calibrate } from "../../src/model/calibrator.ts";
import { calibrateRows } from "../../src/training/calibration.ts";
import { fitConfidence } from "../../src/training/confidence.ts";

const LABELS = 3;

/** Rows of which the top label is right with the chance that `chanceOf` makes of its softmax probability. */
function draw(rows: number, chanceOf: (confidence: number, top: number) => number, seed = 1) {
  const random = seededRandom(seed, "confidence.test");
  const uniform = () => random.below(2 ** 30) / 2 ** 30;
  const scores = Float32Array.from({ length: rows * LABELS }, () => uniform() * 9);
  const chances = calibrateRows({ method: "none" }, scores, LABELS);
  const truth = Uint32Array.from({ length: rows }, (_, row) => {
    const chance = [...chances.subarray(row * LABELS, (row + 1) * LABELS)];
    const top = chance.indexOf(Math.max(...chance));
    return uniform() < chanceOf(chance[top] as number, top) ? top : (top + 1 + random.below(2)) % LABELS;
  });
  return {
    scores,
    temperature: 1,
    chances,
    truth,
    weight: new Float64Array(rows).fill(1),
  };
}

/** Mean distance between the corrected probability of the top label and the chance that made the rows. */
function distance(drawn: ReturnType<typeof draw>, chanceOf: (confidence: number, top: number) => number) {
  const confidence = fitConfidence(drawn);
  expect(confidence).not.toBeNull();
  let sum = 0;
  const out = new Float64Array(LABELS);
  for (let row = 0; row < drawn.truth.length; row++) {
    const scores = drawn.scores.subarray(row * LABELS, (row + 1) * LABELS);
    if (confidence === null) return Number.NaN;
    calibrate({ method: "temperature", temperature: 1, confidence }, scores, out);
    const top = scores.indexOf(Math.max(...scores));
    sum += Math.abs((out[top] as number) - chanceOf(drawn.chances[row * LABELS + top] as number, top));
  }
  return sum / drawn.truth.length;
}

const logit = (p: number) => Math.log(p / (1 - p));
const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

describe("fitConfidence", () => {
  it("finds the bend that labels with noise leave", () => {
    const bent = (c: number) => sigmoid(0.9 * Math.min(logit(c), 2) + 0.2 * Math.max(logit(c) - 2, 0));
    expect(distance(draw(20_000, bent), bent)).toBeLessThan(0.01);
  });

  it("finds that a rare label is less sure than it seems", () => {
    const tilted = (c: number, top: number) => sigmoid(logit(c) - (top === 2 ? 1.5 : 0));
    const drawn = draw(20_000, tilted);
    const confidence = fitConfidence(drawn);
    const [first, , last] = confidence?.offset ?? [];
    expect((first ?? 0) - (last ?? 0)).toBeGreaterThan(0.5);
  });

  it("leaves probabilities that are right nearly alone", () => {
    expect(
      distance(
        draw(5000, (c) => c),
        (c) => c,
      ),
    ).toBeLessThan(0.01);
  });

  it("moves little on a few rows, even of noisy labels, and more on many", () => {
    const noisy = (c: number) => c * 0.8;
    const moved = (rows: number) => distance(draw(rows, noisy), (c) => c);
    expect(moved(1)).toBeLessThan(0.005);
    expect(moved(30)).toBeLessThan(0.05);
    expect(moved(3000)).toBeGreaterThan(0.1);
  });

  it("corrects nothing where the surer label is the more often wrong", () => {
    expect(fitConfidence(draw(5000, (c) => 1.2 - c))).toBeNull();
  });
});
