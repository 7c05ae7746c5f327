// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { LabelScores } from "../../src/training/confusion.ts";
import { classificationReport } from "../../src/training/report.ts";
import { golden } from "../support/golden.ts";
import { answersIn } from "../support/row-answers.ts";

interface Case {
  readonly labels: number;
  readonly truth: number[];
  readonly scores: number[];
  readonly expected: { readonly accuracy: number };
  readonly report: {
    readonly per_label: LabelScores[];
    readonly macro_avg: LabelScores;
    readonly weighted_avg: LabelScores;
  };
}

const cases = golden<Case>("metrics");

function expectScores(found: LabelScores, expected: LabelScores): void {
  expect(found.support).toBe(expected.support);
  for (const name of ["precision", "recall", "f1"] as const) {
    expect(Math.abs(found[name] - expected[name]), name).toBeLessThan(1e-9);
  }
}

describe("classificationReport", () => {
  it.each(cases)("has scikit-learn's numbers (case %#)", (c) => {
    const names = Array.from({ length: c.labels }, (_, k) => `label ${k}`);
    const scores = Float64Array.from(c.scores);
    const truth = Uint32Array.from(c.truth);
    const { predicted } = answersIn(scores, c.labels, truth);
    const found = classificationReport(names, truth, predicted);
    expect(found.per_label.map((row) => row.label)).toEqual(names);
    for (const [k, row] of found.per_label.entries()) expectScores(row, c.report.per_label[k] as LabelScores);
    expectScores(found.macro_avg, c.report.macro_avg);
    expectScores(found.weighted_avg, c.report.weighted_avg);
    expect(found.accuracy).toBeCloseTo(c.expected.accuracy, 12);
  });

  it("keeps labels that objects would lose or reorder", () => {
    const labels = ["b", "10", "__proto__", "2", "constructor", ""];
    const truth = Uint32Array.of(0, 1, 2, 3, 4, 5);
    const found = JSON.parse(JSON.stringify(classificationReport(labels, truth, truth))) as {
      per_label: ({ label: string } & LabelScores)[];
    };
    expect(found.per_label).toEqual(
      labels.map((label) => ({ label, precision: 1, recall: 1, f1: 1, support: 1 })),
    );
  });

  it("has zeros, and no accuracy, without rows", () => {
    const none = new Uint32Array(0);
    const zeros = { precision: 0, recall: 0, f1: 0, support: 0 };
    expect(classificationReport(["a"], none, none)).toEqual({
      per_label: [{ label: "a", ...zeros }],
      accuracy: null,
      macro_avg: zeros,
      weighted_avg: zeros,
    });
  });
});
