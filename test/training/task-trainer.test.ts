// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { STEPS_HERE } from "../../src/training/block-steps.ts";
import { COSTS } from "../../src/training/cost-search.ts";
import type { TaskSettings } from "../../src/training/task-settings.ts";
import { type EpochStatistics, trainTask } from "../../src/training/task-trainer.ts";
import { type ExampleRow, examples, separableRows } from "../support/examples.ts";
import { rowsOfOne } from "../support/task-rows.ts";

const SETTINGS: TaskSettings = {
  seed: 42,
  minDf: 1,
  maxIter: 25,
  alpha: "auto",
  classWeight: 0,
  earlyStopping: true,
  patience: 3,
  metric: "macro_f1",
  minDelta: 0.001,
};

async function trained(
  train: readonly ExampleRow[],
  held: readonly ExampleRow[] | null,
  labels: number,
  settings: Partial<TaskSettings> = {},
  partitions = 1,
) {
  const task = { train: examples(train), eval: held === null ? null : examples(held) };
  const wanted = { ...SETTINGS, ...settings };
  const input = task.train.textB === null ? ("text" as const) : ("pair" as const);
  const rows = rowsOfOne(task, { labels, minDf: wanted.minDf, classWeight: wanted.classWeight });
  const reported: EpochStatistics[] = [];
  const deal = { partitions, blocks: partitions };
  const problem = { task: "t", input, rows, deal, settings: wanted, crossFit: true };
  const result = await trainTask(problem, STEPS_HERE, (epoch) => reported.push(epoch));
  expect(reported).toEqual(result.epochs);
  expect(result.ids).toEqual(rows.features.ids);
  expect(result.weights.length).toBe(result.ids.length * labels);
  expect(result.weights.every(Number.isFinite)).toBe(true);
  expect(result.bias.every(Number.isFinite)).toBe(true);
  return result;
}

const TRAIN = separableRows(3, 60, 1);
const EVAL = separableRows(3, 20, 2);

describe("trainTask", () => {
  it("learns what can be learnt, and says how each epoch went", async () => {
    const { epochs } = await trained(TRAIN, EVAL, 3, { alpha: 1e-3 });
    const last = epochs.at(-1) as EpochStatistics;
    expect(last.eval?.accuracy).toBe(1);
    expect(last.train.accuracy).toBe(1);
    expect(epochs.map(({ epoch }) => epoch)).toEqual(epochs.map((_, i) => i + 1));
    expect((epochs[0] as EpochStatistics).train.loss).toBeGreaterThan(last.train.loss ?? 0);
  });

  it("gives the same bits twice, and others for another seed", async () => {
    const [a, b] = [await trained(TRAIN, EVAL, 3), await trained(TRAIN, EVAL, 3)];
    expect(a).toEqual(b);
    expect((await trained(TRAIN, EVAL, 3, { seed: 7 })).weights).not.toEqual(a.weights);
  });

  it.each(["macro_f1", "accuracy", "log_loss"] as const)(
    "stops when %s has not improved for `patience` epochs",
    async (metric) => {
      const noisy = separableRows(4, 40, 3, 0.4);
      const held = separableRows(4, 40, 4, 0.4);
      const settings = { metric, patience: 2, minDelta: 0.002, alpha: 1e-5, maxIter: 40 };
      const { epochs } = await trained(noisy, held, 4, settings);
      const score = ({ eval: seen }: EpochStatistics) =>
        metric === "log_loss"
          ? -(seen?.loss ?? 0)
          : ((metric === "accuracy" ? seen?.accuracy : seen?.macroF1) ?? 0);
      let bar = Number.NEGATIVE_INFINITY;
      let waited = 0;
      const stopsAt = epochs.findIndex((epoch) => {
        waited = score(epoch) > bar + 0.002 ? 0 : waited + 1;
        if (waited === 0) bar = score(epoch);
        return waited === 2;
      });
      expect(stopsAt).toBe(epochs.length - 1);
      expect(epochs.length).toBeLessThan(40);
      expect(
        (await trained(noisy, held, 4, { ...settings, earlyStopping: false })).epochs.length,
      ).toBeGreaterThan(epochs.length);
    },
  );

  it("lets the eval rows join the fit, and scores them before they do", async () => {
    const told = separableRows(3, 20, 2).map((row) => ({ ...row, text: `${row.text} told${row.label}` }));
    const hint = TRAIN.map((row, i) => ({ ...row, text: `${row.text} told${i % 3}` }));
    const settings = { alpha: 1e-3, earlyStopping: false, maxIter: 4 };
    const [without, joined] = [
      await trained(hint, null, 3, settings),
      await trained(hint, told, 3, settings),
    ];
    expect(without.evalScores.length).toBe(0);
    expect(joined.evalScores.length).toBe(told.length * 3);
    expect(joined.weights).not.toEqual(without.weights);
    expect(joined.epochs.map(({ train }) => train)).toEqual(without.epochs.map(({ train }) => train));
    const other = told.map((row) => ({ ...row, label: (row.label + 1) % 3 }));
    expect((await trained(hint, other, 3, settings)).evalScores).toEqual(joined.evalScores);
  });

  it("stops when the duality gap has closed, with or without eval rows", async () => {
    const { epochs } = await trained(TRAIN, null, 3, { alpha: 0.01, maxIter: 500 });
    expect(epochs.length).toBeLessThan(500);
    expect((epochs.at(-1) as EpochStatistics).gap).toBeLessThan(0.01);
    expect(epochs.every(({ eval: seen }) => seen === null)).toBe(true);
  });

  it("makes max_iter passes at most", async () => {
    expect(
      (await trained(TRAIN, EVAL, 3, { maxIter: 2, earlyStopping: false, alpha: 1e-6 })).epochs.length,
    ).toBe(2);
  });

  it("takes a fixed alpha as it is, and chooses one of a short list by eval", async () => {
    expect((await trained(TRAIN, EVAL, 3, { alpha: 0.003 })).alpha).toBeCloseTo(0.003, 12);
    const alpha = (await trained(TRAIN, EVAL, 3)).alpha;
    const costs = COSTS.text.map((cost) => 1 / (cost * TRAIN.length));
    expect(costs.some((one) => Math.abs(one - alpha) < 1e-12)).toBe(true);
    // Nothing to choose by: the preferred one.
    expect((await trained(TRAIN, null, 3)).alpha).toBeCloseTo(1 / (COSTS.text[0] * TRAIN.length), 12);
  });

  it("prefers a smaller cost for pairs", async () => {
    const pairs = TRAIN.map((row) => ({ ...row, b: "" }));
    expect((await trained(pairs, null, 3)).alpha).toBeCloseTo(1 / (COSTS.pair[0] * TRAIN.length), 12);
    expect(COSTS.pair[0]).toBeLessThan(COSTS.text[0]);
  });

  it("counts rows, not lines, in alpha", async () => {
    const weighted = TRAIN.map((row) => ({ ...row, count: 5 }));
    expect((await trained(weighted, null, 3)).alpha).toBeCloseTo(1 / (COSTS.text[0] * 5 * TRAIN.length), 12);
  });

  it("takes a count for copies of the row", async () => {
    const rows = separableRows(2, 10, 5, 0.3);
    const settings = { alpha: 0.05, maxIter: 2000 };
    const counted = await trained(
      rows.map((row, i) => ({ ...row, count: 1 + (i % 3) })),
      null,
      2,
      settings,
    );
    const copied = await trained(
      rows.flatMap((row, i) => Array<ExampleRow>(1 + (i % 3)).fill(row)),
      null,
      2,
      settings,
    );
    expect(counted.ids).toEqual(copied.ids);
    expect(counted.alpha).toBeCloseTo(copied.alpha, 12);
    counted.weights.forEach((w, at) => {
      expect(Math.abs(w - (copied.weights[at] as number))).toBeLessThan(0.03);
    });
  });

  it("lifts a rare label with class_weight", async () => {
    const often = separableRows(1, 190, 8).map((row) => ({ ...row, text: row.text.replace(/\S+0 /g, "") }));
    const rare = often.slice(0, 10).map((row) => ({ text: `${row.text} seldom`, label: 1 }));
    const bias = async (classWeight: number) => {
      const { bias: found } = await trained([...often, ...rare], null, 2, { classWeight, alpha: 0.01 });
      return (found[1] as number) - (found[0] as number);
    };
    const [none, half, full] = [await bias(0), await bias(0.5), await bias(1)];
    expect(none).toBeLessThan(half);
    expect(half).toBeLessThan(full);
  });

  it("makes nothing of a class weight where labels are even", async () => {
    const even = await trained(TRAIN, null, 3, { classWeight: 1 });
    expect(even.weights).toEqual((await trained(TRAIN, null, 3)).weights);
  });

  it.each([
    { name: "one label", train: separableRows(1, 5, 1), labels: 1 },
    {
      name: "two rows",
      train: [
        { text: "red", label: 0 },
        { text: "blue", label: 1 },
      ],
      labels: 2,
    },
    {
      name: "two rows and no feature that both have",
      train: [
        { text: "red", label: 0 },
        { text: "blue", label: 1 },
      ],
      labels: 2,
      minDf: 3,
    },
    {
      name: "a text without a feature",
      train: [
        { text: "", label: 0 },
        { text: "word word", label: 1 },
      ],
      labels: 2,
    },
    { name: "a label without rows", train: separableRows(2, 10, 1), labels: 5 },
    {
      name: "pairs",
      train: [
        { text: "a", b: "b", label: 0 },
        { text: "a", b: "a", label: 1 },
      ],
      labels: 2,
    },
  ])("works with $name", async ({ train, labels, minDf }) => {
    const { epochs } = await trained(train, null, labels, minDf === undefined ? {} : { minDf });
    for (const { gap, train: seen } of epochs) {
      expect(gap).toBeGreaterThanOrEqual(0);
      expect(seen.loss).toBeGreaterThanOrEqual(0);
    }
  });

  it("learns 300 labels", async () => {
    const { epochs } = await trained(separableRows(300, 6, 1), separableRows(300, 2, 2), 300, {
      maxIter: 3,
      alpha: 1e-4,
    });
    expect((epochs.at(-1) as EpochStatistics).eval?.accuracy).toBeGreaterThan(0.97);
  });
});
