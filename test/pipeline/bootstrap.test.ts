// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readExamples } from "../../src/data/dataset.ts";
import type { TaskEntry } from "../../src/pipeline/dataset-manifest.ts";
import { writeParquet } from "../data/parquet.ts";
import { digestsOf, load, namesIn, readJson, runPrepare, writeProject } from "../support/project.ts";

interface Manifest {
  readonly bootstrap: readonly { name: string; sha256: string; bytes: number; rows: number; used: number }[];
  readonly tasks: readonly TaskEntry[];
}

/** Rows of an earlier pipeline beside those of the project: new reds, a row that is there already, another task. */
async function withBootstrap(): Promise<string> {
  const folder = writeProject();
  await runPrepare(folder);
  await writeParquet(
    join(folder, "prepared_data", "router_train.parquet"),
    `SELECT 'crimson number ' || i AS text, 'colour' AS task, 'red' AS label, 'old' AS source FROM range(30) r(i)
     UNION ALL SELECT 'a row of a task that is gone', 'gone', 'x', 'old'`,
  );
  await writeParquet(
    join(folder, "prepared_data", "pair_eval.parquet"),
    "SELECT 'one' AS text_a, 'two' AS text_b, 'same' AS task, 'no' AS label, 'old' AS source",
  );
  await writeParquet(join(folder, "prepared_data", "other_train.parquet"), "SELECT 1 AS nonsense");
  return folder;
}

describe("bootstrap files", () => {
  it("are one more source, counted in the manifest, split anew", async () => {
    const folder = await withBootstrap();
    const { folder: made, notes, unchanged } = await runPrepare(folder);
    expect(unchanged).toBe(false);
    const { bootstrap, tasks } = readJson<Manifest>(made, "manifest.json");
    expect(bootstrap.map(({ name, rows, used }) => [name, rows, used])).toEqual([
      ["pair_eval.parquet", 1, 1],
      ["router_train.parquet", 31, 30],
    ]);
    expect(notes).toContain(
      "router_train.parquet: 31 rows of an earlier pipeline, 30 of them of tasks in this config",
    );
    const red = tasks[0]?.labels[0];
    expect([red?.label, (red?.train.real ?? 0) + (red?.test.real ?? 0) + (red?.eval.real ?? 0)]).toEqual([
      "red",
      70,
    ]);
    expect(red?.test.real).toBe(7);
    const { tasks: definitions } = load(folder).config;
    const colours = definitions.filter(({ family }) => family === "router");
    const train = await readExamples(made, "router", "train", colours);
    expect(train.get("colour")?.rows).toBe(64 + 56);
  });

  it("are sampled like any other source", async () => {
    const { folder: made } = await runPrepare(await withBootstrap(), {}, { sample: 5 });
    const { bootstrap } = readJson<Manifest>(made, "manifest.json");
    expect(bootstrap.map(({ name, rows }) => [name, rows])).toEqual([
      ["pair_eval.parquet", 1],
      ["router_train.parquet", 5],
    ]);
  });

  it("stay on disk and out of the run with forceFull", async () => {
    const folder = await withBootstrap();
    const names = namesIn(join(folder, "prepared_data"));
    const merged = await runPrepare(folder);
    const full = await runPrepare(folder, {}, { forceFull: true });
    // The same as before the files came: that version is there still.
    expect(full.unchanged).toBe(true);
    expect(full.version).not.toBe(merged.version);
    expect(readJson<Manifest>(full.folder, "manifest.json").bootstrap).toEqual([]);
    expect(namesIn(join(folder, "prepared_data"))).toEqual(names);
    const before = digestsOf(merged.folder);
    expect(await runPrepare(folder)).toMatchObject({ version: merged.version, unchanged: true });
    expect(digestsOf(merged.folder)).toEqual(before);
  });

  it("name the file that can't be used, and the way out", async () => {
    const folder = writeProject();
    await runPrepare(folder);
    await writeParquet(
      join(folder, "prepared_data", "router_test.parquet"),
      "SELECT 'a' AS text, 'b' AS label",
    );
    await expect(runPrepare(folder)).rejects.toMatchObject({
      code: "COLUMN_MISSING",
      message: "router_test.parquet: there is no column task; there are text, label",
      hint: expect.stringContaining("--force-full"),
    });
  });
});
