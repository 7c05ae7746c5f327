// SPDX-License-Identifier: Apache-2.0

/** A file of a dataset as it was when the dataset was locked. */
export interface LockedFile {
  /** In the dataset's repository, parts joined by `/`. */
  readonly path: string;
  readonly bytes: number;
  /** 64 hex digits; null until the first download of a file that the Hub knows by its git digest alone. */
  readonly sha256: string | null;
  /** Git's digest of it, 40 hex digits; null where the Hub said the sha256. */
  readonly blob: string | null;
}

/** What a `[[datasets]]` asks of the Hub: what an entry of the lock is found by. */
export interface LockKey {
  readonly datasetId: string;
  readonly config: string;
  readonly split: string;
  readonly revision: string;
}

/** A dataset of the Hub, pinned. */
export interface LockedDataset extends LockKey {
  /** What of the repository was read: `revision`, or the branch of its Parquet conversion. */
  readonly ref: string;
  /** The commit that `ref` was. */
  readonly commit: string;
  /** As its card says it; null where that says none. */
  readonly license: string | null;
  /** Columns of class numbers, with the names of the classes. */
  readonly classLabels: ReadonlyMap<string, readonly string[]>;
  readonly files: readonly LockedFile[];
}

/** The accepted rows of the backfill. */
export interface LockedBackfill {
  readonly rows: number;
  readonly sha256: string;
}

/** What `datasets.lock.json` says. */
export interface DatasetLock {
  readonly datasets: readonly LockedDataset[];
  /** Null until rows are accepted; kept for the backfill, which this version has not. */
  readonly backfill: LockedBackfill | null;
}

/** One text for one key. */
export function keyText({ datasetId, config, split, revision }: LockKey): string {
  return JSON.stringify([datasetId, config, split, revision]);
}
