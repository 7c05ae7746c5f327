// SPDX-License-Identifier: Apache-2.0
import type { LoadedConfig } from "../config/load.ts";
import { type DatasetConfig, usedDatasets } from "../config/schema.ts";
import { hubSettings, missingHubFiles } from "../data/hub.ts";
import { EMPTY_LOCK, lockedAs, readLock } from "./dataset-lock.ts";
import { headRows, lockKey } from "./hub-request.ts";
import type { LockedDataset } from "./lock-entry.ts";

/** A dataset of the Hub that the config takes rows from. */
export interface HubDatasetStatus {
  readonly dataset: string;
  readonly datasetId: string;
  readonly split: string;
  /** Null where the lock has no entry of it: prepare will ask the Hub. */
  readonly locked: LockedStatus | null;
}

export interface LockedStatus {
  readonly commit: string;
  /** Of the split. */
  readonly files: number;
  readonly bytes: number;
  /** Files that prepare would download, or download again. */
  readonly missing: number;
}

/** The datasets of the Hub, by the lock and the cache alone. Throws LOCK_INVALID, or STORAGE. */
export async function readHubStatus(loaded: LoadedConfig): Promise<readonly HubDatasetStatus[]> {
  const lock = (await readLock(loaded.folder)) ?? EMPTY_LOCK;
  const datasets = usedDatasets(loaded.config).filter(({ kind }) => kind === "huggingface");
  return Promise.all(
    datasets.map(async (dataset) => {
      const key = lockKey(dataset);
      const entry = lockedAs(lock, key);
      const locked = entry === undefined ? null : await statusOf(loaded, dataset, entry);
      return { dataset: dataset.name, datasetId: key.datasetId, split: key.split, locked };
    }),
  );
}

async function statusOf(
  { config }: LoadedConfig,
  dataset: DatasetConfig,
  entry: LockedDataset,
): Promise<LockedStatus> {
  const settings = hubSettings({}, { cacheDir: config.paths.datasets_cache_dir, download: false });
  const wanted = {
    ...entry,
    headRows: headRows(config, dataset, null),
    delimiter: dataset.delimiter,
  };
  const missing = await missingHubFiles(wanted, settings);
  const bytes = entry.files.reduce((sum, file) => sum + file.bytes, 0);
  return { commit: entry.commit, files: entry.files.length, bytes, missing: missing.length };
}
