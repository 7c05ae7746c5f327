// SPDX-License-Identifier: Apache-2.0
import type { PipelineConfig } from "../config/schema.ts";
import type { Reporter } from "../core/reporter.ts";
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

/** A group of more than this share of a task's rows, all in one split, is worth a word. */
const LARGE_GROUP = 0.05;
/** Below this many rows, one row is a large share of them. */
const FEW_ROWS = 200;

/** Deduplicates, splits and balances what was collected for a task. */
export async function finishTask(
  config: PipelineConfig,
  builder: TaskRowsBuilder,
  reporter: Reporter,
): Promise<PreparedTask> {
  const { rows: raw, drops, seeds, outOfScope } = builder.build();
  const { prepare: settings } = config;
  const unique = await deduplicate(raw, { nearDuplicateThreshold: settings.near_duplicate_threshold });
  const allDrops = [...drops, ...unique.drops];
  warnOfNone(unique.rows, allDrops, reporter);
  warnOfLargeGroup(unique.rows, unique.report, reporter);
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
    drops: allDrops,
    deduplication: unique.report,
    labels: balanced.labels,
    seeds: seeds.length,
    outOfScope: outOfScope.length,
  };
}

/** Rows came and none is left: mostly labels that the data write in another way than the TOML. */
function warnOfNone({ task, length }: TaskRows, drops: DropCounts, reporter: Reporter): void {
  if (length > 0 || drops.length === 0) return;
  const reasons = drops.map(
    ({ reason, rows, examples }) => `${rows} ${reason}, such as ${examples[0] ?? ""}`,
  );
  reporter.warn(`task "${task.name}" keeps none of its rows: ${reasons.join("; ")}`);
}

function warnOfLargeGroup(
  { task, length }: TaskRows,
  { largestGroup, groups }: DeduplicationReport,
  reporter: Reporter,
): void {
  if (length < FEW_ROWS || largestGroup <= LARGE_GROUP * length) return;
  reporter.warn(
    `task "${task.name}": one group ties ${largestGroup} of ${length} rows together (${groups} groups in all), ` +
      "and a group is in one split; is group_column, or a text that many pairs share, what you meant?",
  );
}
