// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FamilyModel } from "../../src/model/classifier.ts";
import { familyClassifier } from "../../src/model/family-classifier.ts";
import { readFamilyFile, writeFamilyFile } from "../../src/modelpack/family-file.ts";
import { type Quantization, withCalibrations } from "../../src/training/quantizer.ts";
import type { TaskFit } from "../../src/training/task-trainer.ts";
import { LETTERS, numbers } from "../support/examples.ts";
import { assembleHeads } from "../support/model.ts";

/** A fit of `labels` labels over the features `ids`, its weights in the order of the ids. */
function head(ids: readonly number[], labels: number, weights: readonly number[]): TaskFit {
  return {
    ids: Uint32Array.from(ids),
    weights: Float32Array.from(weights),
    bias: Float64Array.from({ length: labels }, (_, k) => k / 10),
    alpha: 0.1,
    cost: 1,
    epochs: [],
    evalScores: new Float32Array(0),
    duals: null,
  };
}

/** A family of one task. */
function outlineOf(labels: number, quantization: Quantization) {
  const names = Array.from({ length: labels }, (_, k) => `label ${k}`);
  return {
    family: "f",
    input: "text" as const,
    analyzer: LETTERS,
    tasks: [{ name: "task0", labels: names, default: null, minConfidence: null }],
    quantization,
  };
}

function family(
  size: number,
  fits: readonly (readonly [labels: number, TaskFit])[],
  quantization: Quantization,
) {
  const outline = {
    ...outlineOf(1, quantization),
    features: {
      hashes: Uint32Array.from({ length: size }, (_, i) => 10 * (i + 1)),
      weights: { codes: Uint8Array.from({ length: size }, (_, i) => i), low: 1, high: 2 },
    },
    tasks: fits.map(([labels], t) => ({
      name: `task${t}`,
      labels: Array.from({ length: labels }, (_, k) => `label ${k}`),
      default: null,
      minConfidence: null,
    })),
  };
  return assembleHeads(
    outline,
    fits.map(([, one]) => one),
  );
}

/** Weight of every [feature hash, task, label] by the model's own layout; absent where it has none. */
function weightsOf(model: FamilyModel): Map<string, number> {
  const found = new Map<string, number>();
  const bytes = model.weights.mask.length / model.hashes.length;
  let at = 0;
  model.hashes.forEach((hash, f) => {
    model.tasks.forEach((task, t) => {
      const has = ((model.weights.mask[f * bytes + (t >>> 3)] as number) >> (t & 7)) & 1;
      if (has === 0) return;
      for (let k = 0; k < task.labels.length; k++)
        found.set(`${hash} ${t} ${k}`, (model.weights.values[at++] as number) * (task.scale[k] as number));
    });
  });
  expect(at).toBe(model.weights.values.length);
  return found;
}

const fits = fc
  .array(
    fc.tuple(fc.integer({ min: 1, max: 6 }), fc.uniqueArray(fc.integer({ min: 0, max: 14 })), fc.nat()),
    {
      minLength: 1,
      maxLength: 10,
    },
  )
  .map((tasks) =>
    tasks.map(([labels, ids, seed]) => {
      const next = numbers(seed);
      const sorted = [...ids].sort((a, b) => a - b);
      // Cubed, so that the small ones round to zero; some features have no weight at all.
      const weights = sorted.flatMap((_, f) =>
        Array.from({ length: labels }, () => (f % 4 === 3 ? 0 : (next() * 2 - 1) ** 3)),
      );
      return [labels, head(sorted, labels, weights)] as const;
    }),
  );

describe("storeHead and assembleFamily", () => {
  it("keeps 32-bit weights as they are without quantization, and drops what is all zero", () => {
    fc.assert(
      fc.property(fits, (tasks) => {
        const found = weightsOf(family(15, tasks, "none"));
        const expected = new Map<string, number>();
        tasks.forEach(([labels, { ids, weights }], t) => {
          ids.forEach((id, f) => {
            const own = weights.subarray(f * labels, (f + 1) * labels);
            if (own.some((w) => w !== 0))
              own.forEach((w, k) => {
                expected.set(`${10 * (id + 1)} ${t} ${k}`, w);
              });
          });
        });
        expect(found).toEqual(expected);
      }),
    );
  });

  it("changes no weight by more than half a step with int8", () => {
    fc.assert(
      fc.property(fits, (tasks) => {
        const model = family(15, tasks, "int8");
        const [exact, found] = [weightsOf(family(15, tasks, "none")), weightsOf(model)];
        expect(model.weights.values).toBeInstanceOf(Int8Array);
        expect(Math.max(0, ...[...model.weights.values].map(Math.abs))).toBeLessThanOrEqual(127);
        for (const [key, w] of exact) {
          const [, t, k] = key.split(" ").map(Number);
          const scale = model.tasks[t as number]?.scale[k as number] as number;
          expect(Math.abs((found.get(key) ?? 0) - w)).toBeLessThanOrEqual(scale * 0.5000001);
        }
      }),
    );
  });

  it("keeps each feature's hash and weight with it when others go", () => {
    const model = family(4, [[2, head([0, 1, 3], 2, [1, -1, 0, 0, 0.5, 0])]], "none");
    expect([...model.hashes]).toEqual([10, 40]);
    expect([...model.featureWeights.codes]).toEqual([0, 3]);
    expect([...model.weights.values]).toEqual([1, -1, 0.5, 0]);
    expect(model.tasks[0]?.bias).toEqual(Float32Array.of(0, 0.1));
  });

  it("has one scale a label: its largest weight is 127 steps", () => {
    const model = family(2, [[2, head([0, 1], 2, [12.7, -0.001, 1, 0.127])]], "int8");
    expect(model.tasks[0]?.scale[0]).toBeCloseTo(0.1, 7);
    expect(model.tasks[0]?.scale[1]).toBeCloseTo(0.001, 9);
    expect([...model.weights.values]).toEqual([127, -1, 10, 127]);
  });

  it.each([
    ["no feature", head([], 2, [])],
    ["weights of zero alone", head([0, 1], 2, [0, 0, 0, 0])],
    ["weights too small for a scale", head([0], 2, [1e-45, 1e-44])],
  ])("makes a file that predicts by the bias with %s", (_, fit) => {
    for (const quantization of ["int8", "none"] as const) {
      const model = readFamilyFile(writeFamilyFile(family(2, [[2, fit]], quantization)), "f");
      expect([...familyClassifier(model).scores(0, "a b", "")].map((z) => Math.round(z * 1e6))).toEqual([
        0, 1e5,
      ]);
    }
  });

  it("drops the two fifths of a large task's features that move its scores least, with int8 alone", () => {
    const [size, labels] = [20_000, 50];
    const next = numbers(7);
    const gaps = Array.from({ length: size }, () => 0.1 + next());
    // Every label of a feature is moved alike by 5, which no softmax sees.
    const weights = gaps.flatMap((gap) => [5 + gap, ...Array<number>(labels - 1).fill(5)]);
    const fit = head([...gaps.keys()], labels, weights);
    const features = {
      hashes: Uint32Array.from(gaps.keys()),
      weights: { codes: new Uint8Array(size), low: 1, high: 1 },
    };
    const build = (quantization: Quantization) =>
      assembleHeads({ ...outlineOf(labels, quantization), features }, [fit]);
    const least = gaps.toSorted((a, b) => a - b)[size * 0.4] as number;
    const expected = [...gaps.keys()].filter((f) => (gaps[f] as number) >= least);
    expect([...build("int8").hashes]).toEqual(expected);
    expect(build("none").hashes.length).toBe(size);
  });

  it("counts a feature for more where more texts have it, and keeps 512 KiB", () => {
    const [size, labels] = [20_000, 32];
    const codes = Uint8Array.from({ length: size }, (_, f) => (f % 2) * 255);
    const weights = Array.from({ length: labels * size }, (_, at) => (at % 2) / 8);
    const fit = head([...codes.keys()], labels, weights);
    const features = {
      hashes: Uint32Array.from(codes.keys()),
      weights: { codes, low: 1.5, high: 3 },
    };
    const model = assembleHeads({ ...outlineOf(labels, "int8"), features }, [fit]);
    // 16,384 features of 32 labels are 512 KiB; the first that go are of the other kind, all of one size.
    expect(model.hashes.length).toBe(size);
    const rarer = fit.weights.map((w, at) => w * (1 + (size - Math.floor(at / labels)) / 1e6));
    const pruned = assembleHeads({ ...outlineOf(labels, "int8"), features }, [{ ...fit, weights: rarer }]);
    expect(pruned.hashes.length).toBe(512 * 32);
    expect(pruned.hashes.filter((f) => codes[f] === 0).length).toBe(size / 2);
  });

  it("drops nothing of a small task", () => {
    const weights = Array.from({ length: 2 * 4096 }, (_, at) => at % 127);
    expect(family(4096, [[2, head([...Array(4096).keys()], 2, weights)]], "int8").hashes.length).toBe(4096);
  });

  it("takes calibrations in the order of the tasks", () => {
    const model = family(
      1,
      [
        [1, head([], 1, [])],
        [1, head([], 1, [])],
      ],
      "int8",
    );
    const calibrated = withCalibrations(model, [{ method: "temperature", temperature: 2 }]);
    expect(calibrated.tasks.map((task) => task.calibration)).toEqual([
      { method: "temperature", temperature: 2 },
      { method: "none" },
    ]);
  });
});
