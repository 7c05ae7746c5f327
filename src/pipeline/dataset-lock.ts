// SPDX-License-Identifier: Apache-2.0
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "../storage/commit.ts";
import { errnoOf, guarded } from "../storage/failure.ts";
import {
  type DatasetLock,
  keyText,
  type LockedBackfill,
  type LockedDataset,
  type LockKey,
} from "./lock-entry.ts";
import { checkSize, parseLock, renderLock } from "./lock-text.ts";

/** Stands beside the TOML, and is meant to be committed with it. */
export const LOCK_FILE = "datasets.lock.json";

export const EMPTY_LOCK: DatasetLock = { datasets: [], backfill: [] };

/** Where the lock of a TOML's folder is. */
export function lockPath(folder: string): string {
  return join(folder, LOCK_FILE);
}

/** Reads the lock of a TOML's folder; null where there is none. Throws LOCK_INVALID, or STORAGE. */
export async function readLock(folder: string): Promise<DatasetLock | null> {
  const path = lockPath(folder);
  try {
    checkSize((await stat(path)).size, path);
    return parseLock(await readFile(path), path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    return guarded("read", path, () => Promise.reject(error));
  }
}

/**
 * Puts a lock in place of the one that is there, whole or not at all; writes nothing where they are equal, or
 * where there is none and nothing to say.
 */
export async function writeLock(folder: string, lock: DatasetLock): Promise<void> {
  const path = lockPath(folder);
  const text = renderLock(lock);
  parseLock(Buffer.from(text), path); // what the next run could not read is not written
  const before = await readFile(path, "utf8").catch(() => null);
  if (before === null && text === renderLock(EMPTY_LOCK)) return;
  if (before !== text) await writeFileAtomic(path, text);
}

/** The entry of what is asked for; undefined where there is none. */
export function lockedAs(lock: DatasetLock, key: LockKey): LockedDataset | undefined {
  return lock.datasets.find(({ asked }) => keyText(asked) === keyText(key));
}

/** The entries that differ from what is asked for in nothing but the config or the revision. */
export function lockedOtherwise(lock: DatasetLock, key: LockKey): readonly LockedDataset[] {
  return lock.datasets.filter(
    ({ asked }) =>
      asked.datasetId === key.datasetId && asked.split === key.split && keyText(asked) !== keyText(key),
  );
}

/** The lock with these entries, each in the place of the one that was asked for alike, and without `gone`. */
export function withEntries(
  lock: DatasetLock,
  entries: readonly LockedDataset[],
  gone: readonly LockedDataset[] = [],
): DatasetLock {
  const merged = new Map(lock.datasets.map((entry) => [keyText(entry.asked), entry]));
  for (const { asked } of gone) merged.delete(keyText(asked));
  for (const entry of entries) merged.set(keyText(entry.asked), entry);
  return { ...lock, datasets: [...merged.values()] };
}

/** What the lock pins of a ledger's accepted rows; null where it has none of it. */
export function lockedRows(lock: DatasetLock, ledger: string): LockedBackfill | null {
  const entry = lock.backfill.find((one) => one.ledger === ledger);
  return entry === undefined ? null : { rows: entry.rows, sha256: entry.sha256 };
}

/** The lock with these rows of a ledger, or none, and all others as they were. */
export function withRows(lock: DatasetLock, ledger: string, rows: LockedBackfill | null): DatasetLock {
  const others = lock.backfill.filter((one) => one.ledger !== ledger);
  return { ...lock, backfill: rows === null ? others : [...others, { ledger, ...rows }] };
}
