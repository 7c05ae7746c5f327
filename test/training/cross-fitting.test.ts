// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { Examples } from "../../src/core/example.ts";
import { STEPS_HERE } from "../../src/training/block-steps.ts";
import { type FoldProblem, foldsToScore, joinFolds, scoreFold } from "../../src/training/cross-fitting.ts";
import type { TaskInputs } from "../../src/training/inputs.ts";
import { narrowRows } from "../../src/training/narrowing.ts";
import { trainTask } from "../../src/training/task-trainer.ts";
import { examples, separableRows } from "../support/examples.ts";
import { blockRows, vectorizeFamily } from "../support/task-rows.ts";

/** Rows with nothing but their groups. */
const grouped = (groups: readonly number[]) => ({ rows: groups.length, group: Uint32Array.from(groups) });
const ownGroups = (rows: number) => grouped(Array.from({ length: rows }, (_, i) => i));

describe("foldsToScore", () => {
  it.each([
    ["none where the eval rows are enough", 10_000, 1_000, 0],
    ["as many as make 5,000 rows", 10_000, 999, 3],
    ["all where there are no more", 2_000, 500, 5],
    ["one where one is enough", 100_000, 10, 1],
  ])("%s", (_, train, held, scored) => {
    expect(foldsToScore(ownGroups(train), held).scored).toBe(scored);
  });

  it("none where there are fewer groups than folds", () => {
    expect(foldsToScore(grouped([0, 0, 1, 1, 2, 2, 3]), 10).scored).toBe(0);
  });

  it("keeps a group together, and leaves no fold empty", () => {
    const groups = Array.from({ length: 300 }, (_, i) => Math.floor(i / 3));
    const { fold } = foldsToScore(grouped(groups), 10);
    for (let i = 0; i < fold.length; i++) expect(fold[i]).toBe(fold[Math.floor(i / 3) * 3]);
    expect(new Set(fold)).toEqual(new Set([0, 1, 2, 3, 4]));
  });
});

const TRAIN = examples(separableRows(3, 100, 1, 0.2));
const FOLD = foldsToScore(ownGroups(TRAIN.rows), 0).fold;
const VECTORS = vectorizeFamily([{ train: TRAIN, eval: null }]);
const NARROW = narrowRows(
  { chunks: VECTORS.chunks, inputs: (VECTORS.inputs.tasks[0] as TaskInputs).train },
  VECTORS.family.weights,
  Uint32Array.from(VECTORS.family.hashes.keys()),
);

/** Duals of a fit that has learnt nothing yet: each row's own label. */
const UNTRAINED = new Float32Array(TRAIN.rows * 4);
TRAIN.label.forEach((label, row) => {
  UNTRAINED[row * 4 + label] = 1;
});

/** Duals of a fit on all rows, with these labels. */
async function trainedDuals(label = TRAIN.label): Promise<Float32Array> {
  const rows = blockRows({ train: { ...TRAIN, label }, eval: null }, VECTORS, 0, {
    labels: 3,
    classWeight: 0.5,
  });
  const settings = {
    ...{ seed: 42, minDf: 1, maxIter: 25, alpha: 1 / (4 * TRAIN.rows), classWeight: 0.5 },
    ...{ earlyStopping: true, patience: 3, metric: "macro_f1" as const, minDelta: 0.001 },
  };
  const of = {
    task: "t",
    input: "text" as const,
    rows,
    deal: { partitions: 1, blocks: 1 },
    settings,
    crossFit: true,
  };
  return (await trainTask(of, STEPS_HERE, () => {})).duals as Float32Array;
}

function problemOf(scored: number, { label = TRAIN.label, ...more }: Partial<FoldProblem> = {}): FoldProblem {
  return {
    rows: NARROW,
    features: null,
    labels: 3,
    label,
    count: TRAIN.count,
    trust: null,
    fold: FOLD,
    scored,
    minDf: 1,
    classWeight: 0.5,
    seed: 42,
    cost: 4,
    duals: UNTRAINED,
    gap: 0.001,
    passes: 20,
    ...more,
  };
}

const rowsIn = (scored: number) => [...FOLD.keys()].filter((row) => FOLD[row] === scored);

describe("scoreFold", () => {
  it("does not look at the labels of the rows that it scores", () => {
    const other = TRAIN.label.map((label, row) => (FOLD[row] === 2 ? (label + 1) % 3 : label));
    expect(scoreFold(problemOf(2, { label: other }))).toEqual(scoreFold(problemOf(2)));
    const learnt = TRAIN.label.map((label, row) => (FOLD[row] === 1 ? (label + 1) % 3 : label));
    expect(scoreFold(problemOf(2, { label: learnt }))).not.toEqual(scoreFold(problemOf(2)));
  });

  it("ends where a fit from nothing does, and sooner, whatever the rows that it scores had been said to be", async () => {
    const other = TRAIN.label.map((label, row) => (FOLD[row] === 2 ? (label + 1) % 3 : label));
    const cold = scoreFold(problemOf(2, { passes: 60, gap: 1e-5 }));
    const size = (scores: Float32Array) => scores.reduce((sum, z) => sum + Math.abs(z), 0);
    const off = (scores: Float32Array) => size(scores.map((z, i) => z - (cold[i] as number))) / size(cold);
    for (const duals of [await trainedDuals(), await trainedDuals(other)])
      expect(off(scoreFold(problemOf(2, { duals, passes: 20, gap: 0 })))).toBeLessThan(0.02);
    const soon = (duals: Float32Array) => off(scoreFold(problemOf(2, { duals, passes: 2, gap: 0 })));
    expect(soon(await trainedDuals())).toBeLessThan(0.1);
    expect(soon(UNTRAINED)).toBeGreaterThan(0.3);
  });

  it("starts from nothing where it is given no duals", () => {
    expect(scoreFold(problemOf(2, { duals: null }))).toEqual(scoreFold(problemOf(2, { duals: UNTRAINED })));
  });

  it("learns less from rows that it trusts less", () => {
    const isWrong = (row: number) => Math.floor(row / 3) % 3 === 0;
    const wrong = TRAIN.label.map((label, row) => (isWrong(row) ? (label + 1) % 3 : label));
    const trust = (less: number) => Float64Array.from(wrong, (_, row) => (isWrong(row) ? less : 1));
    const margin = (less: number) => {
      const scores = scoreFold(problemOf(0, { label: wrong, trust: trust(less) }));
      const of = (label: number, i: number) => scores[i * 3 + label] as number;
      return rowsIn(0).reduce((sum, row, i) => {
        const label = TRAIN.label[row] as number;
        return sum + of(label, i) - of((label + 1) % 3, i);
      }, 0);
    };
    expect(scoreFold(problemOf(0, { trust: trust(1) }))).toEqual(scoreFold(problemOf(0)));
    expect(margin(0.1)).toBeGreaterThan(2 * margin(1));
  });

  it("stops at the gap that it is told", () => {
    const scores = (gap: number, passes: number) => scoreFold(problemOf(1, { gap, passes }));
    expect(scores(1e6, 20)).toEqual(scores(0, 1));
    expect(scores(0.001, 20)).not.toEqual(scores(0, 1));
  });

  it("answers what the other folds teach", () => {
    const scores = scoreFold(problemOf(0));
    const rows = rowsIn(0);
    expect(scores.length).toBe(rows.length * 3);
    const right = rows.filter((row, i) => {
      const own = [...scores.subarray(i * 3, i * 3 + 3)];
      return own.indexOf(Math.max(...own)) === TRAIN.label[row];
    });
    // A fifth of the rows says another label's words, and a third of these its own by chance.
    expect(right.length / rows.length).toBeGreaterThan(0.75);
  });
});

describe("joinFolds", () => {
  it("puts the rows of the folds after the eval rows, in groups of their own", () => {
    const train: Examples = {
      ...examples(["a", "b", "c", "d"].map((text, label) => ({ text, label: label % 2, count: label + 1 }))),
      group: Uint32Array.of(0, 1, 1, 2),
    };
    const held: Examples = {
      ...examples([
        { text: "x", label: 1, count: 7 },
        { text: "y", label: 0 },
      ]),
      group: Uint32Array.of(4, 0),
    };
    const fold = Uint8Array.of(1, 0, 0, 2);
    const byFold = [Float32Array.of(1, 2, 3, 4), Float32Array.of(5, 6)];
    const joined = joinFolds(
      { train, trust: Float64Array.of(1, 0.5, 1, 0.25) },
      fold,
      byFold,
      held,
      Float32Array.of(-1, -2, -3, -4),
    );
    expect([...joined.scores]).toEqual([-1, -2, -3, -4, 1, 2, 3, 4, 5, 6]);
    expect([...joined.label]).toEqual([1, 0, 1, 0, 0]);
    expect([...joined.weight]).toEqual([7, 1, 1, 3, 1]);
    expect([...joined.group]).toEqual([4, 0, 6, 6, 5]);
  });
});
