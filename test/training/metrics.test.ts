// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { calibrateRows } from "../../src/training/calibration.ts";
import { confusionScores, countConfusion } from "../../src/training/confusion.ts";
import { overallMetrics, type Predictions, taskMetrics } from "../../src/training/metrics.ts";
import type { RowAnswers } from "../../src/training/row-answers.ts";
import { golden } from "../support/golden.ts";
import { answersIn } from "../support/row-answers.ts";

interface Case {
  readonly labels: number;
  readonly truth: number[];
  readonly scores: number[];
  readonly expected: Readonly<Record<string, number>> & { readonly confusion_matrix: number[][] };
}

const cases = golden<Case>("metrics");

const FIGURES = ["accuracy", "macro_f1", "weighted_f1", "micro_f1", "log_loss", "ece"] as const;

const names = (labels: number) => Array.from({ length: labels }, (_, k) => `label ${k}`);

/** Rows given by their probabilities, uncalibrated like calibrated unless said, and all real. */
function predictions(
  truth: number[],
  rows: number[][],
  { origin = new Uint8Array(truth.length), before = rows }: { origin?: Uint8Array; before?: number[][] } = {},
): Predictions {
  const [after, uncalibrated] = [rows, before].map((table) => Float64Array.from(table.flat())) as [
    Float64Array,
    Float64Array,
  ];
  const labels = names(rows[0]?.length ?? 2);
  const right = Uint32Array.from(truth);
  return {
    labels,
    truth: right,
    calibrated: answersIn(after, labels.length, right, uncalibrated),
    uncalibrated: answersIn(uncalibrated, labels.length, right),
    origin,
    minConfidence: null,
  };
}

describe("taskMetrics", () => {
  it.each(cases)("has scikit-learn's figures (case %#)", (c) => {
    // Scores in double precision, as scikit-learn had them: so no calibrateRows, which takes single.
    const rows = c.truth.map((_, row) => softmaxOf(c.scores.slice(row * c.labels, (row + 1) * c.labels)));
    const found = taskMetrics(predictions(c.truth, rows));
    for (const name of FIGURES) {
      expect(Math.abs((found[name] as number) - (c.expected[name] as number)), name).toBeLessThan(1e-9);
    }
    expect(found.ece_uncalibrated).toBe(found.ece);
    expect(found.confusion_matrix).toEqual(c.expected.confusion_matrix);
    expect(found.rows).toBe(c.truth.length);
  });

  it("takes macro F1 over the labels with support, and lists them all", () => {
    const found = taskMetrics(
      predictions(
        [0, 0],
        [
          [0.8, 0.1, 0.1],
          [0.2, 0.7, 0.1],
        ],
      ),
    );
    expect(found.macro_f1).toBeCloseTo(2 / 3, 12);
    expect(found.labels).toEqual(names(3));
    expect(found.confusion_matrix).toEqual([
      [1, 1, 0],
      [0, 0, 0],
      [0, 0, 0],
    ]);
  });

  it("breaks ties of calibrated probabilities by the uncalibrated ones, then by the lower index", () => {
    const tied = predictions(
      [1, 0],
      [
        [0.5, 0.5],
        [0.5, 0.5],
      ],
      {
        before: [
          [0.4, 0.6],
          [0.5, 0.5],
        ],
      },
    );
    expect([...tied.calibrated.predicted]).toEqual([1, 0]);
    expect(taskMetrics(tied).accuracy).toBe(1);
  });

  it("measures the calibration error by bins that include their upper edge", () => {
    // 0.6 belongs to (0.5, 0.6] with 0.55: one right and one wrong there, mean confidence 0.575.
    const found = taskMetrics(
      predictions(
        [0, 1],
        [
          [0.6, 0.4],
          [0.55, 0.45],
        ],
      ),
    );
    expect(found.ece).toBeCloseTo(0.075, 12);
    // 0.61 is in the next bin: the gaps are 0.39 and 0.55, half the rows each.
    const apart = taskMetrics(
      predictions(
        [0, 1],
        [
          [0.61, 0.39],
          [0.55, 0.45],
        ],
      ),
    );
    expect(apart.ece).toBeCloseTo((0.39 + 0.55) / 2, 12);
  });

  it("measures the calibration error before calibration by its own labels and confidences", () => {
    const found = taskMetrics(predictions([0], [[0.9, 0.1, 0]], { before: [[0.3, 0.6, 0.1]] }));
    expect(found.ece).toBeCloseTo(0.1, 12);
    expect(found.ece_uncalibrated).toBeCloseTo(0.6, 12);
  });

  it("cuts the log loss off at 1e-15", () => {
    expect(taskMetrics(predictions([1], [[1, 0]])).log_loss).toBeCloseTo(15 * Math.LN10, 9);
    expect(taskMetrics(predictions([0], [[1, 0]])).log_loss).toBe(0);
  });

  it("counts real, LLM-labelled and synthetic rows apart as if each were alone", () => {
    const rows = [
      [0.9, 0.1],
      [0.2, 0.8],
      [0.6, 0.4],
      [0.3, 0.7],
    ];
    const mixed = taskMetrics(predictions([0, 0, 1, 1], rows, { origin: Uint8Array.of(0, 2, 0, 2) }));
    const alone = taskMetrics(predictions([0, 1], [rows[0] ?? [], rows[2] ?? []]));
    const { labels: _, real, llm_labelled: none, synthetic, ...figures } = alone;
    expect(mixed.real).toEqual(figures);
    expect(mixed.synthetic?.accuracy).toBe(0.5);
    expect(mixed.llm_labelled).toBeNull();
    expect([real, none, synthetic]).toEqual([figures, null, null]);
  });

  it("has null figures without rows", () => {
    const found = taskMetrics(predictions([], []));
    expect(found).toMatchObject({
      rows: 0,
      accuracy: null,
      macro_f1: null,
      log_loss: null,
      ece: null,
      real: null,
    });
    expect(found.confusion_matrix).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });

  it("keeps its invariants for any predictions", () => {
    fc.assert(
      fc.property(anyPredictions, (p) => {
        const found = taskMetrics(p);
        const cells = found.confusion_matrix.flat();
        expect(cells.reduce((a, b) => a + b, 0)).toBe(found.rows);
        expect(found.micro_f1).toBe(found.accuracy);
        const unit = [found.accuracy, found.macro_f1, found.weighted_f1, found.ece, found.ece_uncalibrated];
        for (const figure of unit) expect(figure).toSatisfy((v: number) => v >= 0 && v <= 1 + 1e-12);
        expect(found.log_loss).toBeGreaterThanOrEqual(0);
        const parts = [found.real, found.llm_labelled, found.synthetic];
        expect(parts.reduce((sum, part) => sum + (part?.rows ?? 0), 0)).toBe(found.rows);
        const right = parts.reduce((sum, part) => sum + (part?.rows ?? 0) * (part?.accuracy ?? 0), 0);
        expect(right / found.rows).toBeCloseTo(found.accuracy ?? -1, 12);
        expect(JSON.stringify(found)).not.toMatch(/NaN|undefined/);
      }),
    );
  });

  it("does not depend on the order of the rows, up to rounding", () => {
    fc.assert(
      fc.property(anyPredictions, (p) => {
        const [found, turned] = [taskMetrics(p), taskMetrics(reverse(p))];
        expect(turned.confusion_matrix).toEqual(found.confusion_matrix);
        for (const name of FIGURES) expect(turned[name]).toBeCloseTo(found[name] ?? -1, 12);
      }),
    );
  });
});

describe("overallMetrics", () => {
  const good = taskMetrics(
    predictions(
      [0, 1],
      [
        [0.9, 0.1],
        [0.1, 0.9],
      ],
    ),
  );
  const bad = taskMetrics(predictions([0], [[0.1, 0.9]], { origin: Uint8Array.of(2) }));
  const empty = taskMetrics(predictions([], []));

  it("averages tasks, not rows, and skips those without rows", () => {
    const found = overallMetrics([good, bad, empty]);
    expect(found).toMatchObject({ tasks: 2, rows: 3, accuracy: 0.5, macro_f1: 0.5, weighted_f1: 0.5 });
    expect(found.log_loss).toBe(((good.log_loss ?? -1) + (bad.log_loss ?? -1)) / 2);
  });

  it("averages each origin over the tasks that have it", () => {
    const found = overallMetrics([good, bad, empty]);
    expect(found.real).toMatchObject({ tasks: 1, rows: 2, accuracy: 1 });
    expect(found.synthetic).toMatchObject({ tasks: 1, rows: 1, accuracy: 0 });
    expect(found.llm_labelled).toBeNull();
  });

  it.each([[[]], [[empty]]])("has null figures without rows", (tasks) => {
    expect(overallMetrics(tasks)).toMatchObject({ tasks: 0, rows: 0, accuracy: null, ece: null, real: null });
  });
});

describe("confusionScores", () => {
  it("takes weights as well as counts", () => {
    const scores = confusionScores([1.5, 0.5, 0, 2], 2);
    expect(scores.accuracy).toBe(0.875);
    expect(scores.macro_f1).toBeCloseTo((3 / 3.5 + 4 / 4.5) / 2, 12);
    expect(scores.weighted_f1).toBeCloseTo((3 / 3.5 + 4 / 4.5) / 2, 12);
  });

  it("has no macro F1 without rows", () => {
    expect(confusionScores(new Uint32Array(4), 2).macro_f1).toBeNull();
    expect(confusionScores(countConfusion(Uint32Array.of(1), Uint32Array.of(1), 2), 2).macro_f1).toBe(1);
  });
});

function softmaxOf(scores: number[]): number[] {
  const highest = Math.max(...scores);
  const e = scores.map((z) => Math.exp(z - highest));
  const total = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / total);
}

function reverse(p: Predictions): Predictions {
  const turn = ({ predicted, confidence, chance }: RowAnswers): RowAnswers => ({
    predicted: predicted.toReversed(),
    confidence: confidence.toReversed(),
    chance: chance.toReversed(),
  });
  return {
    ...p,
    truth: p.truth.toReversed(),
    origin: p.origin.toReversed(),
    calibrated: turn(p.calibrated),
    uncalibrated: turn(p.uncalibrated),
  };
}

const anyPredictions: fc.Arbitrary<Predictions> = fc
  .record({ labels: fc.integer({ min: 1, max: 4 }), rows: fc.integer({ min: 1, max: 12 }) })
  .chain(({ labels, rows }) => {
    const list = <T>(item: fc.Arbitrary<T>, length = rows) =>
      fc.array(item, { minLength: length, maxLength: length });
    const table = list(fc.integer({ min: -3, max: 3 }), rows * labels).map((z) =>
      calibrateRows({ method: "none" }, Float32Array.from(z), labels),
    );
    return fc
      .record({
        truth: list(fc.nat({ max: labels - 1 })).map((v) => Uint32Array.from(v)),
        origin: list(fc.nat({ max: 2 })).map((v) => Uint8Array.from(v)),
        after: table,
        before: table,
        minConfidence: fc.option(fc.constantFrom(0.2, 0.5, 1)),
      })
      .map(({ truth, origin, after, before, minConfidence }) => ({
        labels: names(labels),
        truth,
        origin,
        calibrated: answersIn(after, labels, truth, before),
        uncalibrated: answersIn(before, labels, truth),
        minConfidence,
      }));
  });
