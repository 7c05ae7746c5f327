// SPDX-License-Identifier: Apache-2.0

import type { AcceptedRow } from "../backfill/record.ts";
import type { PipelineConfig } from "../config/schema.ts";
import type { Reporter } from "../core/reporter.ts";
import type { TaskRowsBuilder } from "../data/rows.ts";
import { finishReal, type PreparedTask, type RealTask, withAccepted } from "./prepared-task.ts";
import { checkpoint } from "./workspace.ts";

/** Deduplicates, splits and balances what was collected, task by task. */
export async function finishTasks(
  config: PipelineConfig,
  builders: readonly TaskRowsBuilder[],
  reporter: Reporter,
  signal: AbortSignal | undefined,
): Promise<RealTask[]> {
  const tasks: RealTask[] = [];
  for (const builder of builders) {
    reporter.progress("deduplicating, splitting and balancing", tasks.length, builders.length);
    checkpoint(signal);
    tasks.push(await finishReal(config, builder, reporter));
  }
  return tasks;
}

/** The tasks with those of the accepted rows that they have a place for. */
export async function joinAccepted(
  config: PipelineConfig,
  real: readonly RealTask[],
  accepted: readonly AcceptedRow[],
): Promise<PreparedTask[]> {
  const tasks: PreparedTask[] = [];
  for (const task of real) tasks.push(await withAccepted(config, task, accepted));
  return tasks;
}
