// SPDX-License-Identifier: Apache-2.0
import type { LoadedConfig } from "../config/load.ts";
import { type DatasetConfig, usedDatasets } from "../config/schema.ts";
import { type ErrorCode, ModelpackError } from "../core/error.ts";
import type { Reporter } from "../core/reporter.ts";
import { type HubSettings, hubSettings, resolveHubDataset } from "../data/hub.ts";
import type { HubDataset } from "../data/hub-dataset.ts";
import { DOWNLOADS_ON, isOff } from "../data/hub-settings.ts";
import { type Attempted, attemptAll, type Failure } from "./attempt.ts";
import { EMPTY_LOCK, lockedAs, readLock } from "./dataset-lock.ts";
import { hubRequest, lockKey } from "./hub-request.ts";
import type { DatasetLock } from "./lock-entry.ts";
import { checkPolicy, type LockPolicy, pinOf } from "./lock-policy.ts";

export interface HubOptions {
  readonly policy: LockPolicy;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Rows of each source at most, or null. */
  readonly sample: number | null;
  readonly signal: AbortSignal | undefined;
  /** Called before the network is used. */
  readonly beforeNetwork: () => Promise<void>;
}

/** What the steps of a run that needs datasets of the Hub share. */
export interface HubRun extends HubOptions {
  readonly loaded: LoadedConfig;
  /** Those that are enabled. */
  readonly datasets: readonly DatasetConfig[];
  readonly settings: HubSettings;
  readonly reporter: Reporter;
  /** The lock as it was. */
  readonly before: DatasetLock;
  /** Whether the run goes on without the dataset. */
  readonly isExcused: (dataset: DatasetConfig, error: ModelpackError) => boolean;
}

/** What goes wrong with the run itself, whatever the dataset. */
const RUNS_OWN: readonly ErrorCode[] = ["INTERRUPTED", "STORAGE", "LOCKED", "INTERNAL"];

/** A dataset whose commit and files are known. */
export interface Pinned {
  readonly dataset: DatasetConfig;
  readonly hub: HubDataset;
}

/** Begins a run; null where no dataset of the Hub is enabled. Throws USAGE, CONFIG_INVALID, LOCK_INVALID. */
export async function startHubRun(
  loaded: LoadedConfig,
  options: HubOptions,
  reporter: Reporter,
): Promise<HubRun | null> {
  const { config, folder } = loaded;
  const { policy } = options;
  const datasets = usedDatasets(config).filter(({ kind }) => kind === "huggingface");
  checkPolicy(policy, datasets);
  if (datasets.length === 0) return null;
  const settings = hubSettings(options.environment, {
    cacheDir: config.paths.datasets_cache_dir,
    download: config.prepare.auto_download_missing,
  });
  if (policy.update !== false && isOff(settings)) throw unmovable();
  const before = (await readLock(folder)) ?? EMPTY_LOCK;
  const isLocked = (dataset: DatasetConfig) =>
    policy.locked && lockedAs(before, lockKey(dataset)) !== undefined;
  // What the lock says went into the run that wrote it: without it, this one would be another.
  const isExcused = (dataset: DatasetConfig, error: ModelpackError) =>
    !dataset.required && !RUNS_OWN.includes(error.code) && !isLocked(dataset);
  return { ...options, loaded, datasets, settings, reporter, before, isExcused };
}

function unmovable(): ModelpackError {
  return new ModelpackError("HUB_OFFLINE", "the newest commit is not known while downloads are off", {
    where: "--update-lock",
    hint: DOWNLOADS_ON,
  });
}

/** Finds the commit and the files of every dataset: in the lock, or on the Hub. `remember` may write to the cache. */
export function pinAll(run: HubRun, remember: boolean): Promise<Attempted<Pinned>> {
  const items = run.datasets.map((dataset) => ({ dataset }));
  return attemptHub(run, items, async ({ dataset }, signal) => {
    const pinned = pinOf(run.before, dataset, run.policy) ?? undefined;
    const request = hubRequest(run.loaded.config, dataset, run.sample);
    const options = { ...clientOptions(run, dataset, signal), pinned, remember };
    return { dataset, hub: await resolveHubDataset(request, run.settings, options) };
  });
}

/**
 * Does `work` for datasets at a time; those that fail are in the result where the run goes on without them,
 * and where all that are not here are to be told together.
 */
export function attemptHub<A extends { readonly dataset: DatasetConfig }, T>(
  { isExcused, signal }: HubRun,
  items: readonly A[],
  work: (item: A, signal: AbortSignal) => Promise<T>,
): Promise<Attempted<T>> {
  const goesOn: HubRun["isExcused"] = (dataset, error) =>
    error.code === "HUB_OFFLINE" || isExcused(dataset, error);
  return attemptAll(items, goesOn, signal, work);
}

/** Throws for failures that the run does not excuse: while downloads are off, whatever is missing, at once. */
export function checkExcused({ isExcused }: HubRun, failures: readonly Failure[]): void {
  const first = failures.find(({ dataset, error }) => !isExcused(dataset, error));
  if (first === undefined) return;
  // With those that are not required: whoever fetches what is missing wants to know of all.
  const failed = failures.filter((one) => one === first || one.error.code === "HUB_OFFLINE");
  if (failed.length === 1) throw first.error;
  const lines = failed.map(({ dataset, error }) => `\n  ${dataset.name}: ${error.message}`);
  throw new ModelpackError("HUB_OFFLINE", `${failed.length} datasets are not all here:${lines.join("")}`, {
    hint: first.error.hint,
  });
}

export function clientOptions(
  { reporter, beforeNetwork }: HubRun,
  dataset: DatasetConfig,
  signal: AbortSignal,
) {
  return { signal, beforeNetwork, note: (message: string) => reporter.note(`${dataset.name}: ${message}`) };
}
