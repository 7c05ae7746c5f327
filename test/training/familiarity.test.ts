// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { FamilyModel } from "../../src/model/classifier.ts";
import { familyClassifier } from "../../src/model/family-classifier.ts";
import { calibrateRows } from "../../src/training/calibration.ts";
import { confidences, moderateRows, usualShareOf } from "../../src/training/familiarity.ts";
import { withUsualShares } from "../../src/training/quantizer.ts";
import { starterModel, starterRows } from "../support/model.ts";

describe("usualShareOf", () => {
  it("is the 2nd percentile", () => {
    expect(usualShareOf(Float64Array.from({ length: 100 }, (_, i) => (100 - i) / 100))).toBe(0.03);
    expect(usualShareOf(Float64Array.of(0.7, 0.4, 0.9))).toBe(0.4);
  });

  it("is over 0, so that a text without a known n-gram is unlike all", () => {
    expect(usualShareOf(new Float64Array(0))).toBeGreaterThan(0);
    expect(usualShareOf(new Float64Array(50))).toBeGreaterThan(0);
  });
});

describe("moderateRows", () => {
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
      return Math.max(...classifier.probabilities(0, text, ""));
    });
    const calibration = model.tasks[0]?.calibration ?? { method: "none" };
    const probabilities = calibrateRows(calibration, scores, labels);
    const before = confidences(probabilities, scores, labels);
    moderateRows(probabilities, knownShare, usual);
    const found = confidences(probabilities, scores, labels);
    expected.forEach((confidence, row) => {
      expect(found[row]).toBeCloseTo(confidence, 5); // scores are in single precision here
    });
    const lowered = texts.filter((_, row) => (found[row] as number) < (before[row] as number));
    expect(lowered).toEqual(texts.filter((_, row) => (knownShare[row] as number) < usual));
    expect(lowered).toContain("zzxq vvkw");
  });

  it("leaves rows alone where the model says nothing of what is usual", () => {
    const probabilities = Float64Array.of(0.9, 0.1);
    moderateRows(probabilities, Float64Array.of(0), undefined);
    expect([...probabilities]).toEqual([0.9, 0.1]);
  });
});
