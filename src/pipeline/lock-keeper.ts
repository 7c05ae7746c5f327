// SPDX-License-Identifier: Apache-2.0
import type { DatasetConfig } from "../config/schema.ts";
import { lockedAs, lockedOtherwise, withEntries } from "./dataset-lock.ts";
import { lockKey } from "./hub-request.ts";
import { type DatasetLock, keyText, type LockedDataset } from "./lock-entry.ts";
import { type LockPolicy, wanted } from "./lock-policy.ts";

/**
 * The lock after a run: `before` with what was found. An entry goes where the TOML asks for its dataset and
 * split with another config or revision; where all datasets are moved, so does every entry that no dataset
 * of the TOML asks for. All others stay: another TOML in this folder may have them.
 */
export function updatedLock(
  before: DatasetLock,
  found: readonly LockedDataset[],
  datasets: readonly DatasetConfig[],
  policy: LockPolicy,
): DatasetLock {
  const asks = new Set(datasets.map((dataset) => keyText(lockKey(dataset))));
  const replaced =
    policy.update === true ? before.datasets : found.flatMap(({ asked }) => lockedOtherwise(before, asked));
  const gone = replaced.filter(({ asked }) => !asks.has(keyText(asked)));
  return found.reduce(
    (lock, entry) => withEntries(lock, [united(lockedAs(lock, entry.asked), entry)]),
    withEntries(before, [], gone),
  );
}

/** An entry with the digests that either knows: one dataset may need the first files alone, one all of them. */
function united(before: LockedDataset | undefined, entry: LockedDataset): LockedDataset {
  if (before?.commit !== entry.commit) return entry;
  const known = new Map(before.files.map((file) => [file.path, file.sha256]));
  const files = entry.files.map((file) => ({ ...file, sha256: file.sha256 ?? known.get(file.path) ?? null }));
  return { ...entry, files };
}

/** What a run changes of a dataset's entry, for people; null where it changes no commit. */
export function changeOf(before: DatasetLock, entry: LockedDataset): string | null {
  const same = lockedAs(before, entry.asked);
  const now = `commit ${entry.commit.slice(0, 12)}`;
  if (same !== undefined)
    return same.commit === entry.commit ? null : `moved from commit ${same.commit.slice(0, 12)} to ${now}`;
  const [other] = lockedOtherwise(before, entry.asked);
  if (other === undefined) return `locked at ${now}`;
  return `locked at ${now}, ${wanted(entry.asked)}; the lock had it ${wanted(other.asked)}`;
}
