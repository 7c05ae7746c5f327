// SPDX-License-Identifier: Apache-2.0
import type { LoadedConfig } from "../config/load.ts";
import type { DatasetConfig } from "../config/schema.ts";
import type { Reporter } from "../core/reporter.ts";
import { CONCURRENCY, type DownloadOptions, downloadHubFiles, type HubSettings } from "../data/hub.ts";
import type { HubPin } from "../data/hub-dataset.ts";
import { makePool } from "../data/pool.ts";
import { checkedSource, type Source } from "../data/source.ts";
import type { Attempted } from "./attempt.ts";
import { writeLock } from "./dataset-lock.ts";
import { DownloadProgress } from "./download-progress.ts";
import { lockKey } from "./hub-request.ts";
import {
  attemptHub,
  checkExcused,
  clientOptions,
  type HubOptions,
  type HubRun,
  type Pinned,
  pinAll,
  startHubRun,
} from "./hub-run.ts";
import { changeOf, updatedLock } from "./lock-keeper.ts";
import { isMoved } from "./lock-policy.ts";

/** A dataset of the Hub with its files, which are here and verified. */
export interface HubInput {
  readonly dataset: DatasetConfig;
  readonly source: Source;
  readonly hub: HubPin;
  /** How the download went, for run.json alone. */
  readonly download: DownloadRecord;
}

export interface DownloadRecord {
  readonly dataset: string;
  /** Files that came, and that were here. */
  readonly downloaded: number;
  readonly cached: number;
  readonly downloaded_bytes: number;
  readonly retries: number;
  readonly redirects: number;
  readonly seconds: number;
}

/**
 * Finds, downloads and verifies the files of every enabled dataset of the Hub, and keeps the lock: an entry
 * is written when its commit is known, so that a run that is cut off goes on with the same one, and again
 * when all of its digests are.
 *
 * @throws ModelpackError HUB_, SOURCE_, LOCK_ and STORAGE codes for a dataset that is required, USAGE, INTERRUPTED
 */
export async function resolveHubInputs(
  loaded: LoadedConfig,
  options: HubOptions,
  reporter: Reporter,
): Promise<Attempted<HubInput>> {
  const run = await startHubRun(loaded, options, reporter);
  if (run === null) return { done: [], failed: [] };
  const pinned = await pinAll(run, true);
  await keepLock(run, pinned.done);
  const inputs = await downloadAll(run, pinned.done);
  const failed = [...pinned.failed, ...inputs.failed];
  checkExcused(run, failed);
  await keepLock(run, inputs.done);
  for (const { dataset, hub } of inputs.done) {
    const change = changeOf(run.before, { ...hub, asked: lockKey(dataset) });
    if (change !== null && !options.policy.locked) reporter.note(`${dataset.name}: ${change}`);
    else if (isMoved(options.policy, dataset.name))
      reporter.note(`${dataset.name}: commit ${hub.commit.slice(0, 12)} is still the newest`);
  }
  return { done: inputs.done, failed };
}

function downloadAll(run: HubRun, pinned: readonly Pinned[]): Promise<Attempted<HubInput>> {
  const progress = new DownloadProgress(run.reporter);
  for (const { dataset, hub } of pinned)
    if (hub.headRows === null)
      for (const { path, bytes } of hub.files) progress.expect(`${dataset.name}/${path}`, bytes);
  const pool = makePool(CONCURRENCY);
  return attemptHub(run, pinned, (one, signal) =>
    bring(one, run.settings, {
      ...clientOptions(run, one.dataset, signal),
      pool,
      onProgress: ({ path }, done, total) => progress.report(`${one.dataset.name}/${path}`, done, total),
    }),
  );
}

/** Brings the files of one dataset here, or finds that they are. */
export async function bring(
  pinned: Pinned,
  settings: HubSettings,
  options: DownloadOptions,
): Promise<HubInput> {
  const { name } = pinned.dataset;
  const { dataset: hub, files, ...went } = await downloadHubFiles(pinned.hub, settings, options);
  const { downloaded, cached, downloadedBytes: downloaded_bytes, retries, redirects, seconds } = went;
  return {
    dataset: pinned.dataset,
    source: { ...checkedSource(name, files), classLabels: hub.classLabels, delimiter: hub.delimiter },
    hub,
    download: { dataset: name, downloaded, cached, downloaded_bytes, retries, redirects, seconds },
  };
}

/** Writes what was found into the lock, unless that is not to change. */
async function keepLock(
  run: HubRun,
  found: readonly { readonly dataset: DatasetConfig; readonly hub: HubPin }[],
): Promise<void> {
  if (run.policy.locked) return;
  const entries = found.map(({ dataset, hub }) => ({ ...hub, asked: lockKey(dataset) }));
  const { datasets } = run.loaded.config;
  await writeLock(run.loaded.folder, updatedLock(run.before, entries, datasets, run.policy));
}
