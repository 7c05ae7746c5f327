// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { BLOCK_STEPS, doStep, STEPS_HERE, stepsBy } from "../../src/training/block-steps.ts";
import { fillBlock } from "../../src/training/blocks.ts";
import { COSTS } from "../../src/training/cost-search.ts";
import { KernelSolver } from "../../src/training/kernel-solver.ts";
import type { TaskSettings } from "../../src/training/task-settings.ts";
import { examples, separableRows } from "../support/examples.ts";
import { rowsOfOne } from "../support/task-rows.ts";

const ROWS = rowsOfOne(
  { train: examples(separableRows(3, 40, 1, 0.2)), eval: examples(separableRows(3, 10, 2, 0.2)) },
  { labels: 3 },
);
const ALONE = { partitions: 1, blocks: 1 };
const SETTINGS: TaskSettings = {
  seed: 5,
  minDf: 1,
  maxIter: 3,
  alpha: "auto",
  classWeight: 0,
  earlyStopping: true,
  patience: 3,
  metric: "accuracy",
  minDelta: 0,
};

describe("block steps", () => {
  it("are the solver's, which finds its state in the block", async () => {
    const [block, twin] = [await STEPS_HERE.fill(ROWS, 0, ALONE, null), fillBlock(ROWS, 0, 1)];
    const solver = new KernelSolver(twin, 5);
    await STEPS_HERE.setCost(block, 5, { cost: 2, share: 1 });
    solver.setCost(2);
    expect(await STEPS_HERE.pass(block, 5, "train")).toEqual(solver.pass(120));
    expect(await STEPS_HERE.pass(block, 5, "eval")).toEqual(solver.pass(150, 120));
    expect(await STEPS_HERE.pass(block, 5, "all")).toEqual(solver.pass(150));
    expect(await STEPS_HERE.evaluate(block, 5)).toEqual(solver.evaluate(120, 150));
    const [scores, duals] = [new Float32Array(30 * 3), new Float32Array(120 * 4)];
    await STEPS_HERE.scores(block, 5, scores);
    expect(scores).toEqual(solver.scores(120, 150));
    await STEPS_HERE.duals(block, 5, duals);
    expect(duals).toEqual(solver.save(120).dual);
    const factor = ROWS.features.factor.map((_, f) => 1 + (f % 3));
    expect(await STEPS_HERE.weights(block, 5, factor)).toEqual({
      weights: solver.weights().map((w, at) => w * (1 + (Math.floor(at / 3) % 3))),
      bias: solver.bias(),
    });
  });

  it("takes the weights of whole vectors of labels as they lie, and of others from between the fillings", async () => {
    for (const labels of [4, 5]) {
      const rows = rowsOfOne({ train: examples(separableRows(labels, 20, 1)), eval: null }, { labels });
      const block = await STEPS_HERE.fill(rows, 0, ALONE, null);
      await STEPS_HERE.setCost(block, 5, { cost: 2, share: 1 });
      await STEPS_HERE.pass(block, 5, "train");
      const copied = new KernelSolver(block, 5).weights();
      const ones = new Float32Array(rows.features.ids.length).fill(1);
      const { weights } = await STEPS_HERE.weights(block, 5, ones);
      expect(copied.some((w) => w !== 0)).toBe(true);
      expect(weights).toEqual(copied);
      expect(weights.buffer).toBe(block.memory.buffer);
    }
  });

  it("passes over the train rows only, over the eval rows only, or over all", async () => {
    const block = await STEPS_HERE.fill(ROWS, 0, ALONE, null);
    await STEPS_HERE.setCost(block, 5, { cost: 1, share: 1 });
    const rows = ({ confusion }: { confusion: Float64Array }) => confusion.reduce((sum, n) => sum + n, 0);
    expect(rows(await STEPS_HERE.pass(block, 5, "train"))).toBe(120);
    expect(rows(await STEPS_HERE.pass(block, 5, "eval"))).toBe(30);
    expect(rows(await STEPS_HERE.pass(block, 5, "all"))).toBe(150);
    expect(rows(await STEPS_HERE.evaluate(block, 5))).toBe(30);
  });

  it("leaves the block at the cost that its search found", async () => {
    const block = await STEPS_HERE.fill(ROWS, 0, ALONE, null);
    const cost = await STEPS_HERE.search(block, "text", SETTINGS);
    expect(COSTS.text).toContain(cost);
    expect(new KernelSolver(block, 5).save(120).cost).toBe(cost);
    const noEval = { ...ROWS, eval: { ...ROWS.eval, inputs: new Uint32Array(0) } };
    const unheld = await STEPS_HERE.fill(noEval, 0, ALONE, null);
    expect(await STEPS_HERE.search(unheld, "text", SETTINGS)).toBe(COSTS.text[0]);
  });

  it("can be done by anyone who is told the step and what it is of", async () => {
    const told: [string, number][] = [];
    const steps = stepsBy(async (step, of) => {
      told.push([step, of.length]);
      return doStep(step, of);
    });
    expect(Object.keys(steps).sort()).toEqual(Object.keys(BLOCK_STEPS).sort());
    const block = await steps.fill(ROWS, 0, { partitions: 2, blocks: 2 }, null);
    await steps.share([block], 0);
    await steps.merge([block], 0);
    expect(told).toEqual([
      ["fill", 4],
      ["share", 2],
      ["merge", 2],
    ]);
    expect(block.shape).toMatchObject({ train: 60, rows: 75 });
  });
});
