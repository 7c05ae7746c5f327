// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Block, layoutOf } from "../../src/training/block.ts";
import { STEPS_HERE } from "../../src/training/block-steps.ts";
import { KernelSolver } from "../../src/training/kernel-solver.ts";
import { type DealtBlock, dealBlock, partitionBytes, swapIn, swapOut } from "../../src/training/swapping.ts";
import { examples, separableRows } from "../support/examples.ts";
import { rowsOfOne } from "../support/task-rows.ts";

const LABELS = 5;
const ROWS = rowsOfOne(
  {
    train: examples(separableRows(LABELS, 30, 1, 0.2).map((row, i) => ({ ...row, count: 1 + (i % 3) }))),
    eval: examples(separableRows(LABELS, 6, 2, 0.2)),
  },
  { labels: LABELS },
);
const DEAL = { partitions: 1, blocks: 3 };

/** Three blocks that take turns in one memory. */
function turns(): [DealtBlock, DealtBlock, DealtBlock] {
  const first = dealBlock(ROWS, 0, DEAL, null);
  return [first, dealBlock(ROWS, 1, DEAL, first.memory), dealBlock(ROWS, 2, DEAL, first.memory)];
}

/** What of a block's memory a pass depends on, but for the weights and its scratch. */
function rowsIn({ shape, memory: { buffer } }: Block) {
  const { at, padded } = layoutOf(shape);
  const { rows } = shape;
  const start = new Uint32Array(buffer, at.start, rows + 1).slice();
  return {
    start,
    entries: new Uint32Array(buffer, at.entries, (start.at(-1) as number) * 2).slice(),
    state: new Float64Array(buffer, at.state, 3).slice(),
    weight: new Float64Array(buffer, at.weight, rows).slice(),
    dual: new Float32Array(buffer, at.dual, rows * padded).slice(),
    truth: new Uint32Array(buffer, at.truth, rows).slice(),
    cost: new Float32Array(buffer, at.cost, rows).slice(),
    squares: new Float32Array(buffer, at.squares, rows).slice(),
    predicted: new Uint32Array(buffer, at.predicted, rows).slice(),
    settled: new Float32Array(buffer, at.settled, rows * 2).slice(),
  };
}

const weightsIn = (block: Block) => new KernelSolver(block, 1).weights();

describe("a block that takes turns with others", () => {
  it("has the rows of one with a memory for itself, and fits the memory of its partition", () => {
    const blocks = turns();
    for (const block of blocks) {
      expect(block.memory).toBe(blocks[0].memory);
      expect(block.memory.buffer.byteLength).toBeGreaterThanOrEqual(layoutOf(block.shape).bytes);
      swapIn(block);
      const alone = dealBlock(ROWS, block.index, { partitions: 3, blocks: 3 }, null);
      expect(alone.swap).toBeNull();
      expect(alone.shape).toEqual(block.shape);
      expect(rowsIn(block)).toEqual(rowsIn(alone));
    }
    expect(partitionBytes(ROWS, 0, DEAL)).toBe(Math.max(...blocks.map(({ shape }) => layoutOf(shape).bytes)));
  });

  it("comes back as it was, but for the duals of other labels than the row's, which come back to 2^-12 of themselves", async () => {
    const blocks = turns();
    const seen = [];
    for (const block of blocks) {
      await STEPS_HERE.setCost(block, 1, { cost: 3, share: 2 });
      for (let pass = 0; pass < 9; pass++) await STEPS_HERE.pass(block, 1, "all");
      seen.push(rowsIn(block));
    }
    for (const [b, block] of blocks.entries()) {
      swapIn(block);
      const { dual: before, ...rest } = seen[b] as (typeof seen)[number];
      const { dual: after, ...now } = rowsIn(block);
      expect(now).toEqual(rest);
      expect([...rest.state]).toEqual([3, 9, 2]);
      expect(rest.settled.some((loss) => loss >= 0)).toBe(true);
      let moved = 0;
      for (let at = 0; at < before.length; at++) {
        const [was, is] = [before[at] as number, after[at] as number];
        if (at % 8 === rest.truth[Math.floor(at / 8)]) expect(is).toBe(was);
        else expect(Math.abs(is - was)).toBeLessThanOrEqual(was * 2 ** -12 + 2 ** -31);
        if (is !== was) moved++;
      }
      expect(moved).toBeGreaterThan(0);
      // Once rounded, they come back to the bit.
      swapOut(block);
      const other = blocks[(b + 1) % 3] as DealtBlock;
      swapIn(other);
      expect(rowsIn(other).truth).not.toEqual(rest.truth);
      swapIn(block);
      expect(rowsIn(block).dual).toEqual(after);
    }
  });

  it("has the cost and share that were set last, whether its rows are in memory or not", async () => {
    const [a, b] = turns();
    const settings = { seed: 1, minDelta: 0, metric: "accuracy" } as const;
    const cost = await STEPS_HERE.search(a, "text", settings);
    for (const block of [a, b]) {
      await STEPS_HERE.setCost(block, 1, { cost, share: 2 });
      swapIn(block);
      const { state, weight, cost: costs, settled } = rowsIn(block);
      expect([state[0], state[2]]).toEqual([cost, 2]);
      expect(costs).toEqual(Float32Array.from(weight, (w) => w * cost * 2));
      expect(settled.every((loss, at) => at % 2 === 1 || loss === -1)).toBe(true);
      expect(state[1]).toBe(block === a ? 4 : 0);
    }
  });

  it("answers for its held-out rows what a block with a memory for itself does, and loses nothing by it", async () => {
    const [a, b] = turns();
    const alone = dealBlock(ROWS, 0, { partitions: 3, blocks: 3 }, null);
    for (const block of [a, alone]) {
      await STEPS_HERE.setCost(block, 1, { cost: 1, share: 1 });
      await STEPS_HERE.pass(block, 1, "train");
    }
    expect(await STEPS_HERE.evaluate(a, 1)).toEqual(await STEPS_HERE.evaluate(alone, 1));
    const [mine, theirs] = [new Float32Array(30 * LABELS), new Float32Array(30 * LABELS)];
    await STEPS_HERE.scores(a, 1, mine);
    await STEPS_HERE.scores(alone, 1, theirs);
    expect(mine).toEqual(theirs);
    expect(mine.some((z) => z !== 0)).toBe(true);
    swapIn(a);
    const before = rowsIn(a);
    swapIn(b);
    await STEPS_HERE.evaluate(b, 1);
    await STEPS_HERE.evaluate(a, 1);
    swapIn(a);
    expect(rowsIn(a)).toEqual(before);
  });

  it("goes on from the weights that the one before it left", async () => {
    const [a, b] = turns();
    await STEPS_HERE.setCost(a, 1, { cost: 1, share: 1 });
    await STEPS_HERE.setCost(b, 1, { cost: 1, share: 1 });
    await STEPS_HERE.pass(a, 1, "train");
    const learnt = weightsIn(a);
    expect(learnt.some((w) => w !== 0)).toBe(true);
    swapIn(b);
    expect(weightsIn(b)).toEqual(learnt);
    const { loss } = await STEPS_HERE.evaluate(b, 1);
    const alone = dealBlock(ROWS, 1, { partitions: 3, blocks: 3 }, null);
    new KernelSolver(alone, 1).setCost(1);
    expect(loss).toBeLessThan((await STEPS_HERE.evaluate(alone, 1)).loss);
  });

  it("is filled anew only after another one was in memory", () => {
    const [a, b] = turns();
    swapIn(a);
    const { at } = layoutOf(a.shape);
    const weight = () => new Float64Array(a.memory.buffer, at.weight, 1);
    const own = weight()[0] as number;
    weight()[0] = 77;
    swapIn(a);
    expect(weight()[0]).toBe(77);
    swapIn(b);
    swapIn(a);
    expect(weight()[0]).toBe(own);
  });

  it("keeps any dual in [0, 1] to 2^-12 of itself, and 0 as it is", () => {
    const [a, b] = turns();
    swapIn(a);
    const { at, padded } = layoutOf(a.shape);
    const truth = new Uint32Array(a.memory.buffer, at.truth, 1)[0] as number;
    const dual = () => new Float32Array(a.memory.buffer, at.dual, padded);
    const chance = fc.oneof(
      fc.constantFrom(0, 1, 2 ** -32, 2 ** -31, 2 ** -30, 1 - 2 ** -24, 0.5),
      fc.float({ min: 0, max: 1, noNaN: true }),
    );
    fc.assert(
      fc.property(fc.array(chance, { minLength: LABELS, maxLength: LABELS }), (chances) => {
        swapIn(a);
        dual().set(chances);
        const before = [...dual()];
        swapOut(a);
        swapIn(b);
        swapIn(a);
        before.forEach((was, k) => {
          const is = dual()[k] as number;
          if (k === truth || was === 0) expect(is).toBe(was);
          else expect(Math.abs(is - was)).toBeLessThanOrEqual(was < 2 ** -30 ? 2 ** -31 : was * 2 ** -12);
        });
      }),
    );
  });
});
