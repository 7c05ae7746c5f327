// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Ledger } from "../../src/backfill/ledger.ts";
import type { AcceptedRow } from "../../src/backfill/record.ts";
import { type Reporter, silentReporter } from "../../src/core/reporter.ts";
import { acceptedInput, beginAnew, keepAccepted, readAccepted } from "../../src/pipeline/accepted.ts";
import { rejection } from "../support/failure.ts";
import { acceptedRow } from "../support/ledger.ts";
import { load, namesIn, readJson, taskToml } from "../support/project.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

function project() {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "model_pipeline.toml"), taskToml("colour", "router", ["red", "blue"]));
  const loaded = load(folder);
  const warnings: string[] = [];
  const notes: string[] = [];
  const reporter: Reporter = {
    ...silentReporter,
    warn: (message) => void warnings.push(message),
    note: (message) => void notes.push(message),
  };
  const ledger = loaded.config.paths.backfill_dir;
  return { folder, loaded, reporter, warnings, notes, ledger };
}
async function write(folder: string, rows: readonly AcceptedRow[]) {
  const ledger = await Ledger.open(folder, { write: true, purpose: "test" });
  await ledger.addAccepted(rows);
  await ledger.close();
}
const lockOf = (folder: string) => readJson<{ backfill: unknown }>(folder, "datasets.lock.json").backfill;
const ROWS = [0, 1, 2].map((i) => acceptedRow(i, { task: i === 2 ? "gone" : "colour" }));

describe("accepted rows", () => {
  it("are digested twice: those of tasks that are there decide bytes, all of them are pinned", () => {
    const { loaded } = project();
    const { used, pinned, rows } = acceptedInput(loaded, ROWS);
    expect([rows.length, used?.rows, pinned?.rows]).toEqual([3, 2, 3]);
    expect(used?.sha256).not.toBe(pinned?.sha256);
    const { models, ...digest } = used ?? { models: [] };
    expect(acceptedInput(loaded, ROWS.slice(0, 2)).pinned).toEqual(digest);
    expect(models.reduce((sum, { rows: of }) => sum + of, 0)).toBe(2);
    expect(acceptedInput(loaded, ROWS.slice(2))).toMatchObject({ used: null, pinned: { rows: 1 } });
    expect(acceptedInput(loaded, [])).toEqual({ rows: [], used: null, pinned: null });
  });

  it("are the ledger's, and a run that only reads makes no folder", async () => {
    const { loaded, reporter, ledger, folder } = project();
    expect((await readAccepted(loaded, {}, reporter)).rows).toEqual([]);
    expect(namesIn(folder)).toEqual(["model_pipeline.toml"]);
    await write(ledger, ROWS);
    expect((await readAccepted(loaded, {}, reporter)).rows).toEqual(ROWS);
  });

  it("are told of where a line is damaged", async () => {
    const { loaded, reporter, ledger, warnings } = project();
    await write(ledger, ROWS);
    writeFileSync(join(ledger, "accepted.jsonl"), "not a record\n", { flag: "a" });
    expect((await readAccepted(loaded, {}, reporter)).rows).toHaveLength(3);
    expect(warnings).toEqual([expect.stringContaining("accepted.jsonl")]);
  });

  it("of which none is whole end the run, before they are paid for again", async () => {
    const { loaded, reporter, ledger } = project();
    await write(ledger, ROWS);
    writeFileSync(
      join(ledger, "accepted.jsonl"),
      "version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
    );
    expect(await rejection(readAccepted(loaded, {}, reporter))).toMatchObject({
      code: "LEDGER_CORRUPT",
      where: join(ledger, "accepted.jsonl"),
    });
  });

  it("are pinned, and the lock is written only where it says otherwise", async () => {
    const { loaded, reporter, folder, ledger, warnings } = project();
    await write(ledger, ROWS);
    const input = acceptedInput(loaded, ROWS);
    await keepAccepted(loaded, input, { locked: true }, reporter);
    await keepAccepted(loaded, input, { forceFull: true }, reporter);
    expect(namesIn(folder)).not.toContain("datasets.lock.json");
    await keepAccepted(loaded, input, {}, reporter);
    expect(lockOf(folder)).toEqual([{ ledger: "datasets/backfill", ...input.pinned }]);
    expect((await readAccepted(loaded, { locked: true }, reporter)).rows).toHaveLength(3);
    expect(warnings).toEqual([]);
    await keepAccepted(loaded, acceptedInput(loaded, []), { forceFull: true, backfill: true }, reporter);
    expect(lockOf(folder)).toBeNull();
    expect(warnings).toEqual([
      "datasets.lock.json pinned 3 accepted rows of the backfill, and there are none now",
    ]);
  });

  it("other than those that are pinned stop a locked run, whichever are missing", async () => {
    const { loaded, reporter, ledger } = project();
    const locked = () => rejection(readAccepted(loaded, { locked: true }, reporter));
    await write(ledger, ROWS);
    expect(await locked()).toMatchObject({
      code: "LOCK_MISMATCH",
      where: ledger,
      message: expect.stringMatching(/expected none, got 3 rows \([0-9a-f]{12}\)$/),
    });
    await keepAccepted(loaded, acceptedInput(loaded, ROWS.slice(1)), {}, reporter);
    expect((await locked()).message).toMatch(/expected 2 rows .*, got 3 rows/);
    // As many, and not the same.
    const others = [...ROWS.slice(1), acceptedRow(7)];
    await keepAccepted(loaded, acceptedInput(loaded, others), {}, reporter);
    expect((await locked()).message).toMatch(/expected 3 rows .*, got 3 rows/);
  });

  it("are left out with forceFull, set aside where new ones are to come, and never while they are pinned", async () => {
    const { loaded, reporter, ledger, notes } = project();
    await write(ledger, ROWS);
    expect((await readAccepted(loaded, { forceFull: true }, reporter)).rows).toEqual([]);
    expect(namesIn(ledger)).toContain("accepted.jsonl");
    await keepAccepted(loaded, acceptedInput(loaded, ROWS), {}, reporter);
    const both = { forceFull: true, locked: true };
    expect(await rejection(readAccepted(loaded, both, reporter))).toMatchObject({ code: "USAGE" });
    const anew = { forceFull: true, backfill: true };
    expect((await readAccepted(loaded, anew, reporter)).rows).toEqual([]);
    expect(namesIn(ledger)).toContain("accepted.jsonl");
    await beginAnew(loaded, anew, reporter);
    expect(namesIn(ledger)).not.toContain("accepted.jsonl");
    expect(notes).toEqual([
      expect.stringMatching(/^set aside accepted-[0-9a-f]{16}\.jsonl, which no run reads$/),
    ]);
  });
});
