// SPDX-License-Identifier: Apache-2.0
import { totalmem } from "node:os";
import { ModelpackError } from "../core/error.ts";
import { type BlockShape, layoutOf, MOST_BYTES } from "./block.ts";
import { type BlockRows, shapeOf } from "./blocks.ts";
import type { Deal } from "./dealing.ts";
import { partitionBytes, swappedBytes } from "./swapping.ts";

/** Bytes that this process may have at most: the machine's, or fewer where its container allows fewer. */
function memoryLimit(): number {
  const allowed = process.constrainedMemory() ?? 0;
  return allowed > 0 ? Math.min(allowed, totalmem()) : totalmem();
}

const FEWER = "lower prepare.max_per_task_label or train.max_features";

const gigabytes = (n: number) => `${(n / 1e9).toFixed(1)} GB`;

/** A task's rows, and what they are to be dealt out to. */
export interface DealtTask {
  readonly task: string;
  readonly rows: BlockRows;
  readonly deal: Deal;
  /** Whether the duals of the train rows are handed over. */
  readonly crossFit: boolean;
}

/** Bytes of the partitions' memories, of what is kept outside of them, and of what is handed over. */
function dealtBytes({ rows, deal, crossFit }: DealtTask): number {
  const memories = partitionBytes(rows, 0, deal) * deal.partitions;
  const swapped = deal.blocks === deal.partitions ? 0 : swappedBytes(rows.labels);
  const all = shapeOf(rows, 0, 1);
  const scores = rows.eval.inputs.length * rows.labels * 4;
  const duals = crossFit ? all.train * layoutOf(all).padded * 4 : 0;
  return memories + swapped * all.rows + scores + duals;
}

/**
 * Refuses what the system would end half-way, without a word.
 *
 * @throws ModelpackError TASK_UNTRAINABLE where the weights fill more than half of a kernel's memory, or the task would have more than `limit` bytes
 */
export function checkCapacity(of: DealtTask, limit = memoryLimit()): void {
  const { task, rows, deal } = of;
  const [features, labels] = [rows.features.ids.length, rows.labels];
  if (deal.blocks === Number.POSITIVE_INFINITY) {
    throw new ModelpackError(
      "TASK_UNTRAINABLE",
      `task "${task}": the weights of ${features} features for ${labels} labels take more than half of the 4 GiB of a kernel's memory`,
      { hint: "lower train.max_features or raise train.min_df, or split the task" },
    );
  }
  const bytes = dealtBytes(of);
  if (bytes <= limit) return;
  throw new ModelpackError(
    "TASK_UNTRAINABLE",
    `task "${task}": ${rows.train.inputs.length} rows of ${labels} labels take ${gigabytes(bytes)} of memory, and there are ${gigabytes(limit)}`,
    {
      hint: "lower prepare.max_per_task_label or train.max_features, split the task, or train on a larger machine",
    },
  );
}

/** Fits on nearly all rows of a task, each as one block in a thread, in so many threads at a time. */
export interface FoldFits {
  readonly task: string;
  /** Of all rows: no fit has more. */
  readonly shape: BlockShape;
  readonly threads: number;
}

/**
 * Refuses fits of folds that fit no memory.
 *
 * @throws ModelpackError TASK_UNTRAINABLE where one is larger than a kernel's memory, or all that run at a time are more than
 * `limit` bytes
 */
export function checkFoldCapacity({ task, shape, threads }: FoldFits, limit = memoryLimit()): void {
  const { bytes } = layoutOf(shape);
  const refuse = (problem: string, hint: string) =>
    new ModelpackError(
      "TASK_UNTRAINABLE",
      `task "${task}": a fit that judges labels takes up to ${gigabytes(bytes)} of memory for ${shape.rows} rows of ${shape.labels} labels, ${problem}`,
      { hint },
    );
  if (bytes > MOST_BYTES)
    throw refuse(
      `and a kernel's memory has ${gigabytes(MOST_BYTES)}`,
      `${FEWER}; without train.synthetic_filter, train does no such fit`,
    );
  if (bytes * threads > limit)
    throw refuse(
      `${threads} of them at a time, and there are ${gigabytes(limit)}`,
      threads > 1 ? `set train.workers = 1, or ${FEWER}` : FEWER,
    );
}
