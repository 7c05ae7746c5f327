// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../src/core/random.ts";
import { binomialTail, lowerBound } from "../../src/training/binomial.ts";
import { fitPrecisionThreshold, fitRecallThreshold } from "../../src/training/threshold.ts";

const uniforms = (seed: number) => {
  const random = seededRandom(seed, "threshold.test");
  return () => (random.below(2 ** 32) + 0.5) / 2 ** 32;
};

/** A world of answers: a confidence from a uniform number, and how often such an answer is right. */
interface World {
  readonly confidence: (u: number) => number;
  readonly chance: (confidence: number, target: number) => number;
}

const WORLDS: Readonly<Record<string, World>> = {
  "every answer is right a little too seldom": { confidence: (u) => u, chance: (_, target) => target - 1e-6 },
  calibrated: { confidence: (u) => 1 - u * u * 0.6, chance: (c) => c },
  "too sure of itself": { confidence: (u) => 1 - u * u * 0.6, chance: (c) => c ** 2 },
  "a cliff": { confidence: (u) => 1 - u * u * 0.6, chance: (c, target) => (c > 0.9 ? 1 : target - 0.3) },
};

/** Precision of the answers over a threshold, by the middles of many equal parts of the world. */
function truePrecision({ confidence, chance }: World, target: number, threshold: number): number {
  let [answered, right] = [0, 0];
  for (let i = 0; i < 20_000; i++) {
    const c = confidence((i + 0.5) / 20_000);
    if (c < threshold) continue;
    answered++;
    right += chance(c, target);
  }
  return answered === 0 ? 1 : right / answered;
}

function draw({ confidence, chance }: World, target: number, rows: number, uniform: () => number) {
  const drawn = Float64Array.from({ length: rows }, () => confidence(uniform()));
  return { confidence: drawn, right: Uint8Array.from(drawn, (c) => (uniform() < chance(c, target) ? 1 : 0)) };
}

describe("fitPrecisionThreshold", () => {
  // 5 % and three standard deviations of the share among 400 fits.
  const MOST_MISSES = 0.05 + 3 * Math.sqrt((0.05 * 0.95) / 400);

  it.each(
    Object.entries(WORLDS).flatMap(([name, world]) =>
      [0.9, 0.97].map((target) => [name, target, world] as const),
    ),
  )("misses its target in at most 1 of 20 fits: %s, %d", (_, target, world) => {
    const uniform = uniforms(7);
    let misses = 0;
    for (let fit = 0; fit < 400; fit++) {
      const { threshold } = fitPrecisionThreshold(draw(world, target, 300, uniform), target);
      if (threshold !== null && truePrecision(world, target, threshold) < target) misses++;
    }
    expect(misses / 400).toBeLessThan(MOST_MISSES);
  });

  it("keeps most of the coverage that there is", () => {
    const world = WORLDS.calibrated as World;
    const uniform = uniforms(8);
    // A mean of 0.95 over confidences from 1 - 0.6 u^2 is that of u up to 0.5.
    const coverage = Array.from({ length: 50 }, () => {
      const { of, rows } = fitPrecisionThreshold(draw(world, 0.95, 2000, uniform), 0.95);
      return of / rows;
    });
    const mean = coverage.reduce((sum, c) => sum + c, 0) / coverage.length;
    expect(mean).toBeGreaterThan(0.36);
    expect(mean).toBeLessThan(0.5);
  });

  it("says what it found: the bound of the rows that the threshold answers", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.nat({ max: 9 })), { maxLength: 200 }),
        fc.constantFrom(0.5, 0.8, 0.9),
        (rows, target) => {
          const confidence = Float64Array.from(rows, ([c]) => c / 20);
          const right = Uint8Array.from(rows, ([, luck]) => (luck > 0 ? 1 : 0));
          const fit = fitPrecisionThreshold({ confidence, right }, target);
          expect(fit.rows).toBe(rows.length);
          const { threshold } = fit;
          if (threshold === null) return;
          const answered = [...confidence.keys()].filter((row) => (confidence[row] as number) >= threshold);
          const hits = answered.filter((row) => right[row] === 1).length;
          expect([fit.of, fit.hits]).toEqual([answered.length, hits]);
          expect(fit.bound).toBe(lowerBound(hits, answered.length));
          expect(fit.bound).toBeGreaterThanOrEqual(target - 1e-12);
        },
      ),
    );
  });

  it("takes no note of the order of the rows", () => {
    const answers = draw(WORLDS.calibrated as World, 0.9, 400, uniforms(9));
    const turned = { confidence: answers.confidence.toReversed(), right: answers.right.toReversed() };
    expect(fitPrecisionThreshold(turned, 0.9)).toEqual(fitPrecisionThreshold(answers, 0.9));
  });

  it("needs as many right answers in a row as it says", () => {
    const sure = (rows: number) => ({
      confidence: new Float64Array(rows).fill(0.99),
      right: new Uint8Array(rows).fill(1),
    });
    expect(fitPrecisionThreshold(sure(99), 0.97)).toMatchObject({ threshold: 0.99, of: 99, needed: 99 });
    expect(fitPrecisionThreshold(sure(98), 0.97)).toMatchObject({ threshold: null, of: 98, hits: 98 });
    expect(fitPrecisionThreshold(sure(0), 0.97)).toMatchObject({ threshold: null, rows: 0, bound: null });
    expect(fitPrecisionThreshold(sure(5000), 1)).toMatchObject({ threshold: null, needed: null });
  });
});

describe("fitRecallThreshold", () => {
  it("misses its target in at most 1 of 20 fits, and in hardly fewer", () => {
    const uniform = uniforms(10);
    let misses = 0;
    for (let fit = 0; fit < 2000; fit++) {
      const { threshold } = fitRecallThreshold(
        Float64Array.from({ length: 150 }, () => uniform()),
        0.9,
      );
      // Uniform confidences: the share under a threshold is the threshold.
      if (threshold !== null && threshold < 0.9) misses++;
    }
    expect(misses / 2000).toBeLessThan(0.065);
    expect(misses / 2000).toBeGreaterThan(0.015);
  });

  it("takes the smallest threshold that its rows allow", () => {
    const confidence = Float64Array.from({ length: 200 }, (_, i) => (i + 1) / 1000);
    const { threshold, hits, of, bound } = fitRecallThreshold(confidence, 0.9);
    expect(of).toBe(200);
    expect(bound).toBeGreaterThanOrEqual(0.9);
    expect(confidence.filter((c) => c < (threshold ?? 0))).toHaveLength(hits);
    expect(binomialTail(hits, of, 0.9)).toBeLessThanOrEqual(0.05);
    expect(binomialTail(hits - 1, of, 0.9)).toBeGreaterThan(0.05);
  });

  it("gives none where rows are too few, none, or as sure as can be", () => {
    expect(fitRecallThreshold(new Float64Array(28), 0.9)).toMatchObject({ threshold: null, needed: 29 });
    expect(fitRecallThreshold(new Float64Array(29), 0.9).threshold).toBeGreaterThan(0);
    expect(fitRecallThreshold(new Float64Array(0), 0.9)).toMatchObject({ threshold: null, bound: null });
    expect(fitRecallThreshold(new Float64Array(500).fill(1), 0.9)).toMatchObject({
      threshold: null,
      hits: 0,
    });
  });
});
