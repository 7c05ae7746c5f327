// SPDX-License-Identifier: Apache-2.0
import { appendFileSync, existsSync, lstatSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ModelpackError } from "../../src/core/error.ts";
import type { Split } from "../../src/core/example.ts";
import { silentReporter } from "../../src/core/reporter.ts";
import { textAt } from "../../src/core/text-column.ts";
import { readExamples } from "../../src/data/dataset.ts";
import type { TaskEntry } from "../../src/pipeline/dataset-manifest.ts";
import { prepare } from "../../src/pipeline/prepare.ts";
import { readPointer, verifyVersion } from "../../src/storage/commit.ts";
import {
  datasetToml,
  digestsOf,
  load,
  namedRows,
  namesIn,
  readJson,
  runPlan,
  runPrepare,
  set,
  taskToml,
  writeProject,
  writeRows,
} from "../support/project.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const PREPARED = join("prepared_data", "modelpack");

/** inode, time of change and name of everything in a folder. */
function state(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => `${path} ${lstatSync(path).ino} ${lstatSync(path).mtimeMs} ${lstatSync(path).ctimeMs}`);
}

interface Manifest {
  readonly version: string;
  readonly sample: number | null;
  readonly sources: readonly {
    dataset: string;
    license: string;
    rows: number;
    sampled: number;
    files: readonly { sha256: string; bytes: number; format: string }[];
    maps: readonly { task: string; role: string; rows: number }[];
  }[];
  readonly bootstrap: readonly { name: string; rows: number; used: number }[];
  readonly skipped: readonly { dataset: string }[];
  readonly tasks: readonly TaskEntry[];
}

const manifestOf = (folder: string) => readJson<Manifest>(folder, "manifest.json");

/** A project of one task from `rows.jsonl`. */
function oneTask(rows: readonly object[], more = "", prepare = ""): string {
  const folder = temporaryFolder();
  writeRows(join(folder, "rows.jsonl"), rows);
  writeFileSync(
    join(folder, "model_pipeline.toml"),
    `[prepare]\ntarget_per_task_label = 10\n${prepare}\n${taskToml("t", "f", ["a", "b"])}${datasetToml("rows", "rows.jsonl", "t")}${more}`,
  );
  return folder;
}

describe("prepare", () => {
  it("commits a version that verifies, under the pointer, and leaves nothing else", async () => {
    const folder = writeProject();
    const { version, unchanged } = await runPrepare(folder);
    expect(unchanged).toBe(false);
    expect(version).toMatch(/^[0-9a-f]{12}$/);
    expect(namesIn(join(folder, PREPARED))).toEqual([version, "current.json"].sort());
    expect(await readPointer(join(folder, PREPARED), "current.json")).toBe(version);
    expect(await verifyVersion(join(folder, PREPARED, version))).toEqual([]);
    expect(namesIn(join(folder, PREPARED, version))).toEqual([
      "DATA_CARD.md",
      "manifest.json",
      ...["pair", "router"].flatMap((family) =>
        ["eval", "test", "train"].map((s) => `${family}_${s}.parquet`),
      ),
      "run.json",
    ]);
  });

  it("puts rows that an LLM labelled in train alone, and counts them apart", async () => {
    const llm = `${datasetToml("llm", "llm.jsonl", "t", "", 'text = "text"\norigin = "llm_labelled"')}`;
    const folder = oneTask(namedRows(["a", "b"], 20, 1), llm, "near_duplicate_threshold = 1\n");
    writeRows(join(folder, "llm.jsonl"), namedRows(["a", "b"], 30, 2));
    const { folder: made } = await runPrepare(folder);
    expect((manifestOf(made).tasks[0] as TaskEntry).labels).toEqual(
      ["a", "b"].map((label) => ({
        label,
        train: { real: 16, llm_labelled: 30, synthetic: 0 },
        test: { real: 2, llm_labelled: 0, synthetic: 0 },
        eval: { real: 2, llm_labelled: 0, synthetic: 0 },
        official: { test: 0, eval: 0 },
        cut: 0,
        deficit: 0,
      })),
    );
    const origins = async (split: Split) =>
      new Set((await readExamples(made, "f", split, load(folder).config.tasks)).get("t")?.origin);
    expect([await origins("train"), await origins("test"), await origins("eval")]).toEqual([
      new Set([0, 1]),
      new Set([0]),
      new Set([0]),
    ]);
  });

  it("keeps the version of a map that says the usual origin, and changes that of another", async () => {
    const versions: string[] = [];
    for (const origin of ["", 'origin = "real"', 'origin = "llm_labelled"']) {
      const folder = temporaryFolder();
      writeRows(join(folder, "rows.jsonl"), namedRows(["a", "b"], 5, 1));
      const map = datasetToml("rows", "rows.jsonl", "t", "", `text = "text"\n${origin}`);
      writeFileSync(join(folder, "model_pipeline.toml"), `${taskToml("t", "f", ["a", "b"])}${map}`);
      versions.push((await runPrepare(folder)).version);
    }
    expect(versions[1]).toBe(versions[0]);
    expect(versions[2]).not.toBe(versions[0]);
  });

  it("reads a CSV by the delimiter of its dataset, which is part of the version", async () => {
    const folder = temporaryFolder();
    const rows = namedRows(["a", "b"], 10, 1);
    const lines = rows.map(({ text, label }, i) => `${i},5;"${text}; it is";${label}`);
    writeFileSync(join(folder, "rows.csv"), `\ufeffprice;text;label\r\n${lines.join("\r\n")}\r\n`);
    const toml = (more: string) =>
      writeFileSync(
        join(folder, "model_pipeline.toml"),
        `${taskToml("t", "f", ["a", "b"])}${datasetToml("rows", "rows.csv", "t", more)}`,
      );
    toml("");
    await expect(runPrepare(folder)).rejects.toMatchObject({
      code: "SOURCE_UNREADABLE",
      message: "rows.csv, line 2: there is a quote inside a field that does not begin with one",
      hint: 'the columns seem to be separated by ";": add delimiter = ";" to the [[datasets]]',
    });
    const plain = await runPlan(folder);
    toml('delimiter = ";"');
    const made = await runPrepare(folder);
    expect(made.version).not.toBe(plain.version);
    expect(manifestOf(made.folder).sources.map(({ rows: read, maps }) => [read, maps[0]?.rows])).toEqual([
      [20, 20],
    ]);
    const train = (await readExamples(made.folder, "f", "train", load(folder).config.tasks)).get("t");
    const first = train === undefined ? "" : textAt(train.text, 0);
    expect(rows.map(({ text }) => `${text}; it is`)).toContain(first);
  });

  it("says in the manifest where rows came from, what each label has and what is missing", async () => {
    const folder = writeProject();
    const { folder: made, deficit } = await runPrepare(folder);
    const manifest = manifestOf(made);
    expect(
      manifest.sources.map(({ dataset, license, rows, maps }) => [dataset, license, rows, maps]),
    ).toEqual([
      ["colours", "CC0-1.0", 120, [{ task: "colour", role: "train", rows: 120, dropped: 0 }]],
      ["sizes", "CC0-1.0", 50, [{ task: "size", role: "train", rows: 50, dropped: 0 }]],
      ["sames", "CC0-1.0", 60, [{ task: "same", role: "train", rows: 60, dropped: 0 }]],
    ]);
    for (const { files } of manifest.sources)
      expect(files).toEqual([
        {
          format: "jsonl",
          gzip: false,
          bytes: expect.any(Number),
          sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        },
      ]);
    const size = manifest.tasks[1] as TaskEntry;
    expect(manifest.tasks.map(({ task, family }) => [task, family])).toEqual([
      ["colour", "router"],
      ["size", "router"],
      ["same", "pair"],
    ]);
    const none = { llm_labelled: 0, synthetic: 0 };
    expect(size.labels).toEqual(
      ["small", "large"].map((label) => ({
        label,
        train: { real: 19, ...none },
        test: { real: 3, ...none },
        eval: { real: 3, ...none },
        official: { test: 0, eval: 0 },
        cut: 0,
        deficit: 5,
      })),
    );
    expect(deficit).toBe(10);
    expect(size.deduplication).toMatchObject({ exact_duplicates: 0, label_conflicts: 0, groups: 50 });
  });

  it("counts every dropped row under its reason, with examples", async () => {
    const rows = namedRows(["a", "b"], 20, 4);
    const folder = oneTask([
      ...rows,
      { text: "no label", label: null },
      { text: "strange label", label: "c" },
      { text: " \t\u0000 ", label: "a" },
      { text: "x".repeat(200_001), label: "a" },
      { text: "twice the same", label: "a" },
      { text: "Twice  the SAME", label: "a" },
      { text: "a tie", label: "a" },
      { text: "a tie", label: "b" },
    ]);
    const { folder: made } = await runPrepare(folder);
    const { drops, deduplication } = manifestOf(made).tasks[0] as TaskEntry;
    expect(manifestOf(made).sources[0]?.maps).toEqual([{ task: "t", role: "train", rows: 48, dropped: 4 }]);
    expect(drops.map(({ reason, rows: n }) => [reason, n])).toEqual([
      ["null_label", 1],
      ["unknown_label", 1],
      ["empty_text", 1],
      ["too_long", 1],
      ["exact_duplicate", 1],
      ["label_conflict", 2],
    ]);
    expect(drops.find(({ reason }) => reason === "unknown_label")?.examples).toEqual(["c: strange label"]);
    expect(drops.find(({ reason }) => reason === "label_conflict")?.examples).toEqual(["a tie"]);
    expect(deduplication).toMatchObject({ exact_duplicates: 1, label_conflicts: 2 });
  });

  it("warns of a task that keeps none of the rows that came for it", async () => {
    const folder = oneTask([1, 2].map((n) => ({ text: `text ${n}`, label: "A" })));
    const { warnings } = await runPrepare(folder);
    expect(warnings).toEqual(['task "t" keeps none of its rows: 2 unknown_label, such as A: text 1']);
  });

  it("says that nothing has changed, changes nothing, and takes less than a second", async () => {
    const folder = writeProject();
    const first = await runPrepare(folder);
    const before = state(folder);
    const started = performance.now();
    const again = await runPrepare(folder);
    expect(performance.now() - started).toBeLessThan(1000);
    expect(again.unchanged).toBe(true);
    expect([again.version, again.deficit]).toEqual([first.version, first.deficit]);
    expect(again.notes).toEqual([`nothing has changed: dataset ${first.version} is up to date`]);
    expect(state(folder)).toEqual(before);
  });

  it("makes another version of other rows or settings, and comes back without work", async () => {
    const folder = writeProject();
    const first = await runPrepare(folder);
    const seeded = await runPrepare(folder, set("prepare.seed=7"));
    appendFileSync(join(folder, "sizes.jsonl"), '{"text": "one more", "label": "small"}\n');
    const grown = await runPrepare(folder);
    expect(new Set([first.version, seeded.version, grown.version]).size).toBe(3);
    const before = [digestsOf(first.folder), digestsOf(grown.folder)];
    writeProject(folder);
    const back = await runPrepare(folder);
    expect([back.version, back.unchanged]).toEqual([first.version, true]);
    expect(await readPointer(join(folder, PREPARED), "current.json")).toBe(first.version);
    expect([digestsOf(first.folder), digestsOf(grown.folder)]).toEqual(before);
  });

  it.each(["prepare.on_underfill=fail", "prepare.auto_download_missing=false", "train.max_iter=3"])(
    "makes no other version for %s",
    async (setting) => {
      const folder = writeProject();
      const { version } = await runPrepare(folder);
      expect(await runPrepare(folder, set(setting))).toMatchObject({ version, unchanged: true });
    },
  );

  it("replaces a damaged version by the same bytes", async () => {
    const folder = writeProject();
    const { folder: made } = await runPrepare(folder);
    const before = digestsOf(made);
    appendFileSync(join(made, "router_train.parquet"), "x");
    const { unchanged } = await runPrepare(folder);
    expect(unchanged).toBe(false);
    expect(digestsOf(made)).toEqual(before);
  });

  it("is planned without a change, before a version is there, after, and beside another", async () => {
    const folder = writeProject();
    const planned = await runPlan(folder);
    expect(planned.notes).toEqual([
      `would prepare dataset ${planned.version} from colours, sizes, sames; nothing was written`,
    ]);
    expect(existsSync(join(folder, "prepared_data"))).toBe(false);
    await runPrepare(folder);
    await runPrepare(folder, set("prepare.seed=7"));
    const before = state(folder);
    // The version is there, and the pointer names another: a dry run moves not even that.
    const again = await runPlan(folder);
    expect([again.version, again.unchanged]).toEqual([planned.version, true]);
    expect(state(folder)).toEqual(before);
  });

  it("takes that many rows of each source with sample", async () => {
    const folder = writeProject();
    const { folder: made } = await runPrepare(folder, {}, { sample: 20 });
    const manifest = manifestOf(made);
    expect(manifest.sample).toBe(20);
    expect(manifest.sources.map(({ rows, sampled }) => [rows, sampled])).toEqual([
      [120, 20],
      [50, 20],
      [60, 20],
    ]);
  });

  it("warns where a sample has nothing for any map, and fails where the whole source has", async () => {
    const rows = [...namedRows(["a"], 50, 1), { text: "the only one", label: "b" }];
    const more = datasetToml("few", "rows.jsonl", "t", "", 'text = "text"\nwhere = "label = \'b\'"');
    const folder = oneTask(rows, more);
    const { warnings } = await runPrepare(folder, {}, { sample: 1 });
    expect(warnings).toEqual(['dataset "few": none of its maps gave a row of the 1 taken']);
    await expect(runPrepare(oneTask(rows, more.replace("'b'", "'c'")))).rejects.toMatchObject({
      code: "SOURCE_EMPTY",
      where: 'dataset "few"',
    });
    const optional = more.replace("'b'", "'c'").replace('name = "few"', 'name = "few"\nrequired = false');
    expect((await runPrepare(oneTask(rows, optional))).warnings).toContain(
      'dataset "few": none of its maps gave a row of the 51 taken',
    );
  });

  it("commits nothing where a file changes between its digest and its reading", async () => {
    const folder = oneTask(namedRows(["a", "b"], 20, 4));
    const reporter = {
      ...silentReporter,
      progress: (step: string) => {
        if (step === "reading rows") writeRows(join(folder, "rows.jsonl"), namedRows(["a", "b"], 20, 5));
      },
    };
    await expect(prepare(load(folder), reporter)).rejects.toMatchObject({
      code: "SOURCE_UNREADABLE",
      message: `${join(folder, "rows.jsonl")} changed while it was read`,
      where: 'dataset "rows"',
    });
    expect(namesIn(join(folder, PREPARED))).toEqual([]);
  });

  it("leaves an optional dataset out that can't be read, with none of its rows", async () => {
    const rows = namedRows(["a", "b"], 10, 1);
    const torn = (more: string) => datasetToml("torn", "torn.jsonl", "t", more);
    const write = (more: string) => {
      const folder = oneTask(rows, torn(more));
      const lines = namedRows(["a", "b"], 3000, 2).map((row) => JSON.stringify(row));
      writeFileSync(join(folder, "torn.jsonl"), `${lines.join("\n")}\n{"text": "half a row`);
      return folder;
    };
    const { warnings, folder: made } = await runPrepare(write("required = false"));
    expect(warnings).toEqual([
      expect.stringMatching(/^dataset "torn" is left out, since it is not required: .*torn\.jsonl/),
    ]);
    expect(manifestOf(made)).toMatchObject({ skipped: [{ dataset: "torn" }] });
    const [labels] = manifestOf(made).tasks.map((task) => task.labels);
    expect(labels?.map(({ train, test, eval: held }) => train.real + test.real + held.real)).toEqual([
      10, 10,
    ]);
    await expect(runPrepare(write(""))).rejects.toMatchObject({ code: "SOURCE_UNREADABLE" });
  });

  it("leaves an optional dataset out with a warning, and fails for a required one", async () => {
    const missing = (more: string) => datasetToml("gone", "gone.jsonl", "t", more);
    const rows = namedRows(["a", "b"], 10, 1);
    const { warnings, folder: made } = await runPrepare(oneTask(rows, missing("required = false")));
    expect(warnings.length).toBe(1);
    expect(warnings[0]).toContain('dataset "gone" is left out, since it is not required');
    expect(manifestOf(made).skipped).toEqual([{ dataset: "gone" }]);
    const [skipped] = readJson<{ skipped: readonly object[] }>(made, "run.json").skipped;
    expect(skipped).toMatchObject({ dataset: "gone", reason: "SOURCE_MISSING" });
    const folder = oneTask(rows, missing(""));
    await expect(runPrepare(folder)).rejects.toMatchObject({
      code: "SOURCE_MISSING",
      where: expect.stringContaining("gone"),
    });
    expect(existsSync(join(folder, "prepared_data"))).toBe(false);
  });

  it("reads no dataset that is not enabled", async () => {
    const folder = oneTask(
      namedRows(["a", "b"], 10, 1),
      datasetToml("gone", "gone.jsonl", "t", "enabled = false"),
    );
    const { folder: made, warnings } = await runPrepare(folder);
    expect(warnings).toEqual([]);
    expect(manifestOf(made).sources.map(({ dataset }) => dataset)).toEqual(["rows"]);
  });

  it("stops on a signal, and leaves no version, lock or temporary folder", async () => {
    const folder = writeProject();
    const stop = new AbortController();
    stop.abort();
    const error = await runPrepare(folder, {}, { signal: stop.signal }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ModelpackError);
    expect(error).toMatchObject({ code: "INTERRUPTED" });
    expect(namesIn(join(folder, PREPARED))).toEqual([]);
    expect((await runPrepare(folder)).unchanged).toBe(false);
  });

  it("keeps an official test set whole, and takes no other rows for it", async () => {
    const official = namedRows(["a", "b"], 7, 9);
    const folder = oneTask(
      [...namedRows(["a", "b"], 20, 1), official[0] as object],
      datasetToml("official", "official.jsonl", "t", "", 'role = "test"\ntext = "text"'),
    );
    writeRows(join(folder, "official.jsonl"), official);
    const { folder: made } = await runPrepare(folder);
    const [task] = manifestOf(made).tasks;
    expect(
      task?.labels.map(({ label, official: kept, test, train, eval: held }) => [
        label,
        kept.test,
        test.real,
        train.real + held.real,
      ]),
    ).toEqual([
      ["a", 7, 0, 20],
      ["b", 7, 0, 20],
    ]);
    expect(task?.drops).toMatchObject([{ reason: "duplicate_of_official", rows: 1 }]);
  });
});
