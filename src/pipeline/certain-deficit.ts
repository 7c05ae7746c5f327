// SPDX-License-Identifier: Apache-2.0
import type { AcceptedRow } from "../backfill/record.ts";
import { type PipelineConfig, usedDatasets } from "../config/schema.ts";
import { hasBootstrap } from "./inputs.ts";
import type { PrepareOptions } from "./prepare-options.ts";

/**
 * Whether some label will lack rows whatever the datasets hold: no map can give it a row, and too few were
 * accepted before. Then an LLM's server that is not there ends the run at once, and not after an hour of reading.
 */
export async function lacksForSure(
  config: PipelineConfig,
  accepted: readonly AcceptedRow[],
  { forceFull }: PrepareOptions,
): Promise<boolean> {
  if (forceFull !== true && (await hasBootstrap(config))) return false;
  const counts = new Map<string, number>();
  for (const { task, label } of accepted) {
    const key = JSON.stringify([task, label]);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const target = config.prepare.target_per_task_label;
  return config.tasks.some((task) =>
    task.labels.some(
      ({ name }) =>
        !mayCome(config, task.name, name) && (counts.get(JSON.stringify([task.name, name])) ?? 0) < target,
    ),
  );
}

/** Whether a map of a dataset may give rows of the label: its constant label, or a column of any labels. */
function mayCome(config: PipelineConfig, task: string, label: string): boolean {
  return usedDatasets(config).some(({ map }) =>
    map.some(
      (one) => one.role === "train" && one.task === task && (one.label === undefined || one.label === label),
    ),
  );
}
