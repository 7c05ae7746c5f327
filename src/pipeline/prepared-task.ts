// SPDX-License-Identifier: Apache-2.0
import type { PipelineConfig } from "../config/schema.ts";
import { balanceRows, type LabelBalance } from "../data/balancer.ts";
import { type DeduplicationReport, deduplicate } from "../data/deduplicator.ts";
import type { DropCounts } from "../data/drops.ts";
import type { TaskRows, TaskRowsBuilder } from "../data/rows.ts";
import { splitRows } from "../data/splitter.ts";

/** The rows of one task on their way into the splits, and what happened to the others. */
export interface PreparedTask {
  readonly rows: TaskRows;
  /** Index into SPLITS for each row, or NO_SPLIT. */
  readonly split: Uint8Array;
  readonly drops: DropCounts;
  readonly deduplication: DeduplicationReport;
  readonly labels: readonly LabelBalance[];
  readonly seeds: number;
  readonly outOfScope: number;
}

/** Deduplicates, splits and balances what was collected for a task. */
export async function finishTask(config: PipelineConfig, builder: TaskRowsBuilder): Promise<PreparedTask> {
  const { rows: raw, drops, seeds, outOfScope } = builder.build();
  const { prepare: settings } = config;
  const unique = await deduplicate(raw, { nearDuplicateThreshold: settings.near_duplicate_threshold });
  const ratios = { train: settings.train_ratio, test: settings.test_ratio, eval: settings.eval_ratio };
  const split = splitRows(unique.rows, { seed: settings.seed, ratios });
  const balanced = balanceRows(unique.rows, split, {
    seed: settings.seed,
    max: settings.max_per_task_label,
    target: settings.target_per_task_label,
  });
  return {
    rows: unique.rows,
    split: balanced.split,
    drops: [...drops, ...unique.drops],
    deduplication: unique.report,
    labels: balanced.labels,
    seeds: seeds.length,
    outOfScope: outOfScope.length,
  };
}
