// SPDX-License-Identifier: Apache-2.0

import type { DatasetConfig } from "../config/schema.ts";
import { nearest } from "../config/suggest.ts";
import { ModelpackError } from "../core/error.ts";
import { LOCK_FILE, lockedAs, lockedOtherwise } from "./dataset-lock.ts";
import { lockKey } from "./hub-request.ts";
import type { DatasetLock, LockedDataset, LockKey } from "./lock-entry.ts";

/** What a run may do with the lock. */
export interface LockPolicy {
  /** Refuses whatever the lock does not say. */
  readonly locked: boolean;
  /** Moves to the newest commit: every dataset, or the one of this name. */
  readonly update: boolean | string;
}

/** Throws USAGE where the policy contradicts itself, or names a dataset that can't be moved. */
export function checkPolicy({ locked, update }: LockPolicy, datasets: readonly DatasetConfig[]): void {
  if (locked && update !== false)
    throw new ModelpackError("USAGE", "--locked and --update-lock exclude each other", {
      hint: `--update-lock changes ${LOCK_FILE}, and --locked refuses every change of it`,
    });
  if (typeof update !== "string" || datasets.some(({ name }) => name === update)) return;
  const names = datasets.map(({ name }) => name);
  const near = nearest(update, names);
  throw new ModelpackError(
    "USAGE",
    `no enabled dataset of the Hub is called ${JSON.stringify(update)}, so none can be moved`,
    {
      where: "[[datasets]]",
      hint: near === undefined ? `they are ${names.join(", ") || "none"}` : `did you mean ${near}?`,
    },
  );
}

/**
 * The entry that says which commit and files a dataset has in this run; null where the Hub is asked.
 *
 * @throws ModelpackError LOCK_MISMATCH where the policy wants an entry and there is none
 */
export function pinOf(lock: DatasetLock, dataset: DatasetConfig, policy: LockPolicy): LockedDataset | null {
  if (isMoved(policy, dataset.name)) return null;
  const entry = lockedAs(lock, lockKey(dataset));
  if (entry === undefined && policy.locked) throw unlocked(lock, dataset);
  return entry ?? null;
}

/** Whether a dataset is to be moved to its newest commit. */
export function isMoved({ update }: LockPolicy, dataset: string): boolean {
  return update === true || update === dataset;
}

function unlocked(lock: DatasetLock, dataset: DatasetConfig): ModelpackError {
  const { datasetId, split } = lockKey(dataset);
  const [other] = lockedOtherwise(lock, lockKey(dataset));
  const lacks = lock.datasets.length === 0 ? "is not there, or empty: nothing" : "has no entry that";
  const what =
    other === undefined
      ? `${LOCK_FILE} ${lacks} pins ${datasetId}, split ${JSON.stringify(split)}`
      : `${LOCK_FILE} has ${datasetId} ${wanted(other.asked)}, and the TOML asks for it ${wanted(dataset)}`;
  return new ModelpackError("LOCK_MISMATCH", what, {
    where: `dataset ${JSON.stringify(dataset.name)}`,
    hint: `run modelpack prepare without --locked, look at what it changes in ${LOCK_FILE}, and commit that`,
  });
}

/** `with config "a" at revision "main"`. */
export function wanted({ config, revision }: Pick<LockKey, "config" | "revision">): string {
  const of = config === "" ? "" : `with config ${JSON.stringify(config)} `;
  return `${of}at revision ${JSON.stringify(revision)}`;
}
