// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../src/core/random.ts";
import { termFrequency, weightTable } from "../../src/model/vectorizer.ts";
import { allocateBlock, type Block, layoutOf } from "../../src/training/block.ts";
import {
  BlockMemory,
  type BlockRows,
  fillBlock,
  mergeWeights,
  shapeOf,
  shareWeights,
  type WeightedRows,
} from "../../src/training/blocks.ts";
import type { IndexedChunk } from "../../src/training/indexing.ts";
import { KernelSolver } from "../../src/training/kernel-solver.ts";
import { examples, separableRows } from "../support/examples.ts";
import { rowsOfOne } from "../support/task-rows.ts";

const ROWS = rowsOfOne(
  {
    train: examples(separableRows(3, 9, 1).map((row, i) => ({ ...row, count: 1 + (i % 3) }))),
    eval: examples(separableRows(3, 3, 2)),
  },
  { labels: 3, minDf: 2, classWeight: 1 },
);

/** Entries of a row by the definition: value of the family times the task's factor. */
function expectedRow({ weights, features }: BlockRows, part: WeightedRows, row: number): Map<number, number> {
  const value = weightTable(weights);
  const input = part.inputs[row] as number;
  const { start, ids, counts, factor, namespaces } = part.chunks[0] as IndexedChunk;
  const found = new Map<number, number>();
  for (let s = input * namespaces; s < (input + 1) * namespaces; s++)
    for (let j = start[s] as number; j < (start[s + 1] as number); j++) {
      const f = features.ids.indexOf(ids[j] as number);
      if (f < 0) continue;
      const own = value[weights.codes[ids[j] as number] as number] as number;
      const length = factor[s] as number;
      found.set(f, termFrequency(counts[j] as number) * own * length * (features.factor[f] as number));
    }
  return found;
}

function contentsOf({ shape, memory: { buffer } }: Block) {
  const { at, padded } = layoutOf(shape);
  const start = new Uint32Array(buffer, at.start, shape.rows + 1);
  const words = new Uint32Array(buffer, at.entries, shape.entries * 2);
  const values = new Float32Array(buffer, at.entries, shape.entries * 2);
  const squares = new Float32Array(buffer, at.squares, shape.rows);
  const truth = new Uint32Array(buffer, at.truth, shape.rows);
  const weight = new Float64Array(buffer, at.weight, shape.rows);
  const dual = new Float32Array(buffer, at.dual, shape.rows * padded);
  return Array.from({ length: shape.rows }, (_, i) => {
    const entries = new Map<number, number>();
    for (let j = start[i] as number; j < (start[i + 1] as number); j++)
      entries.set((words[j * 2] as number) / (padded * 4), values[j * 2 + 1] as number);
    const own = [...dual.subarray(i * padded, (i + 1) * padded)];
    return { entries, squares: squares[i], truth: truth[i], weight: weight[i], dual: own };
  });
}

describe("fillBlock", () => {
  it.each([1, 2, 4, 5])("deals row i of either part to block i %% %i, and writes it whole", (blocks) => {
    const seen = { train: new Set<number>(), eval: new Set<number>() };
    for (let index = 0; index < blocks; index++) {
      const block = fillBlock(ROWS, index, blocks);
      const rows = contentsOf(block);
      expect(block.shape).toEqual(shapeOf(ROWS, index, blocks));
      let at = 0;
      for (const split of ["train", "eval"] as const)
        for (let row = index; row < ROWS[split].inputs.length; row += blocks) {
          const found = rows[at++];
          const wanted = expectedRow(ROWS, ROWS[split], row);
          expect([...(found?.entries.keys() ?? [])]).toEqual([...wanted.keys()]);
          let squares = 1;
          for (const [f, value] of wanted) {
            expect(found?.entries.get(f)).toBeCloseTo(value, 6);
            squares += value * value;
          }
          expect(found?.squares).toBeCloseTo(squares, 5);
          const truth = ROWS[split].label[row] as number;
          expect(found?.truth).toBe(truth);
          expect(found?.weight).toBe(ROWS[split].weight[row]);
          expect(found?.dual).toEqual([0, 1, 2, 3].map((k) => (k === truth ? 1 : 0)));
          seen[split].add(row);
        }
      expect(at).toBe(rows.length);
    }
    expect([seen.train.size, seen.eval.size]).toEqual([27, 9]);
  });

  it("makes blocks without a row where there are more of them than rows", () => {
    const few = rowsOfOne({ train: examples(separableRows(2, 1, 1)), eval: null }, { labels: 2 });
    expect(fillBlock(few, 3, 4).shape).toMatchObject({ train: 0, rows: 0, entries: 0 });
  });
});

const SHAPE = { train: 1, rows: 1, entries: 1, features: 2, labels: 3 };

function blockWith(weights: readonly number[], bias: readonly number[]): Block {
  const block = allocateBlock(SHAPE);
  const { at } = layoutOf(SHAPE);
  new Float32Array(block.memory.buffer, at.weights, 8).set(weights);
  new Float32Array(block.memory.buffer, at.bias, 3).set(bias);
  return block;
}

function weightsIn({ shape, memory: { buffer } }: Block) {
  const { at, padded } = layoutOf(shape);
  return {
    weights: [...new Float32Array(buffer, at.weights, shape.features * padded)],
    bias: [...new Float32Array(buffer, at.bias, shape.labels)],
  };
}

describe("the memory of one block after another", () => {
  const large = rowsOfOne(
    { train: examples(separableRows(9, 400, 3)), eval: examples(separableRows(9, 20, 4)) },
    { labels: 9 },
  );

  it("grows, shrinks, and keeps nothing of what was there", () => {
    const memory = new BlockMemory();
    const first = memory.fill(ROWS).memory;
    for (const rows of [large, ROWS, large]) {
      const fresh = fillBlock(rows, 0, 1);
      const block = memory.fill(rows);
      const { at, bytes } = layoutOf(fresh.shape);
      // But for the entries that are not used: nothing reads them.
      const whole = ({ shape, memory: { buffer } }: Block) => {
        const used = new Uint32Array(buffer, at.start, shape.rows + 1).at(-1) as number;
        return Buffer.from(buffer.slice(0, bytes)).fill(0, at.entries + used * 8);
      };
      expect(block.shape).toEqual(fresh.shape);
      expect(whole(block).equals(whole(fresh))).toBe(true);
      const solver = new KernelSolver(block, 7);
      solver.setCost(1);
      expect(solver.pass(block.shape.train).confusion.some((n) => n > 0)).toBe(true);
      expect(block.memory).toBe(first);
    }
  });
});

describe("weights of blocks", () => {
  const first = { weights: [1, 2, 3, 0, 4, 5, 6, 0], bias: [0.5, -0.5, 0.25] };

  it("are those of the first for all that share", () => {
    const blocks = [blockWith(first.weights, first.bias), blockWith([9], [9]), blockWith([], [])];
    for (const index of [2, 0, 1]) shareWeights(blocks, index);
    for (const block of blocks) expect(weightsIn(block)).toEqual(first);
  });

  it("are the last common ones plus a share of each one's steps, after all parts are merged", () => {
    const blocks = [blockWith(first.weights, first.bias), blockWith([], [])];
    for (const index of [0, 1]) shareWeights(blocks, index);
    const { at } = layoutOf(SHAPE);
    const [a, b] = blocks.map(({ memory: { buffer } }) => new Float32Array(buffer, at.weights, 8));
    a?.set([3, 2, 3, 0, 4, 5, 6, 0]);
    b?.set([2, 2, -1, 0, 4, 5, 6, 0]);
    new Float32Array((blocks[1] as Block).memory.buffer, at.bias, 3).set([0.5, 1.5, 0.25]);
    const merge = () => {
      for (const index of [1, 0]) mergeWeights(blocks, index);
    };
    merge();
    // 1 + (2 + 1) / 2, and 3 + (0 - 4) / 2; bias -0.5 + 2 / 2.
    const merged = { weights: [2.5, 2, 1, 0, 4, 5, 6, 0], bias: [0.5, 0.5, 0.25] };
    for (const block of blocks) expect(weightsIn(block)).toEqual(merged);
    merge();
    expect(weightsIn(blocks[0] as Block)).toEqual(merged);
  });

  it("are merged in parts, each to the bit the mean of the blocks' weights", () => {
    const shape = { train: 1, rows: 1, entries: 0, features: 1001, labels: 9 };
    const { at, padded } = layoutOf(shape);
    const random = seededRandom(1, "weights to merge");
    const blocks = Array.from({ length: 3 }, () => allocateBlock(shape));
    const own = blocks.map(({ memory: { buffer } }) => new Float32Array(buffer, at.weights, 1001 * padded));
    for (const weights of own)
      weights.forEach((_, j) => {
        weights[j] = random.below(1_000_000) / 7;
      });
    const [before] = own.map((weights) => weights.slice());
    const expected = before?.map(
      (_, j) => own.reduce((sum, weights) => Math.fround(sum + (weights[j] as number)), 0) / 3,
    );
    for (const index of [0, 1, 2]) {
      mergeWeights(blocks, index);
      // What belongs to another part is as it was.
      const to = Math.floor((1001 * padded * (index + 1)) / 3);
      expect(own[0]?.subarray(to)).toEqual(before?.subarray(to));
    }
    for (const weights of own) expect(weights).toEqual(expected);
  });
});
