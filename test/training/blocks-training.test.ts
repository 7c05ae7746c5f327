// SPDX-License-Identifier: Apache-2.0
import { afterAll, describe, expect, it } from "vitest";
import type { Block } from "../../src/training/block.ts";
import { type BlockSteps, STEPS_HERE, stepsBy } from "../../src/training/block-steps.ts";
import type { Deal } from "../../src/training/dealing.ts";
import { WorkerPool } from "../../src/training/pool.ts";
import { addPasses, type PassStatistics, relativeGap } from "../../src/training/solver.ts";
import type { DealtBlock } from "../../src/training/swapping.ts";
import type { TaskSettings } from "../../src/training/task-settings.ts";
import { trainTask } from "../../src/training/task-trainer.ts";
import { examples, separableRows } from "../support/examples.ts";
import { leftOut } from "../support/settled.ts";
import { rowsOfOne } from "../support/task-rows.ts";

const SETTINGS: TaskSettings = {
  seed: 42,
  minDf: 1,
  maxIter: 500,
  alpha: 1e-3,
  classWeight: 0,
  earlyStopping: false,
  patience: 3,
  metric: "macro_f1",
  minDelta: 0.001,
};

const ROWS = rowsOfOne(
  {
    train: examples(separableRows(5, 60, 1, 0.2)),
    eval: examples(separableRows(5, 11, 2, 0.2)),
  },
  { labels: 5 },
);

/** A partition for each block, or one for all. */
const apart = (blocks: number): Deal => ({ partitions: blocks, blocks });
const inTurns = (blocks: number): Deal => ({ partitions: 1, blocks });

const train = (deal: Deal, settings: Partial<TaskSettings> = {}, steps: BlockSteps = STEPS_HERE) =>
  trainTask(
    {
      task: "t",
      input: "text",
      rows: ROWS,
      deal,
      settings: { ...SETTINGS, ...settings },
      crossFit: true,
    },
    steps,
    () => {},
  );

const pools = [1, 2, 3].map((size) => new WorkerPool(size));

afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.close()));
});

const inThreads = (pool: WorkerPool) => stepsBy((step, of) => pool.run<"step">({ kind: "step", step, of }));

const largest = (values: Float32Array) => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);

/** Weights after so many passes that they no longer move, and the figures of the last. */
async function optimum({ partitions, blocks: count }: Deal) {
  const steps = STEPS_HERE;
  const deal = { partitions, blocks: count };
  const blocks: DealtBlock[] = [];
  for (let index = 0; index < count; index++)
    blocks.push(await steps.fill(ROWS, index, deal, blocks[index - partitions]?.memory ?? null));
  for (const block of blocks) await steps.setCost(block, 1, { cost: 2, share: partitions });
  const copies = blocks.slice(0, partitions);
  for (const index of copies.keys()) await steps.share(copies, index);
  let passes: PassStatistics[] = [];
  for (let pass = 0; pass < 300; pass++) {
    passes = [];
    for (const block of blocks) passes.push(await steps.pass(block, 1, "train"));
    if (partitions === 1) continue;
    for (const index of copies.keys()) await steps.merge(copies, index);
  }
  const factor = new Float32Array(ROWS.features.ids.length).fill(1);
  const { weights } = await steps.weights(blocks[0] as Block, 1, factor);
  const last = passes.reduce(addPasses);
  return { weights, gap: relativeGap(last), loss: last.loss };
}

function best(scores: Float32Array, labels: number): number[] {
  return Array.from({ length: scores.length / labels }, (_, row) => {
    const own = [...scores.subarray(row * labels, (row + 1) * labels)];
    return own.indexOf(Math.max(...own));
  });
}

const DEALS = [apart(2), apart(4), inTurns(2), inTurns(3), { partitions: 2, blocks: 6 }];
const ONE = apart(1);

describe("training in blocks", () => {
  it.each(DEALS)("reaches the optimum of one block with %o", async (deal) => {
    const [one, more] = [await optimum(ONE), await optimum(deal)];
    const size = largest(one.weights);
    // A settled row is left alone, so no closer than that.
    expect(largest(one.weights.map((w, at) => w - (more.weights[at] as number)))).toBeLessThan(0.03 * size);
    expect(more.gap).toBeLessThan(1e-3);
    expect(Math.abs(more.loss / one.loss - 1)).toBeLessThan(1e-3);
  });

  it.each(DEALS)(
    "ends near the scores of one block with %o where the gap ends it, and predicts the same",
    async (deal) => {
      const [one, more] = [await train(ONE), await train(deal)];
      for (const fit of [one, more]) expect(fit.epochs.at(-1)?.gap).toBeLessThan(0.01);
      const off = largest(one.evalScores.map((z, at) => z - (more.evalScores[at] as number)));
      expect(off).toBeLessThan((deal.partitions > 1 ? 0.1 : 0.15) * largest(one.evalScores));
      expect(more.alpha).toBe(one.alpha);
      expect(more.ids).toEqual(one.ids);
      const [losses, other] = [one.epochs.at(-1)?.train.loss ?? 0, more.epochs.at(-1)?.train.loss ?? 0];
      expect(Math.abs(other / losses - 1)).toBeLessThan(0.1);
      const [a, b] = [best(one.evalScores, 5), best(more.evalScores, 5)];
      expect(a.filter((label, row) => label !== b[row])).toEqual([]);
      // Rows of different labels come back in their own order, not in that of the blocks.
      const right = a.filter((label, row) => label === ROWS.eval.label[row]).length;
      expect(right / a.length).toBeGreaterThan(0.7);
    },
  );

  it.each(DEALS)("ships weights near those of one block from %o, eval rows and all", async (deal) => {
    const [one, more] = [await train(ONE), await train(deal)];
    const off = one.weights.map((w, at) => w - (more.weights[at] as number));
    expect(Math.hypot(...off)).toBeLessThan(0.2 * Math.hypot(...one.weights));
  });

  it.each([ONE, ...DEALS])("hands over the duals of the train rows, in their order, of %o", async (deal) => {
    const { duals } = await train(deal);
    const rows = ROWS.train.label.length;
    expect(duals?.length).toBe(rows * 8);
    for (let row = 0; row < rows; row++) {
      const own = (duals as Float32Array).subarray(row * 8, row * 8 + 8);
      expect(own.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 3);
      expect([...own.subarray(5)]).toEqual([0, 0, 0]);
    }
    // A dual is what the fit answers for its row: for most the label.
    const right = [...ROWS.train.label].filter((k, row) => (duals?.[row * 8 + k] as number) > 0.5).length;
    expect(right / rows).toBeGreaterThan(0.7);
  });

  it("counts every row of a pass and of eval once, in however many blocks", async () => {
    const deals = [ONE, apart(3), apart(7), inTurns(4), { partitions: 3, blocks: 6 }];
    const fits = await Promise.all(deals.map((deal) => train(deal, { maxIter: 1 })));
    for (const { epochs, evalScores } of fits) {
      expect(evalScores.length).toBe(55 * 5);
      expect(epochs.length).toBe(1);
      const accuracy = (epochs[0]?.train.accuracy ?? 0) * 300;
      expect(Math.abs(accuracy - Math.round(accuracy))).toBeLessThan(1e-9);
      const held = (epochs[0]?.eval?.accuracy ?? 0) * 55;
      expect(Math.abs(held - Math.round(held))).toBeLessThan(1e-9);
    }
  });

  it.each([inTurns(3), { partitions: 2, blocks: 6 }])(
    "learns without eval rows in %o, and from fewer than blocks",
    async (deal) => {
      for (const rows of [0, 2]) {
        const few = { ...ROWS, eval: { ...ROWS.eval, inputs: ROWS.eval.inputs.subarray(0, rows) } };
        const problem = {
          task: "t",
          input: "text" as const,
          rows: few,
          deal,
          settings: SETTINGS,
          crossFit: false,
        };
        const { epochs, evalScores } = await trainTask(problem, STEPS_HERE, () => {});
        expect(epochs.at(-1)?.gap).toBeLessThan(0.01);
        expect(epochs[0]?.eval === null).toBe(rows === 0);
        expect(evalScores.length).toBe(rows * 5);
        expect(evalScores.every((z) => z !== 0)).toBe(true);
      }
    },
  );

  it.each([
    { deal: ONE, alpha: 1e-3 },
    { deal: apart(2), alpha: "auto" as const },
    { deal: apart(3), alpha: "auto" as const },
    { deal: apart(4), alpha: 1e-3 },
    { deal: inTurns(3), alpha: "auto" as const },
    { deal: { partitions: 2, blocks: 6 }, alpha: 1e-3 },
  ])("gives the same bits here and in 1, 2 and 3 threads: $deal, alpha $alpha", async ({ deal, alpha }) => {
    const settings = { alpha, maxIter: 4 };
    const here = await train(deal, settings);
    for (const pool of pools) expect(await train(deal, settings, inThreads(pool))).toEqual(here);
  });
});

/** Blocks of 2^15 rows and more, whose passes leave rows out by the mean divergence. */
describe("training in large blocks", () => {
  const many = rowsOfOne(
    {
      train: examples(separableRows(4, 2 ** 14 + 10, 3, 0.2)),
      eval: examples(separableRows(4, 20, 4, 0.2)),
    },
    { labels: 4 },
  );
  const trained = (deal: Deal, steps = STEPS_HERE) => {
    const settings = { ...SETTINGS, maxIter: 4 };
    return trainTask(
      { task: "t", input: "text", rows: many, deal, settings, crossFit: false },
      steps,
      () => {},
    );
  };

  it("leaves rows out of each, and none before the second pass", async () => {
    const steps = STEPS_HERE;
    const blocks = await Promise.all([0, 1].map((index) => steps.fill(many, index, apart(2), null)));
    for (const block of blocks) {
      expect(block.shape.train).toBe(2 ** 15 + 20);
      await steps.setCost(block, 1, { cost: 0.01, share: 2 });
    }
    for (const index of blocks.keys()) await steps.share(blocks, index);
    const most = [0, 0];
    for (let pass = 0; pass < 5; pass++) {
      for (const block of blocks) await steps.pass(block, 1, "train");
      for (const index of blocks.keys()) await steps.merge(blocks, index);
      if (pass === 0) expect(blocks.map(leftOut)).toEqual([0, 0]);
      for (const [b, block] of blocks.entries()) most[b] = Math.max(most[b] as number, leftOut(block));
    }
    for (const share of most) expect(share).toBeGreaterThan(0.1);
  });

  // Two that take turns would have two of the four labels each.
  it.each([apart(2), inTurns(3)])(
    "gives the same bits here and in 1, 2 and 3 threads, and the answers of one block: %o",
    async (deal) => {
      const here = await trained(deal);
      for (const pool of pools) expect(await trained(deal, inThreads(pool))).toEqual(here);
      const one = await trained(ONE);
      const [a, b] = [best(one.evalScores, 4), best(here.evalScores, 4)];
      expect(a.filter((label, row) => label !== b[row])).toEqual([]);
      const right = a.filter((label, row) => label === many.eval.label[row]).length;
      expect(right / a.length).toBeGreaterThan(0.7);
    },
  );
});
