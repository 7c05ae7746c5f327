// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../src/core/random.ts";
import type { Calibration } from "../../src/model/calibration.ts";
import { parseCalibration } from "../../src/model/calibrator.ts";
import {
  type CalibrationMethod,
  calibrateRows,
  crossFit,
  fitCalibration,
  type Weight,
} from "../../src/training/calibration.ts";
import { fitTemperature, MAX_TEMPERATURE, MIN_TEMPERATURE } from "../../src/training/temperature.ts";
import { expectClose, golden } from "../support/golden.ts";

const METHODS = ["none", "temperature", "sigmoid", "isotonic"] as const;

/** Rows whose labels are drawn from softmax(z / temperature). */
function draw(rows: number, labels: number, temperature: number, seed = 1) {
  const random = seededRandom(seed, "calibration.test");
  const uniform = () => random.below(2 ** 30) / 2 ** 30;
  const scores = Float32Array.from({ length: rows * labels }, () => (uniform() - 0.5) * 12);
  const chances = calibrateRows({ method: "temperature", temperature }, scores, labels);
  const truth = Uint32Array.from({ length: rows }, (_, row) => {
    let left = uniform();
    for (let k = 0; k < labels - 1; k++) {
      left -= chances[row * labels + k] as number;
      if (left < 0) return k;
    }
    return labels - 1;
  });
  return { scores, truth };
}

/** No row is a near-duplicate of another. */

function logLoss(probabilities: Float64Array, truth: Uint32Array): number {
  const labels = probabilities.length / truth.length;
  return (
    truth.reduce((sum, y, row) => sum - Math.log(probabilities[row * labels + y] as number), 0) / truth.length
  );
}

/** Some rows, scores, truths and weights, of 1 to 4 labels. */
const problems = fc
  .record({ labels: fc.integer({ min: 1, max: 4 }), rows: fc.integer({ min: 1, max: 8 }) })
  .chain(({ labels, rows }) =>
    fc.record({
      labels: fc.constant(labels),
      scores: fc
        .array(fc.float({ noNaN: true, noDefaultInfinity: true }), {
          minLength: rows * labels,
          maxLength: rows * labels,
        })
        .map((v) => Float32Array.from(v)),
      truth: fc
        .array(fc.nat({ max: labels - 1 }), { minLength: rows, maxLength: rows })
        .map((v) => Uint32Array.from(v)),
      weight: fc.option(
        fc.array(fc.nat({ max: 3 }), { minLength: rows, maxLength: rows }).map((v) => Uint32Array.from(v)),
      ),
    }),
  );

describe("fitTemperature", () => {
  interface Case {
    readonly labels: number;
    readonly truth: number[];
    readonly scores: number[];
    readonly weight: number[] | null;
    readonly temperature: number;
  }

  it.each(golden<Case>("temperature"))("has scipy's minimum (case %#)", (c) => {
    const weight = c.weight === null ? null : Float64Array.from(c.weight);
    const fitted = fitTemperature(Float32Array.from(c.scores), Uint32Array.from(c.truth), weight);
    expect(Math.abs(fitted / c.temperature - 1)).toBeLessThan(1e-6);
  });

  it.each([0.5, 1, 3])("finds the temperature %d that made the labels", (temperature) => {
    const { scores, truth } = draw(20_000, 4, temperature);
    expect(fitTemperature(scores, truth, null) / temperature).toBeCloseTo(1, 1);
  });

  it.each<[string, number[], number[]]>([
    ["one row, right", [3, 0, 0], [0]],
    ["one row, wrong", [3, 0, 0], [1]],
    ["one label", [3, -1], [0, 0]],
    ["all scores equal", [1, 1, 1, 1], [0, 1]],
    ["all right by far", [90, 0, 0, 90], [0, 1]],
    ["all wrong by far", [90, 0, 0, 90], [1, 0]],
    ["enormous scores", [3e38, -3e38, -3e38, 3e38], [0, 0]],
    ["tiny scores", [1e-40, 0, 0, 1e-40], [0, 1]],
  ])("stays in its range for %s", (_, scores, truth) => {
    const fitted = fitTemperature(Float32Array.from(scores), Uint32Array.from(truth), null);
    expect(fitted).toBeGreaterThanOrEqual(MIN_TEMPERATURE);
    expect(fitted).toBeLessThanOrEqual(MAX_TEMPERATURE);
  });

  it("stays near 1 when nothing speaks for another temperature", () => {
    expect(fitTemperature(Float32Array.of(2, 2), Uint32Array.of(0), null)).toBe(1);
    const right = fitTemperature(Float32Array.of(3, 0), Uint32Array.of(0), null);
    expect(right).toBeGreaterThan(0.97);
    expect(right).toBeLessThan(1);
  });
});

describe("fitCalibration", () => {
  it("answers a valid calibration for any rows, weights and labels", () => {
    fc.assert(
      fc.property(problems, fc.constantFrom(...METHODS), ({ labels, scores, truth, weight }, method) => {
        const calibration = fitCalibration(method, scores, truth, weight);
        const read = JSON.parse(JSON.stringify(calibration)) as unknown;
        expect(parseCalibration(read, labels)).toEqual(read);
        const probabilities = calibrateRows(calibration, scores, labels);
        expect(probabilities.every((p) => p >= 0 && p <= 1)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it.each(METHODS)("answers none for %s without a row that counts", (method) => {
    const none = { method: "none" };
    const empty = new Uint32Array(0);
    expect(fitCalibration(method, new Float32Array(0), empty, null)).toEqual(none);
    const row = Uint32Array.of(0);
    expect(fitCalibration(method, Float32Array.of(1, 2), Uint32Array.of(1), row)).toEqual(none);
  });

  it.each(["temperature", "sigmoid", "isotonic"] as const)(
    "counts a weight as that many rows in %s",
    (method) => {
      const { scores, truth } = draw(40, 3, 2);
      const weight = Uint32Array.from(truth, (_, row) => 1 + (row % 3));
      const rows = [...truth.keys()].flatMap((row) => Array.from({ length: 1 + (row % 3) }, () => row));
      const repeated = Float32Array.from(rows.flatMap((row) => [...scores.subarray(row * 3, row * 3 + 3)]));
      const once = fitCalibration(method, scores, truth, weight);
      const again = fitCalibration(
        method,
        repeated,
        Uint32Array.from(rows, (row) => truth[row] as number),
        null,
      );
      expectClose(calibrateRows(once, scores, 3), [...calibrateRows(again, scores, 3)], 1e-9);
    },
  );

  it.each(["temperature", "sigmoid", "isotonic"] as const)(
    "lowers the log loss of fresh rows with %s",
    (method) => {
      const eval_ = draw(4000, 4, 4);
      const test = draw(4000, 4, 4, 2);
      const fitted = fitCalibration(method, eval_.scores, eval_.truth, null);
      const before = logLoss(calibrateRows({ method: "none" }, test.scores, 4), test.truth);
      const after = logLoss(calibrateRows(fitted, test.scores, 4), test.truth);
      expect(after).toBeLessThan(before * 0.95);
    },
  );

  it.each(["temperature", "sigmoid", "isotonic"] as const)(
    "leaves a label without a row a positive probability in %s",
    (method) => {
      const { scores, truth } = draw(200, 3, 1);
      const two = truth.map((y) => (y === 2 ? 0 : y));
      const probabilities = calibrateRows(fitCalibration(method, scores, two, null), scores, 3);
      expect(probabilities.every((p) => p > 0)).toBe(true);
    },
  );

  it("leaves the softmax probability of a label without a row as it is in isotonic", () => {
    const { scores, truth } = draw(200, 3, 1);
    const fitted = fitCalibration(
      "isotonic",
      scores,
      truth.map((y) => (y === 2 ? 0 : y)),
      null,
    ) as Calibration & { method: "isotonic" };
    expect(fitted.x[2]).toEqual([0, 1]);
    expect(fitted.y[2]?.[0]).toBeLessThan(0.002);
    expect(fitted.y[2]?.[1]).toBe(1);
  });

  it("keeps every isotonic probability off zero without moving much mass, at 300 labels", () => {
    const { scores, truth } = draw(600, 300, 0.5);
    const fitted = fitCalibration("isotonic", scores, truth, null) as Calibration & {
      method: "isotonic";
    };
    const lowest = Math.min(...fitted.y.map((y) => y[0] as number));
    expect(lowest).toBeGreaterThan(0);
    expect(lowest * 300).toBeLessThan(1 / 600);
  });

  // A change of these digests changes the bytes of every model file: raise the version with it.
  it.each([
    ["temperature", "6cb2e648a68b6429"],
    ["sigmoid", "1b6aa4ba73261081"],
    ["isotonic", "aabea21900fbe6dc"],
  ] as const)("has the same bytes on every machine in %s", (method, digest) => {
    const { scores, truth } = draw(300, 3, 2);
    const bytes = JSON.stringify(fitCalibration(method, scores, truth, null));
    expect(createHash("sha256").update(bytes).digest("hex").slice(0, 16)).toBe(digest);
  });
});

/** Probabilities of each row, rows x 3, by the calibration that is for it. */
function probabilitiesOf(
  method: CalibrationMethod,
  scores: Float32Array,
  truth: Uint32Array,
  weight: Weight,
  group: Uint32Array,
): Float64Array {
  const { calibrationOf } = crossFit(method, scores, truth, weight, group);
  const rows = [...truth.keys()].map((row) => scores.subarray(row * 3, row * 3 + 3));
  return Float64Array.from(rows.flatMap((own, row) => [...calibrateRows(calibrationOf(row), own, 3)]));
}

describe("crossFit", () => {
  const { scores, truth } = draw(300, 3, 3);
  const group = Uint32Array.from(truth, (_, row) => Math.floor(row / 3));

  it.each(METHODS)("answers a probability for every row with %s", (method) => {
    expect(crossFit(method, scores, truth, null, group).folds).toBe(5);
    const probabilities = probabilitiesOf(method, scores, truth, null, group);
    for (let row = 0; row < 300; row++) {
      const sum = probabilities.subarray(row * 3, row * 3 + 3).reduce((a, b) => a + b, 0);
      expect(sum).toBeCloseTo(1, 12);
    }
  });

  it.each(["temperature", "sigmoid", "isotonic"] as const)(
    "never lets a row's label, or its group's, touch the row's own probability in %s",
    (method) => {
      const before = probabilitiesOf(method, scores, truth, null, group);
      const other = truth.map((y, row) => (group[row] === 7 ? (y + 1) % 3 : y));
      const after = probabilitiesOf(method, scores, other, null, group);
      const rows = [...group.keys()].filter((row) => group[row] === 7);
      for (const row of rows) {
        expect(after.slice(row * 3, row * 3 + 3)).toEqual(before.slice(row * 3, row * 3 + 3));
      }
      expect(after).not.toEqual(before); // though it touches those of other folds
    },
  );

  it("passes the weights of the rows that it fits on", () => {
    const weight = Uint32Array.from(truth, (_, row) => (row % 2 === 0 ? 5 : 0));
    const weighted = probabilitiesOf("temperature", scores, truth, weight, group);
    expect(weighted).not.toEqual(probabilitiesOf("temperature", scores, truth, null, group));
  });

  it.each([
    { groups: 1, folds: 0 },
    { groups: 2, folds: 2 },
    { groups: 4, folds: 4 },
    { groups: 6, folds: 5 },
  ])("makes $folds folds of $groups groups", ({ groups, folds }) => {
    const few = group.map((_, row) => row % groups);
    expect(crossFit("temperature", scores, truth, null, few).folds).toBe(folds);
    const plain = calibrateRows({ method: "none" }, scores, 3);
    const fitted = probabilitiesOf("temperature", scores, truth, null, few);
    if (folds === 0) expect(fitted).toEqual(plain);
    else expect(fitted).not.toEqual(plain);
  });

  it("fits many rows on half of them", () => {
    const many = draw(2 ** 15, 2, 1.5);
    const folds = (rows: number) => {
      const [part, right] = [many.scores.subarray(0, rows * 2), many.truth.subarray(0, rows)];
      return crossFit("temperature", part, right, null, Uint32Array.from(right.keys()));
    };
    expect(folds(2 ** 15 - 1).folds).toBe(5);
    const { calibrationOf, folds: two } = folds(2 ** 15);
    expect(two).toBe(2);
    const fits = new Set([...many.truth.keys()].map(calibrationOf));
    expect(fits.size).toBe(2);
    for (const fit of fits) {
      const { temperature } = fit as Extract<Calibration, { method: "temperature" }>;
      expect(temperature).toBeCloseTo(1.5, 1);
    }
  });

  it("takes no rows", () => {
    const empty = new Uint32Array(0);
    expect(crossFit("isotonic", new Float32Array(0), empty, null, empty).folds).toBe(0);
  });
});
