// SPDX-License-Identifier: Apache-2.0
import type { LoadedConfig } from "../config/load.ts";
import { type DatasetConfig, usedDatasets } from "../config/schema.ts";
import { ModelpackError } from "../core/error.ts";
import type { Reporter } from "../core/reporter.ts";
import {
  CONCURRENCY,
  downloadHubFiles,
  type HubSettings,
  hubSettings,
  resolveHubDataset,
} from "../data/hub.ts";
import type { HubDataset, HubPin } from "../data/hub-dataset.ts";
import { makePool } from "../data/pool.ts";
import { checkedSource, type Source } from "../data/source.ts";
import { type Attempted, attemptAll, type Failure } from "./attempt.ts";
import { EMPTY_LOCK, lockedAs, readLock, writeLock } from "./dataset-lock.ts";
import { DownloadProgress } from "./download-progress.ts";
import { hubRequest, lockKey } from "./hub-request.ts";
import type { DatasetLock } from "./lock-entry.ts";
import { changeOf, updatedLock } from "./lock-keeper.ts";
import { checkPolicy, type LockPolicy, pinOf } from "./lock-policy.ts";

/** A dataset of the Hub with its files, which are here and verified. */
export interface HubInput {
  readonly dataset: DatasetConfig;
  readonly source: Source;
  readonly hub: HubPin;
  /** How the download went, for run.json alone. */
  readonly download: unknown;
}

export interface HubOptions {
  readonly policy: LockPolicy;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Rows of each source at most, or null. */
  readonly sample: number | null;
  readonly signal: AbortSignal | undefined;
  /** Called before the network is used. */
  readonly beforeNetwork: () => Promise<void>;
}

/** What the steps below share. */
interface Run extends HubOptions {
  readonly loaded: LoadedConfig;
  readonly settings: HubSettings;
  readonly reporter: Reporter;
  /** The lock as it was. */
  readonly before: DatasetLock;
  /** Whether the run goes on without the dataset. */
  readonly isExcused: (dataset: DatasetConfig, error: ModelpackError) => boolean;
}

/** A dataset whose commit and files are known. */
interface Pinned {
  readonly dataset: DatasetConfig;
  readonly hub: HubDataset;
}

/**
 * Finds, downloads and verifies the files of every enabled dataset of the Hub, and keeps the lock: an entry
 * is written when its commit is known, so that a run that is cut off goes on with the same one, and again
 * when all of its digests are.
 *
 * @throws ModelpackError SOURCE_, LOCK_ and STORAGE codes for a dataset that is required, USAGE, INTERRUPTED
 */
export async function resolveHubInputs(
  loaded: LoadedConfig,
  options: HubOptions,
  reporter: Reporter,
): Promise<Attempted<HubInput>> {
  const datasets = usedDatasets(loaded.config).filter(({ kind }) => kind === "huggingface");
  checkPolicy(options.policy, datasets);
  if (datasets.length === 0) return { done: [], failed: [] };
  const run = await startRun(loaded, options, reporter);
  const pinned = await pinAll(run, datasets);
  await keepLock(run, pinned.done);
  const inputs = await downloadAll(run, pinned.done);
  const failed = [...pinned.failed, ...inputs.failed];
  checkOffline(failed.filter(({ dataset, error }) => !run.isExcused(dataset, error)));
  await keepLock(run, inputs.done);
  for (const { dataset, hub } of inputs.done) {
    const change = changeOf(run.before, { ...hub, asked: lockKey(dataset) });
    if (change !== null && !options.policy.locked) reporter.note(`${dataset.name}: ${change}`);
  }
  return { done: inputs.done, failed };
}

/** Of what is missing while downloads are off, all is said at once. */
function checkOffline(failed: readonly Failure[]): void {
  const [first] = failed;
  if (first === undefined) return;
  if (failed.length === 1) throw first.error;
  const lines = failed.map(({ dataset, error }) => `\n  ${dataset.name}: ${error.message}`);
  throw new ModelpackError("HUB_OFFLINE", `${failed.length} datasets are not all here:${lines.join("")}`, {
    hint: first.error.hint,
  });
}

async function startRun(loaded: LoadedConfig, options: HubOptions, reporter: Reporter): Promise<Run> {
  const { paths, prepare } = loaded.config;
  const before = (await readLock(loaded.folder)) ?? EMPTY_LOCK;
  const isLocked = (dataset: DatasetConfig) =>
    options.policy.locked && lockedAs(before, lockKey(dataset)) !== undefined;
  return {
    ...options,
    loaded,
    reporter,
    before,
    settings: hubSettings(options.environment, {
      cacheDir: paths.datasets_cache_dir,
      download: prepare.auto_download_missing,
    }),
    // What the lock says went into the run that wrote it: without it, this one would be another.
    isExcused: (dataset, error) => !dataset.required && error.code !== "INTERRUPTED" && !isLocked(dataset),
  };
}

function pinAll(run: Run, datasets: readonly DatasetConfig[]): Promise<Attempted<Pinned>> {
  const { before, policy, settings, sample } = run;
  return attemptAll(datasets, goesOn(run), run.signal, async (dataset, signal) => {
    const pinned = pinOf(before, dataset, policy) ?? undefined;
    const request = hubRequest(run.loaded.config, dataset, sample);
    return {
      dataset,
      hub: await resolveHubDataset(request, settings, { ...hubOptions(run, dataset, signal), pinned }),
    };
  });
}

function downloadAll(run: Run, pinned: readonly Pinned[]): Promise<Attempted<HubInput>> {
  const bytes = pinned.flatMap(({ hub }) => hub.files).reduce((sum, file) => sum + file.bytes, 0);
  const progress = new DownloadProgress(run.reporter, bytes);
  const pool = makePool(CONCURRENCY);
  const of = new Map(pinned.map((one) => [one.dataset, one.hub]));
  return attemptAll([...of.keys()], goesOn(run), run.signal, async (dataset, signal) => {
    const wanted = of.get(dataset) as HubDataset;
    const {
      dataset: hub,
      files,
      ...download
    } = await downloadHubFiles(wanted, run.settings, {
      ...hubOptions(run, dataset, signal),
      pool,
      onProgress: ({ path }, done, total) => progress.report(`${dataset.name}/${path}`, done, total),
    });
    const source = { ...checkedSource(dataset.name, files), classLabels: hub.classLabels };
    return { dataset, source, hub, download: { dataset: dataset.name, ...download } };
  });
}

/** While downloads are off, a failure costs the others nothing, and all of them are told together. */
function goesOn({ isExcused }: Run): Run["isExcused"] {
  return (dataset, error) => error.code === "HUB_OFFLINE" || isExcused(dataset, error);
}

function hubOptions({ reporter, beforeNetwork }: Run, dataset: DatasetConfig, signal: AbortSignal) {
  return { signal, beforeNetwork, note: (message: string) => reporter.note(`${dataset.name}: ${message}`) };
}

/** Writes what was found into the lock, unless that is not to change. */
async function keepLock(
  run: Run,
  found: readonly { readonly dataset: DatasetConfig; readonly hub: HubPin }[],
): Promise<void> {
  if (run.policy.locked) return;
  const entries = found.map(({ dataset, hub }) => ({ ...hub, asked: lockKey(dataset) }));
  const { datasets } = run.loaded.config;
  await writeLock(run.loaded.folder, updatedLock(run.before, entries, datasets, run.policy));
}
