// SPDX-License-Identifier: Apache-2.0
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { FilterRecord } from "../../src/pipeline/synthetic-filtering.ts";
import { readParquet, writeParquet } from "../data/parquet.ts";
import {
  datasetToml,
  digestsOf,
  namedRows,
  readJson,
  runPrepare,
  runTrain,
  set,
  taskToml,
  writeProject,
  writeRows,
} from "../support/project.ts";
import { sharedFolder } from "../support/temporary-folder.ts";

interface TaskMetadata {
  readonly task: string;
  readonly train_rows: number;
  readonly synthetic_filter?: FilterRecord;
}

const LABELS = ["red", "green", "blue"];

/** Real rows of two tasks of one family, and synthetic ones of one, every third of them mislabelled. */
async function writeFiltered(folder: string, more = ""): Promise<string> {
  const toml = `[prepare]
target_per_task_label = 0
near_duplicate_threshold = 0.95

[train]
max_iter = 4
max_features = 4000

${taskToml("colour", "router", LABELS)}
${taskToml("size", "router", ["small", "large"])}
${datasetToml("real", "real.jsonl", "colour", more)}
${datasetToml("sizes", "sizes.jsonl", "size")}`;
  mkdirSync(join(writeProject(folder, toml), "prepared_data"));
  writeRows(join(folder, "real.jsonl"), namedRows(LABELS, 100, 1));
  const made = namedRows(LABELS, 40, 5).map(({ text, label }, i) => ({
    text,
    label: Math.floor(i / 3) % 3 === 0 ? LABELS[(LABELS.indexOf(label) + 1) % 3] : label,
  }));
  const values = made.map(({ text, label }) => `('${text}', '${label}')`).join(", ");
  await writeParquet(
    join(folder, "prepared_data", "router_train.parquet"),
    `SELECT text, label, 'colour' AS task, 'llm' AS source, 'synthetic' AS origin FROM (VALUES ${values}) v(text, label)`,
  );
  return folder;
}

let project = "";
let prepared = "";

beforeAll(async () => {
  project = await writeFiltered(sharedFolder());
  prepared = (await runPrepare(project)).folder;
});

async function trained(...settings: string[]) {
  const run = await runTrain(project, set(...settings));
  const { tasks } = readJson<{ tasks: readonly TaskMetadata[] }>(run.folder, "router_training_metadata.json");
  const [colour, size] = tasks;
  if (colour === undefined || size === undefined) throw new Error("a task is not in the metadata");
  return { ...run, colour, size, filtered: run.notes.filter((note) => note.includes("synthetic")) };
}

describe("train.synthetic_filter", () => {
  it("says nothing and changes nothing where it is none", async () => {
    const without = await trained();
    const none = await trained("train.synthetic_filter=none");
    expect(none).toMatchObject({ version: without.version, unchanged: true });
    expect(without.filtered).toEqual([]);
    expect([without.colour, without.size].map((task) => "synthetic_filter" in task)).toEqual([false, false]);
    const manifest = JSON.stringify(readJson(without.folder, "manifest.json"));
    expect(manifest).not.toContain("synthetic_filter");
  });

  it("drops what a model of the real rows finds implausible, and says so", async () => {
    const plain = await trained();
    const run = await trained("train.synthetic_filter=drop");
    expect(run.version).not.toBe(plain.version);
    expect(run.colour.train_rows).toBe(plain.colour.train_rows - 42);
    expect(run.size.train_rows).toBe(plain.size.train_rows);
    expect(run.filtered).toEqual([
      "colour: left out 42 of 120 synthetic rows that a model of the 240 real rows finds implausible; some 0 would be if every row were right",
    ]);
    expect(run.colour.synthetic_filter).toMatchObject({
      method: "drop",
      real_rows: 240,
      synthetic_rows: 120,
      implausible: 42,
      implausible_if_right: 0,
      weight: 0,
      nothing_done: null,
      labels: LABELS.map((label) => ({ label, real_rows: 80, synthetic_rows: 40, implausible: 14 })),
    });
    expect(run.size.synthetic_filter).toMatchObject({
      synthetic_rows: 0,
      nothing_done: "there are no synthetic train rows",
    });
    expect(JSON.stringify(run.colour)).not.toContain("topic");
  });

  it("names the least plausible rows by the ids that the dataset has", async () => {
    const { colour } = await trained("train.synthetic_filter=drop");
    const rows = await readParquet(
      join(prepared, "router_train.parquet"),
      "SELECT id, label, text FROM file WHERE origin = 'synthetic'",
    );
    const examples = colour.synthetic_filter?.examples ?? [];
    expect(examples.length).toBe(5);
    for (const { id, label, likelier } of examples) {
      const [, given, text] = rows.find(([known]) => known === id) ?? [];
      expect(given).toBe(label);
      expect(text?.startsWith(`topic${LABELS.indexOf(likelier)} `)).toBe(true);
      expect(likelier).not.toBe(label);
    }
  });

  it("lets them count for less, with as many rows", async () => {
    const plain = await trained();
    const run = await trained("train.synthetic_filter=weight");
    expect(run.colour.train_rows).toBe(plain.colour.train_rows);
    expect(run.colour.synthetic_filter).toMatchObject({ method: "weight", implausible: 42, weight: 1 / 43 });
    expect(run.filtered).toEqual([
      "colour: counted for 0.02 each 42 of 120 synthetic rows that a model of the 240 real rows finds implausible; some 0 would be if every row were right",
    ]);
    const [before, after] = [digestsOf(plain.folder), digestsOf(run.folder)];
    expect(after["router_model.safetensors"]).not.toBe(before["router_model.safetensors"]);
  });

  it("says why it does nothing", async () => {
    const folder = await writeFiltered(sharedFolder(), "max_rows = 150");
    await runPrepare(folder);
    const { notes } = await runTrain(folder, set("train.synthetic_filter=drop"));
    expect(notes.filter((note) => note.includes("synthetic"))).toEqual([
      "colour: left 120 synthetic rows as they are: 200 real train rows are needed to judge by, and there are 120",
    ]);
  });

  it("is a setting of a family and of a task", async () => {
    const task = await trained('train.overrides."task.size".synthetic_filter=drop');
    expect([task.colour.synthetic_filter, task.size.synthetic_filter?.method]).toEqual([undefined, "drop"]);
    const family = await trained(
      'train.overrides."family.router".synthetic_filter=drop',
      'train.overrides."task.size".synthetic_filter=none',
    );
    expect([family.colour.synthetic_filter?.method, family.size.synthetic_filter]).toEqual([
      "drop",
      undefined,
    ]);
  });

  it("judges and fits the same rows whatever the number of threads", async () => {
    const { folder, version } = await trained("train.synthetic_filter=weight", "train.workers=1");
    const digests = digestsOf(folder);
    const copy = await writeFiltered(sharedFolder());
    await runPrepare(copy);
    const other = await runTrain(copy, set("train.synthetic_filter=weight", "train.workers=3"));
    expect(other).toMatchObject({ version, unchanged: false });
    expect(digestsOf(other.folder)).toEqual(digests);
  });
});
