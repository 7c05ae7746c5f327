// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../src/core/random.ts";
import { calibrationError, calibrationErrorBand } from "../../src/training/calibration-error.ts";

/** The band by its definition: every row of every draw by itself. */
function drawnBand(confidence: Float64Array, draws = 4000): number {
  const random = seededRandom(7, "calibration-error.test");
  const errors = Float64Array.from({ length: draws }, () => {
    const right = Uint8Array.from(confidence, (c) => (random.below(2 ** 30) / 2 ** 30 < c ? 1 : 0));
    return calibrationError({ confidence, right }) as number;
  }).sort();
  return errors[Math.ceil(0.95 * draws) - 1] as number;
}

/** `rows` confidences, evenly from `low` to `high`. */
const evenly = (rows: number, low: number, high: number) =>
  Float64Array.from({ length: rows }, (_, row) => low + ((high - low) * (row + 0.5)) / rows);

describe("calibrationError", () => {
  it("is the mean gap of the bins, which include their upper edge", () => {
    const confidence = Float64Array.of(0.5, 0.41, 0.95, 0.51);
    // (0.4, 0.5]: 1 right, 0.91 expected; (0.9, 1]: 0 and 0.95; (0.5, 0.6]: 1 and 0.51.
    const error = calibrationError({ confidence, right: Uint8Array.of(1, 0, 0, 1) });
    expect(error).toBeCloseTo((0.09 + 0.95 + 0.49) / 4, 12);
  });

  it("is null without rows", () => {
    expect(calibrationError({ confidence: new Float64Array(0), right: new Uint8Array(0) })).toBeNull();
  });
});

describe("calibrationErrorBand", () => {
  it.each<[string, Float64Array]>([
    ["few rows in many bins", evenly(40, 0.02, 1)],
    ["many rows in many bins", evenly(3000, 0.2, 1)],
    ["one row", Float64Array.of(0.8)],
    ["nearly certain rows", evenly(2000, 0.995, 1)],
    ["rows around a half", evenly(95, 0.5, 0.6)],
    ["rows at the edge of the normal distribution", evenly(110, 0.4, 0.5)],
    ["rows that are nearly always wrong", evenly(500, 0, 0.02)],
  ])("is that of drawing row by row for %s", (_, confidence) => {
    const drawn = drawnBand(confidence);
    const band = calibrationErrorBand(confidence) as number;
    expect(band / drawn).toBeGreaterThan(0.92);
    expect(band / drawn).toBeLessThan(1.08);
  });

  it("narrows with the square root of the rows", () => {
    const [few, many] = [1000, 100_000].map((rows) => calibrationErrorBand(evenly(rows, 0.3, 1)) as number);
    expect((few as number) / (many as number)).toBeGreaterThan(9);
    expect((few as number) / (many as number)).toBeLessThan(11);
  });

  it("stays in [0, 1], and is the same each time", () => {
    const confidences = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(confidences, (values) => {
        const band = calibrationErrorBand(Float64Array.from(values)) as number;
        expect(band >= 0 && band <= 1).toBe(true);
        expect(calibrationErrorBand(Float64Array.from(values))).toBe(band);
      }),
      { numRuns: 100 },
    );
  });

  it("is 0 where nothing is left to chance, and null without rows", () => {
    expect(calibrationErrorBand(Float64Array.of(1, 1, 1))).toBe(0);
    expect(calibrationErrorBand(new Float64Array(0))).toBeNull();
  });

  // A change of these figures changes the bytes of every metrics file.
  it("has the same bits on every machine", () => {
    expect(calibrationErrorBand(evenly(500, 0.2, 1))).toBe(0.06350080000000002);
    expect(calibrationErrorBand(evenly(50_000, 0.2, 1))).toBe(0.0062615726562818795);
  });
});
