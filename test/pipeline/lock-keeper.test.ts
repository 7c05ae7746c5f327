// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { DatasetConfig } from "../../src/config/schema.ts";
import { EMPTY_LOCK, withEntries } from "../../src/pipeline/dataset-lock.ts";
import type { LockedDataset, LockKey } from "../../src/pipeline/lock-entry.ts";
import { changeOf, updatedLock } from "../../src/pipeline/lock-keeper.ts";
import { checkPolicy, pinOf } from "../../src/pipeline/lock-policy.ts";
import { ASKED, COMMIT, lockedDataset, SHA256 } from "../support/locks.ts";

const NEW_COMMIT = "f".repeat(40);
const FREE = { locked: false, update: false };

/** A `[[datasets]]` that asks for this. */
function dataset(more: Partial<LockKey> = {}, name = "mine"): DatasetConfig {
  const { datasetId, ...asked } = { ...ASKED, ...more };
  return {
    ...{
      name,
      kind: "huggingface",
      dataset_id: datasetId,
      ...asked,
      sample: "hash",
      slice: null,
      enabled: true,
    },
    ...{ required: true, license: "", path: [], map: [] },
  };
}

const lockOf = (...entries: LockedDataset[]) => withEntries(EMPTY_LOCK, entries);
const entry = lockedDataset();
const other = lockedDataset({ asked: { ...ASKED, datasetId: "another/name" } });

describe("the entry that pins a dataset", () => {
  it("is the one of its id, config, split and revision; none where it moves, or where there is none", () => {
    expect(pinOf(lockOf(entry, other), dataset(), FREE)).toBe(entry);
    expect(pinOf(lockOf(entry), dataset({ revision: "v2" }), FREE)).toBeNull();
    expect(pinOf(lockOf(entry), dataset(), { locked: false, update: true })).toBeNull();
    expect(pinOf(lockOf(entry), dataset(), { locked: false, update: "mine" })).toBeNull();
    expect(pinOf(lockOf(entry), dataset(), { locked: false, update: "yours" })).toBe(entry);
  });

  it.each<[string, DatasetConfig, string]>([
    [
      "another split",
      dataset({ split: "test" }),
      'datasets.lock.json has no entry that pins owner/name, split "test"',
    ],
    [
      "another id",
      dataset({ datasetId: "a/b" }),
      'datasets.lock.json has no entry that pins a/b, split "train"',
    ],
    [
      "another revision",
      dataset({ revision: "v2" }),
      'datasets.lock.json has owner/name at revision "main", and the TOML asks for it at revision "v2"',
    ],
    [
      "another config",
      dataset({ config: "plus" }),
      'datasets.lock.json has owner/name at revision "main", and the TOML asks for it with config "plus" at revision "main"',
    ],
  ])("must be there with locked: %s is refused", (_, asks, message) => {
    expect(() => pinOf(lockOf(entry), asks, { locked: true, update: false })).toThrow(
      expect.objectContaining({
        code: "LOCK_MISMATCH",
        message,
        where: 'dataset "mine"',
        hint: expect.stringContaining("prepare without --locked"),
      }),
    );
    expect(pinOf(lockOf(entry), dataset(), { locked: true, update: false })).toBe(entry);
  });

  it("can't be moved where there is no such dataset", () => {
    const datasets = [dataset({}, "banking77"), dataset({}, "snli")];
    const error = (update: string) => {
      try {
        return checkPolicy({ locked: false, update }, datasets);
      } catch (thrown) {
        return thrown;
      }
    };
    expect(error("banking77")).toBeUndefined();
    expect(error("banking7")).toMatchObject({ code: "USAGE", hint: "did you mean banking77?" });
    expect(() => checkPolicy({ locked: true, update: true }, datasets)).toThrow("exclude each other");
    expect(error("x")).toMatchObject({ code: "USAGE", hint: "they are banking77, snli" });
  });
});

describe("the lock after a run", () => {
  const updated = (
    before: LockedDataset[],
    found: LockedDataset[],
    datasets: DatasetConfig[],
    update = false,
  ) => updatedLock(lockOf(...before), found, datasets, { locked: false, update }).datasets;

  it("has what was found, in the place of what there was, and what other TOMLs may have", () => {
    const moved = { ...entry, commit: NEW_COMMIT };
    expect(updated([], [entry], [dataset()])).toEqual([entry]);
    expect(updated([entry, other], [moved], [dataset()])).toEqual([moved, other]);
  });

  it("drops the same dataset and split of another revision or config, unless a dataset still asks for it", () => {
    const v2 = lockedDataset({ asked: { ...ASKED, revision: "v2" } });
    const asks = dataset({ revision: "v2" });
    expect(updated([entry, other], [v2], [asks])).toEqual([other, v2]);
    expect(updated([entry], [v2], [asks, { ...dataset(), enabled: false }])).toEqual([entry, v2]);
  });

  it("drops what no dataset asks for where all are moved", () => {
    expect(updated([entry, other], [entry], [dataset()], true)).toEqual([entry]);
  });

  it("keeps the digests that it knows, of the same commit", () => {
    const file = { path: "a.csv", bytes: 1, blob: COMMIT };
    const known = { ...entry, files: [{ ...file, sha256: SHA256 }] };
    const unread = { ...entry, files: [{ ...file, sha256: null }] };
    expect(updated([known], [unread], [dataset()])).toEqual([known]);
    expect(updated([], [known, unread], [dataset()])).toEqual([known]);
    const moved = { ...unread, commit: NEW_COMMIT };
    expect(updated([known], [moved], [dataset()])).toEqual([moved]);
  });

  it("is told where a commit is new", () => {
    const moved = { ...entry, commit: NEW_COMMIT };
    expect(changeOf(lockOf(entry), entry)).toBeNull();
    expect(changeOf(lockOf(entry), moved)).toBe("moved from commit 012345678901 to commit ffffffffffff");
    expect(changeOf(lockOf(other), entry)).toBe("locked at commit 012345678901");
    const v2 = lockedDataset({ asked: { ...ASKED, revision: "v2" } });
    expect(changeOf(lockOf(entry), v2)).toBe(
      'locked at commit 012345678901, at revision "v2"; the lock had it at revision "main"',
    );
  });
});
