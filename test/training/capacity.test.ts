// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { layoutOf } from "../../src/training/block.ts";
import { shapeOf } from "../../src/training/blocks.ts";
import { checkCapacity, checkFoldCapacity } from "../../src/training/capacity.ts";
import { examples, separableRows } from "../support/examples.ts";
import { rowsOfOne } from "../support/task-rows.ts";

const ROWS = rowsOfOne({ train: examples(separableRows(5, 40, 1)), eval: null }, { labels: 5 });

const dealt = (partitions: number, blocks = partitions) => ({
  task: "t",
  rows: ROWS,
  deal: { partitions, blocks },
  crossFit: false,
});

describe("checkCapacity", () => {
  it.each([
    { partitions: 1, blocks: 1, kept: 0 },
    { partitions: 3, blocks: 3, kept: 0 },
    // 2 bytes for each of 5 labels, a dual of 4, a loss and a divergence, a predicted label.
    { partitions: 1, blocks: 4, kept: 200 * (10 + 4 + 8 + 4) },
    { partitions: 2, blocks: 4, kept: 200 * (10 + 4 + 8 + 4) },
  ])(
    "takes what fits to the byte, and refuses a byte less, in $blocks blocks of $partitions partitions",
    ({ partitions, blocks, kept }) => {
      const own = (index: number) => layoutOf(shapeOf(ROWS, index, blocks)).bytes;
      const most = Math.max(...Array.from({ length: blocks / partitions }, (_, i) => own(i * partitions)));
      const bytes = most * partitions + kept;
      expect(() => checkCapacity(dealt(partitions, blocks), bytes)).not.toThrow();
      expect(() => checkCapacity(dealt(partitions, blocks), bytes - 1)).toThrowError(
        expect.objectContaining({
          name: "ModelpackError",
          code: "TASK_UNTRAINABLE",
          message: expect.stringMatching(
            /^task "t": 200 rows of 5 labels take 0\.0 GB of memory, and there are 0\.0 GB$/,
          ),
          hint: expect.stringContaining("prepare.max_per_task_label"),
        }),
      );
    },
  );

  it("counts the scores of the eval rows, and the duals where they are handed over, which are there beside the blocks", () => {
    const held = { ...ROWS, eval: { ...ROWS.train, inputs: ROWS.train.inputs.subarray(0, 30) } };
    const of = { ...dealt(1), rows: held };
    const bytes = layoutOf(shapeOf(held, 0, 1)).bytes + 30 * 5 * 4;
    expect(() => checkCapacity(of, bytes)).not.toThrow();
    // The duals of 200 rows, 8 labels with those that fill up a vector.
    const duals = 200 * 8 * 4;
    expect(() => checkCapacity({ ...of, crossFit: true }, bytes + duals)).not.toThrow();
    expect(() => checkCapacity({ ...of, crossFit: true }, bytes + duals - 1)).toThrowError();
    expect(() => checkCapacity(of, bytes - 1)).toThrowError(
      expect.objectContaining({ code: "TASK_UNTRAINABLE" }),
    );
  });

  it("refuses weights that fit no memory of the kernel", () => {
    expect(() => checkCapacity(dealt(Number.POSITIVE_INFINITY))).toThrowError(
      expect.objectContaining({
        code: "TASK_UNTRAINABLE",
        message: expect.stringContaining(
          `task "t": the weights of ${ROWS.features.ids.length} features for 5 labels take more than half`,
        ),
        hint: expect.stringContaining("train.max_features"),
      }),
    );
  });

  it("takes a small task on this machine", () => {
    expect(() => checkCapacity(dealt(1))).not.toThrow();
  });
});

describe("checkFoldCapacity", () => {
  const shape = { train: 200, rows: 200, entries: 5000, features: 300, labels: 5 };
  const { bytes } = layoutOf(shape);

  it.each([1, 2, 5])("takes %i fits at a time that fit to the byte, and refuses a byte less", (threads) => {
    const fits = { task: "t", shape, threads };
    expect(() => checkFoldCapacity(fits, bytes * threads)).not.toThrow();
    expect(() => checkFoldCapacity(fits, bytes * threads - 1)).toThrowError(
      expect.objectContaining({
        code: "TASK_UNTRAINABLE",
        message: expect.stringContaining(`for 200 rows of 5 labels, ${threads} of them at a time`),
        hint: expect.stringMatching(threads > 1 ? /^set train\.workers = 1, or lower/ : /^lower prepare/),
      }),
    );
  });

  it("refuses one that is larger than a kernel's memory, however much there is", () => {
    const large = { ...shape, entries: 2 ** 29 };
    expect(() => checkFoldCapacity({ task: "t", shape: large, threads: 1 }, 2 ** 50)).toThrowError(
      expect.objectContaining({
        code: "TASK_UNTRAINABLE",
        message: expect.stringContaining("takes up to 4.3 GB of memory for 200 rows"),
        hint: expect.stringContaining("train.synthetic_filter"),
      }),
    );
  });
});
