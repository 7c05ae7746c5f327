// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  EMPTY_LOCK,
  lockedAs,
  lockedOtherwise,
  lockedRows,
  readLock,
  withEntries,
  withRows,
  writeLock,
} from "../../src/pipeline/dataset-lock.ts";
import { ASKED, lockedDataset } from "../support/locks.ts";
import { namesIn } from "../support/project.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const one = lockedDataset();
const two = lockedDataset({ asked: { ...ASKED, datasetId: "owner/two" } });

const ROWS = { rows: 1, sha256: "a".repeat(64) };

describe("the lock of the datasets", () => {
  it("is none until it is written, stands beside the TOML, and leaves nothing else there", async () => {
    const folder = temporaryFolder();
    expect(await readLock(folder)).toBeNull();
    await writeLock(folder, withEntries(EMPTY_LOCK, [one]));
    expect(namesIn(folder)).toEqual(["datasets.lock.json"]);
    expect(await readLock(folder)).toEqual({ datasets: [one], backfill: [] });
  });

  it("is not begun where there is nothing to say", async () => {
    const folder = temporaryFolder();
    await writeLock(folder, EMPTY_LOCK);
    expect(namesIn(folder)).toEqual([]);
    await writeLock(folder, withEntries(EMPTY_LOCK, [one]));
    await writeLock(folder, EMPTY_LOCK);
    expect(await readLock(folder)).toEqual(EMPTY_LOCK);
  });

  it("is not written again where nothing has changed", async () => {
    const folder = temporaryFolder();
    await writeLock(folder, withEntries(EMPTY_LOCK, [one]));
    const path = join(folder, "datasets.lock.json");
    const before = statSync(path);
    await writeLock(folder, withEntries((await readLock(folder)) ?? EMPTY_LOCK, [one]));
    expect([statSync(path).ino, statSync(path).mtimeMs]).toEqual([before.ino, before.mtimeMs]);
  });

  it("never gets what the next run could not read", async () => {
    const folder = temporaryFolder();
    await writeLock(folder, withEntries(EMPTY_LOCK, [one]));
    const before = readFileSync(join(folder, "datasets.lock.json"));
    await expect(writeLock(folder, withEntries(EMPTY_LOCK, [{ ...one, files: [] }]))).rejects.toMatchObject({
      code: "LOCK_INVALID",
    });
    expect(readFileSync(join(folder, "datasets.lock.json"))).toEqual(before);
  });

  it("that is a folder, or garbage, is an error that names it", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "datasets.lock.json");
    mkdirSync(path);
    await expect(readLock(folder)).rejects.toMatchObject({ code: "STORAGE", where: path });
    const other = temporaryFolder();
    writeFileSync(join(other, "datasets.lock.json"), "{");
    await expect(readLock(other)).rejects.toMatchObject({
      code: "LOCK_INVALID",
      where: join(other, "datasets.lock.json"),
    });
  });

  it("finds an entry by dataset, config, split and revision, and those that differ in config or revision", () => {
    const older = lockedDataset({ asked: { ...ASKED, revision: "v1" } });
    const test = lockedDataset({ asked: { ...ASKED, split: "test" } });
    const lock = withEntries(EMPTY_LOCK, [one, two, older, test]);
    expect(lockedAs(lock, ASKED)).toBe(one);
    expect(lockedAs(lock, { ...ASKED, revision: "v2" })).toBeUndefined();
    expect(lockedOtherwise(lock, { ...ASKED, revision: "v2" })).toEqual([one, older]);
    expect(lockedOtherwise(lock, { ...ASKED, config: "b" })).toEqual([one, older]);
    expect(lockedOtherwise(lock, { ...ASKED, split: "validation" })).toEqual([]);
  });

  it("replaces an entry in its place, removes those that are gone, and keeps all others", () => {
    const moved = { ...one, commit: "f".repeat(40) };
    const lock = withRows(withEntries(EMPTY_LOCK, [one, two]), "fills", ROWS);
    expect(withEntries(lock, [moved], [two])).toEqual({ datasets: [moved], backfill: lock.backfill });
    expect(withEntries(lock, [moved]).datasets).toEqual([moved, two]);
  });

  it("has the rows of each ledger by itself", () => {
    const two = withRows(withRows(EMPTY_LOCK, "a", ROWS), "__proto__", { ...ROWS, rows: 2 });
    expect(["a", "__proto__", "b"].map((ledger) => lockedRows(two, ledger)?.rows)).toEqual([1, 2, undefined]);
    const changed = withRows(withRows(two, "a", null), "__proto__", ROWS);
    expect(changed.backfill).toEqual([{ ledger: "__proto__", ...ROWS }]);
  });
});
