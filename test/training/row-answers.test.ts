// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FamilyModel } from "../../src/model/classifier.ts";
import { familyClassifier } from "../../src/model/family-classifier.ts";
import { calibrateRows } from "../../src/training/calibration.ts";
import { withUsualShares } from "../../src/training/quantizer.ts";
import { answerRows } from "../../src/training/row-answers.ts";
import { starterModel, starterRows } from "../support/model.ts";
import { answersIn } from "../support/row-answers.ts";

describe("answerRows", () => {
  it("says of every row what the runtime says", async () => {
    const trained = await starterModel("router", ["query_domain"]);
    const usual = 0.8;
    const model: FamilyModel = withUsualShares(trained, [usual]);
    const classifier = familyClassifier(model);
    const texts = [...starterRows("query_domain").map(({ text }) => text), "zzxq vvkw", "Wire xqzzv kkw."];
    const labels = model.tasks[0]?.labels.length ?? 0;
    const scores = new Float32Array(texts.length * labels);
    const knownShare = new Float64Array(texts.length);
    const expected = texts.map((text, row) => {
      scores.set(classifier.scores(0, text, ""), row * labels);
      knownShare[row] = classifier.knownShare(0);
      return [...classifier.probabilities(0, text, "")];
    });
    const calibration = model.tasks[0]?.calibration ?? { method: "none" };
    const truth = Uint32Array.from(texts, (_, row) => row % labels);
    const of = { labels, scores, knownShare, truth, calibrationOf: () => calibration };
    const [before, found] = [
      answerRows({ ...of, usualShare: undefined }),
      answerRows({ ...of, usualShare: usual }),
    ];
    expected.forEach((chances, row) => {
      const top = Math.max(...chances);
      expect(found.predicted[row]).toBe(chances.indexOf(top));
      // Scores are in single precision here.
      expect(found.confidence[row]).toBeCloseTo(top, 5);
      expect(found.chance[row]).toBeCloseTo(chances[row % labels] as number, 5);
    });
    const lowered = texts.filter(
      (_, row) => (found.confidence[row] as number) < (before.confidence[row] as number),
    );
    expect(lowered).toEqual(texts.filter((_, row) => (knownShare[row] as number) < usual));
    expect(lowered).toContain("zzxq vvkw");
  });

  it("answers what the table of all probabilities does, each row by its own calibration", () => {
    const row = fc.record({
      scores: fc.array(fc.integer({ min: -4, max: 4 }), { minLength: 3, maxLength: 3 }),
      truth: fc.nat(2),
      temperature: fc.constantFrom(0.5, 1, 3),
    });
    fc.assert(
      fc.property(fc.array(row), (rows) => {
        const scores = Float32Array.from(rows.flatMap((own) => own.scores));
        const truth = Uint32Array.from(rows, (own) => own.truth);
        const calibrations = rows.map(({ temperature }) => ({ method: "temperature", temperature }) as const);
        const of = (i: number) => calibrations[i] as (typeof calibrations)[number];
        const table = Float64Array.from(
          rows.flatMap((_, i) => [...calibrateRows(of(i), scores.subarray(i * 3, i * 3 + 3), 3)]),
        );
        const knownShare = new Float64Array(rows.length);
        const given = { labels: 3, scores, knownShare, truth, usualShare: undefined };
        const found = answerRows({ ...given, calibrationOf: of });
        expect(found).toEqual(answersIn(table, 3, truth, Float64Array.from(scores)));
        const plain = calibrateRows({ method: "none" }, scores, 3);
        expect(answerRows({ ...given, calibrationOf: () => ({ method: "none" }) })).toEqual(
          answersIn(plain, 3, truth, Float64Array.from(scores)),
        );
      }),
    );
  });

  it("knows no right label of rows that have none", () => {
    const of = { labels: 2, scores: Float32Array.of(2, 0), knownShare: Float64Array.of(1), truth: null };
    const found = answerRows({ ...of, calibrationOf: () => ({ method: "none" }), usualShare: 0.5 });
    expect(found.chance).toEqual(new Float64Array(1));
    expect(found.confidence[0]).toBeCloseTo(1 / (1 + Math.exp(-2)), 12);
  });
});
