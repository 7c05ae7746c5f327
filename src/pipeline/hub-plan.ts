// SPDX-License-Identifier: Apache-2.0
import type { LoadedConfig } from "../config/load.ts";
import type { Reporter } from "../core/reporter.ts";
import { missingHubFiles } from "../data/hub.ts";
import { isOff } from "../data/hub-settings.ts";
import type { Attempted } from "./attempt.ts";
import { bring, type HubInput } from "./hub-inputs.ts";
import { lockKey } from "./hub-request.ts";
import { attemptHub, checkExcused, clientOptions, type HubOptions, pinAll, startHubRun } from "./hub-run.ts";
import { changeOf } from "./lock-keeper.ts";

/** Files of a dataset that would be downloaded. */
export interface PlannedDownload {
  readonly dataset: string;
  readonly files: number;
  readonly bytes: number;
}

/** What a run would find: datasets whose files are here, and what it would download of the others. */
export interface HubPlan extends Attempted<HubInput> {
  readonly downloads: readonly PlannedDownload[];
}

/** Asks the lock, the cache, and of what neither has the Hub; writes nothing. Throws as the run would. */
export async function planHubInputs(
  loaded: LoadedConfig,
  options: HubOptions,
  reporter: Reporter,
): Promise<HubPlan> {
  const run = await startHubRun(loaded, options, reporter);
  if (run === null) return { done: [], failed: [], downloads: [] };
  const pinned = await pinAll(run, false);
  const off = { ...run.settings, download: false };
  const planned = await attemptHub(run, pinned.done, async (one, signal) => {
    const client = clientOptions(run, one.dataset, signal);
    const missing = isOff(run.settings) ? [] : await missingHubFiles(one.hub, off, client);
    return missing.length === 0 ? bring(one, off, client) : { dataset: one.dataset, missing };
  });
  const failed = [...pinned.failed, ...planned.failed];
  checkExcused(run, failed);
  for (const { dataset, hub } of pinned.done) {
    const change = changeOf(run.before, { ...hub, asked: lockKey(dataset) });
    if (change !== null) reporter.note(`${dataset.name}: would be ${change}`);
  }
  const downloads = planned.done.flatMap((one) => {
    if (!("missing" in one)) return [];
    const bytes = one.missing.reduce((sum, file) => sum + file.bytes, 0);
    return [{ dataset: one.dataset.name, files: one.missing.length, bytes }];
  });
  return { done: planned.done.filter((one) => "source" in one), failed, downloads };
}
