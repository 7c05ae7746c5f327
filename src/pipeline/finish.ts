// SPDX-License-Identifier: Apache-2.0

import type { AcceptedRow } from "../backfill/record.ts";
import type { PipelineConfig } from "../config/schema.ts";
import type { Reporter } from "../core/reporter.ts";
import type { findNearDuplicates } from "../data/near-duplicates.ts";
import { NearThreads } from "../data/near-threads.ts";
import type { TaskRowsBuilder } from "../data/rows.ts";
import { finishReal, type PreparedTask, type RealTask, withAccepted } from "./prepared-task.ts";
import { checkpoint } from "./workspace.ts";

/**
 * Deduplicates, splits and balances what was collected. One task after another is begun, the largest first; threads look
 * for near-duplicates meanwhile. What is said of the tasks comes in their order.
 */
export async function finishTasks(
  config: PipelineConfig,
  builders: readonly TaskRowsBuilder[],
  reporter: Reporter,
  signal: AbortSignal | undefined,
): Promise<RealTask[]> {
  const threads = new NearThreads(signal);
  const finished = new Map<TaskRowsBuilder, Finished>();
  const progress = () =>
    reporter.progress("deduplicating, splitting and balancing", finished.size, builders.length);
  const finish = async (builder: TaskRowsBuilder, isMerged: () => void) => {
    const warnings: string[] = [];
    const findNear: typeof findNearDuplicates = (...question) => {
      isMerged();
      return threads.find(...question);
    };
    const heard = { warn: (warning: string) => void warnings.push(warning) };
    finished.set(builder, { task: await finishReal(config, builder, findNear, heard), warnings });
    progress();
  };
  try {
    progress();
    const underWay: Promise<void>[] = [];
    for (const builder of [...builders].sort((a, b) => b.length - a.length)) {
      checkpoint(signal);
      await new Promise<void>((next) => {
        const one = finish(builder, next);
        // The next begins where this one fails, too; the error comes out below.
        one.then(next, () => next());
        underWay.push(one);
      });
    }
    await Promise.all(underWay);
  } finally {
    await threads.close();
  }
  return builders.map((builder) => {
    const { task, warnings } = finished.get(builder) as Finished;
    for (const warning of warnings) reporter.warn(warning);
    return task;
  });
}

/** A task, and what is to be said of it. */
interface Finished {
  readonly task: RealTask;
  readonly warnings: readonly string[];
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
