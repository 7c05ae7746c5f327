// SPDX-License-Identifier: Apache-2.0

import type { AcceptedRow } from "../backfill/record.ts";
import type { PipelineConfig } from "../config/schema.ts";
import type { Reporter } from "../core/reporter.ts";
import type { TaskDefinition } from "../core/task.ts";
import { Admission } from "../data/admission.ts";
import { balanceRows, countLabels, type LabelBalance } from "../data/balancer.ts";
import { candidatesOf, REFUSALS, type Refusal } from "../data/candidate.ts";
import { type DeduplicationReport, deduplicate } from "../data/deduplicator.ts";
import type { DropCounts } from "../data/drops.ts";
import type { findNearDuplicates } from "../data/near-duplicates.ts";
import { type OutOfScopeSplit, splitOutOfScope } from "../data/out-of-scope.ts";
import { newPause } from "../data/pause.ts";
import type { OutOfScopeRows, TaskRows, TaskRowsBuilder, TextPool } from "../data/rows.ts";
import { type SplitSettings, splitRows } from "../data/splitter.ts";

/** The rows of one task on their way into the splits, and what happened to the others. */
interface TaskOutcome {
  readonly rows: TaskRows;
  /** Index into SPLITS for each row, or NO_SPLIT. */
  readonly split: Uint8Array;
  readonly drops: DropCounts;
  readonly deduplication: DeduplicationReport;
  readonly labels: readonly LabelBalance[];
  /** Texts that no label fits; null where none came. */
  readonly outOfScope: OutOfScope | null;
}

/** Out-of-scope rows in their splits, and what happened to the others. */
export interface OutOfScope extends OutOfScopeSplit {
  readonly collected: number;
  readonly drops: DropCounts;
}

/** A task of which no made-up row has joined yet. */
export interface RealTask extends TaskOutcome {
  readonly seeds: TextPool;
}

export interface PreparedTask extends TaskOutcome {
  readonly seeds: number;
  /** Null where there are no accepted rows for the task. */
  readonly backfill: BackfillCounts | null;
}

/** What became of a task's accepted rows. */
export interface BackfillCounts {
  /** Those that are among its rows. */
  readonly accepted: number;
  /** Those that are not, this time, and why. */
  readonly steppedAside: Readonly<Record<Refusal, number>>;
}

/** A group of more than this share of a task's rows, all in one split, is worth a word. */
const LARGE_GROUP = 0.05;
/** Below this many rows, one row is a large share of them. */
const FEW_ROWS = 200;

/** Deduplicates, splits and balances what was collected for a task; `findNear` is asked once its exact duplicates are one. */
export async function finishReal(
  config: PipelineConfig,
  builder: TaskRowsBuilder,
  findNear: typeof findNearDuplicates,
  reporter: Pick<Reporter, "warn">,
): Promise<RealTask> {
  const { rows: raw, drops, seeds, outOfScope } = builder.build();
  const { prepare: settings } = config;
  const { near_duplicate_threshold: nearDuplicateThreshold } = settings;
  const unique = await deduplicate(raw, { nearDuplicateThreshold }, findNear);
  const allDrops = [...drops, ...unique.drops];
  warnOfNone(unique.rows, allDrops, reporter);
  warnOfLargeGroup(unique.rows, unique.report, reporter);
  const split = splitRows(unique.rows, splitSettings(config));
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
    seeds,
    outOfScope:
      outOfScope === null ? null : await finishOutOfScope(config, outOfScope, unique.rows, reporter),
  };
}

async function finishOutOfScope(
  { prepare }: PipelineConfig,
  { rows, drops }: OutOfScopeRows,
  inScope: TaskRows,
  reporter: Pick<Reporter, "warn">,
): Promise<OutOfScope> {
  const split = await splitOutOfScope(rows, inScope, {
    nearDuplicateThreshold: prepare.near_duplicate_threshold,
    seed: prepare.seed,
    max: prepare.max_per_task_label,
  });
  const { nearInScope } = split.counts;
  if (nearInScope > 0)
    reporter.warn(
      `task "${rows.task.name}": ${nearInScope} out-of-scope texts are (nearly) those of rows with a label; they are left out`,
    );
  return { ...split, collected: rows.length, drops };
}

/** How a config has the rows of a task split. */
export function splitSettings({ prepare }: PipelineConfig): SplitSettings {
  const { seed, train_ratio, test_ratio, eval_ratio } = prepare;
  return { seed, ratios: { train: train_ratio, test: test_ratio, eval: eval_ratio } };
}

/** Opens a task to made-up rows. */
export function openAdmission(config: PipelineConfig, real: RealTask): Promise<Admission> {
  return Admission.open(real, {
    ...splitSettings(config),
    nearDuplicateThreshold: config.prepare.near_duplicate_threshold,
    target: config.prepare.target_per_task_label,
    minRealHoldout: config.prepare.min_real_holdout,
    pairGrouping: real.deduplication.pairGrouping,
  });
}

/** Admits those of the accepted rows, in the order in which they come, that the task has a place for. */
export async function admitAccepted(
  admission: Admission,
  task: TaskDefinition,
  accepted: readonly AcceptedRow[],
): Promise<BackfillCounts> {
  const candidateOf = candidatesOf(task);
  const counts = new Map<Refusal | null, number>();
  const pause = newPause();
  for (const row of accepted) {
    if (row.task !== task.name) continue;
    if (pause.due()) await pause.turn();
    const candidate = candidateOf(row);
    const refusal = typeof candidate === "string" ? candidate : admission.refuse(candidate);
    if (typeof candidate !== "string" && refusal === null) admission.admit(candidate);
    counts.set(refusal, (counts.get(refusal) ?? 0) + 1);
  }
  const steppedAside = Object.fromEntries(REFUSALS.map((reason) => [reason, counts.get(reason) ?? 0]));
  return {
    accepted: counts.get(null) ?? 0,
    steppedAside: steppedAside as BackfillCounts["steppedAside"],
  };
}

/**
 * A task with the accepted rows that it has a place for. Without one of its own among them it is as
 * {@link finishReal} left it.
 */
export async function withAccepted(
  config: PipelineConfig,
  real: RealTask,
  accepted: readonly AcceptedRow[],
): Promise<PreparedTask> {
  const counted = { ...real, seeds: real.seeds.length };
  const { task } = real.rows;
  const own = accepted.filter((row) => row.task === task.name);
  if (own.length === 0) return { ...counted, backfill: null };
  const admission = await openAdmission(config, real);
  const backfill = await admitAccepted(admission, task, own);
  const { rows, split } = admission.finish();
  const { target_per_task_label: target } = config.prepare;
  const labels = countLabels(rows, split, { target, cut: real.labels.map(({ cut }) => cut) });
  return { ...counted, rows, split, labels, backfill };
}

/** Rows came and none is left: mostly labels that the data write in another way than the TOML. */
function warnOfNone({ task, length }: TaskRows, drops: DropCounts, reporter: Pick<Reporter, "warn">): void {
  if (length > 0 || drops.length === 0) return;
  const reasons = drops.map(
    ({ reason, rows, examples }) => `${rows} ${reason}, such as ${examples[0] ?? ""}`,
  );
  reporter.warn(`task "${task.name}" keeps none of its rows: ${reasons.join("; ")}`);
}

function warnOfLargeGroup(
  { task, length }: TaskRows,
  { largestGroup, groups }: DeduplicationReport,
  reporter: Pick<Reporter, "warn">,
): void {
  if (length < FEW_ROWS || largestGroup <= LARGE_GROUP * length) return;
  reporter.warn(
    `task "${task.name}": one group ties ${largestGroup} of ${length} rows together (${groups} groups in all), ` +
      "and a group is in one split; is group_column, or a text that many pairs share, what you meant?",
  );
}
