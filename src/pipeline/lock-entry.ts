// SPDX-License-Identifier: Apache-2.0
import type { HubPin } from "../data/hub-dataset.ts";

/** What a `[[datasets]]` asks of the Hub: what an entry of the lock is found by. */
export interface LockKey {
  readonly datasetId: string;
  readonly config: string;
  readonly split: string;
  readonly revision: string;
}

/** A dataset of the Hub, pinned, and what it was asked for as: a rename or a default config may be between. */
export interface LockedDataset extends HubPin {
  readonly asked: LockKey;
}

/** The accepted rows of the backfill. */
export interface LockedBackfill {
  readonly rows: number;
  readonly sha256: string;
}

/** The same of one ledger, by its folder as it is found from that of the lock, with `/` between names. */
export interface LockedLedger extends LockedBackfill {
  readonly ledger: string;
}

/** What `datasets.lock.json` says. */
export interface DatasetLock {
  readonly datasets: readonly LockedDataset[];
  /** Ledgers with accepted rows: the TOMLs of a folder may have one together, or each its own. */
  readonly backfill: readonly LockedLedger[];
}

/** One text for one key. */
export function keyText({ datasetId, config, split, revision }: LockKey): string {
  return JSON.stringify([datasetId, config, split, revision]);
}
