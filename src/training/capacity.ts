// SPDX-License-Identifier: Apache-2.0
import { totalmem } from "node:os";
import { ModelpackError } from "../core/error.ts";
import { layoutOf } from "./block.ts";
import { type BlockRows, shapeOf } from "./blocks.ts";

/** Bytes that this process may have at most: the machine's, or fewer where its container allows fewer. */
function memoryLimit(): number {
  const allowed = process.constrainedMemory() ?? 0;
  return allowed > 0 ? Math.min(allowed, totalmem()) : totalmem();
}

/** A task's rows, and into how many blocks they are to be dealt. */
export interface DealtTask {
  readonly task: string;
  readonly rows: BlockRows;
  readonly blocks: number;
}

/**
 * Refuses what the system would end half-way, without a word.
 *
 * @throws ModelpackError TASK_UNTRAINABLE where the weights fit no memory of the kernel, or the blocks together are more
 * than `limit` bytes
 */
export function checkCapacity({ task, rows, blocks }: DealtTask, limit = memoryLimit()): void {
  const [features, labels] = [rows.features.ids.length, rows.labels];
  if (blocks === Number.POSITIVE_INFINITY) {
    throw new ModelpackError(
      "TASK_UNTRAINABLE",
      `task "${task}": the weights of ${features} features for ${labels} labels do not fit the 4 GB of a kernel's memory`,
      { hint: "lower train.max_features or raise train.min_df, or split the task" },
    );
  }
  const bytes = layoutOf(shapeOf(rows, 0, blocks)).bytes * blocks;
  if (bytes <= limit) return;
  const gigabytes = (n: number) => `${(n / 1e9).toFixed(1)} GB`;
  throw new ModelpackError(
    "TASK_UNTRAINABLE",
    `task "${task}": ${rows.train.inputs.length} rows of ${labels} labels take ${gigabytes(bytes)} of memory, and there are ${gigabytes(limit)}`,
    {
      hint: "lower prepare.max_per_task_label or train.max_features, split the task, or train on a larger machine",
    },
  );
}
