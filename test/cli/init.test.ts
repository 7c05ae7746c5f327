// SPDX-License-Identifier: Apache-2.0
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { init as runInit } from "../../src/cli/commands/init.ts";
import type { Context, Options } from "../../src/cli/context.ts";
import { ModelpackError } from "../../src/core/error.ts";
import { silentReporter } from "../../src/core/reporter.ts";
import type { LabelTally } from "../../src/pipeline/label-tally.ts";
import { writeParquet } from "../data/parquet.ts";
import { cli } from "../support/cli.ts";
import { hubServer } from "../support/hub.ts";
import { snli } from "../support/hub-datasets/pairs.ts";
import { banking77 } from "../support/hub-datasets/topics.ts";
import { modelpack } from "../support/pipeline-run.ts";
import { load, namedRows, readJson, runPrepare, writeRows } from "../support/project.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

interface InitJson {
  readonly written: boolean;
  readonly task: string;
  readonly texts: readonly string[];
  readonly label: string;
  readonly rows: number;
  readonly labels: readonly LabelTally[];
  readonly dropped: readonly { reason: string; rows: number }[];
  readonly notes: readonly string[];
  readonly toml: string;
}

/** Cells as a spreadsheet writes them. */
function csv(...rows: readonly (readonly string[])[]): string {
  const cell = (text: string) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return rows.map((row) => `${row.map(cell).join(",")}\n`).join("");
}

/** A folder with rows.csv: a text column, and what `more` adds to each row. */
function folderWith(
  header: readonly string[],
  labels: readonly string[],
  more: (i: number) => readonly string[] = () => [],
): string {
  const folder = temporaryFolder();
  const rows = namedRows(labels, 20, 3).map(({ text, label }, i) => [text, label, ...more(i)]);
  writeFileSync(join(folder, "rows.csv"), csv(header, ...rows));
  return folder;
}

/** The command without a process of its own: files and config in a folder. */
async function init(folder: string, names: readonly string[], options: Options = {}): Promise<InitJson> {
  const context: Context = {
    reporter: silentReporter,
    signal: new AbortController().signal,
    environment: {},
    clock: () => 0,
    stdin: new PassThrough(),
    colours: "none",
    commands: [],
    print: () => undefined,
    printFile: async () => undefined,
  };
  const config = join(folder, "model_pipeline.toml");
  const sources = names.map((name) => join(folder, name));
  const { json } = await runInit(context, { config, ...options }, sources);
  return json as unknown as InitJson;
}

const tomlOf = (folder: string) => readFileSync(join(folder, "model_pipeline.toml"), "utf8");

describe("modelpack init", () => {
  it("says what it saw, and writes what prepare runs", async () => {
    const folder = folderWith(["Customer Message", "Team", "user_id"], ["billing", "tech", "other"], (i) => [
      `u${i % 7}`,
    ]);
    const { code, out, err } = cli(folder, ["init", "rows.csv"]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/^rows\.csv \(train\): 60 rows, 3 columns$/m);
    expect(out).toMatch(/^Customer Message +text +60 +60 +text /m);
    expect(out).toMatch(/^Team +text +60 +3 +label +billing$/m);
    expect(out).toMatch(/^user_id +text +60 +7 +group \(in a comment\)/m);
    expect(out).toMatch(/^"tech" +20 /m);
    expect(out).toContain("next: modelpack check && modelpack prepare && modelpack train\n");
    const { config } = load(folder);
    expect(config.tasks[0]).toMatchObject({ name: "team", default: null });
    expect(config.tasks[0]?.labels.map(({ name }) => name)).toEqual(["billing", "other", "tech"]);
    expect(await runPrepare(folder)).toMatchObject({ deficit: 0 });
  });

  it("says the columns of the first file where there are several, and proposes no column of one value", () => {
    const folder = temporaryFolder();
    const lines = (from: number, rows: number) => [
      "text,label,source",
      ...Array.from({ length: rows }, (_, i) => `text number ${from + i} of all,${"ab"[i % 2]},web`),
    ];
    writeFileSync(join(folder, "train.csv"), lines(0, 40).join("\n"));
    writeFileSync(join(folder, "test.csv"), lines(40, 20).join("\n"));
    const { out } = cli(folder, ["init", "train.csv", "test.csv"]);
    expect(out).toContain("train.csv (train), test.csv (test): 40 train rows, 3 columns\n");
    expect(out).not.toContain("--label");
  });

  it("says which flag to change where it leaves no labels", async () => {
    const folder = folderWith(["text", "label"], ["a", "b"]);
    await expect(init(folder, ["rows.csv"], { minRows: "500" })).rejects.toMatchObject({
      code: "TASK_UNTRAINABLE",
      hint: expect.stringContaining("ask for fewer rows of a label than --min-rows 500"),
    });
  });

  it("spells names in plain letters, and next steps so that a shell takes them", () => {
    const folder = folderWith(["text", "Kategorie (geprüft)"], ["a", "b"]);
    const { out } = cli(folder, ["init", "rows.csv", "-c", "mein Ordner/a'b.toml"]);
    expect(out).toContain("\ntask kategorie_gepruft, 2 labels\n");
    expect(out).toContain("then: modelpack predict -c 'mein Ordner/a'\\''b.toml' \"your text\"\n");
  });

  it("keeps a config that is there, unless told to write over it", async () => {
    const folder = folderWith(["text", "label"], ["a", "b"]);
    writeFileSync(join(folder, "model_pipeline.toml"), "# mine\n");
    await expect(init(folder, ["rows.csv"])).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringContaining("is there already"),
      hint: expect.stringContaining("--force"),
    });
    const shown = await init(folder, ["rows.csv"], { dryRun: true });
    expect([shown.written, tomlOf(folder)]).toEqual([false, "# mine\n"]);
    const { written } = await init(folder, ["rows.csv"], { force: true });
    expect([written, tomlOf(folder)]).toEqual([true, shown.toml]);
  });

  it("takes the label of a hostile file as it is", async () => {
    const labels = ["__proto__", "constructor", "10", 'quo"te\\', "line\nend", "日本"];
    const folder = folderWith(['te"xt\n#', "la'bel"], labels);
    await init(folder, ["rows.csv"]);
    expect(
      load(folder)
        .config.tasks[0]?.labels.map(({ name }) => name)
        .sort(),
    ).toEqual([...labels].sort());
    await runPrepare(folder);
    const { out } = cli(folder, ["status", "--json"]);
    const { tasks } = JSON.parse(out) as {
      tasks: { drops: unknown[]; labels: { train: { real: number } }[] }[];
    };
    expect(tasks[0]?.drops).toEqual([]);
    expect(tasks[0]?.labels.every(({ train }) => train.real === 12)).toBe(true);
  });

  it("counts what prepare will drop, and reports what is rare or spelt in two ways", async () => {
    const folder = folderWith(["text", "label"], ["a", "b"]);
    const more = csv(["one more text", "A"], ["a text of nobody", ""], ["", "b"], ["none of these", "-"]);
    writeFileSync(join(folder, "rows.csv"), readFileSync(join(folder, "rows.csv"), "utf8") + more);
    const { labels, dropped, notes } = await init(folder, ["rows.csv"]);
    expect(labels.map(({ label, train }) => [label, train])).toEqual([
      ["A", 1],
      ["a", 20],
      ["b", 20],
    ]);
    expect(dropped.map(({ reason, rows }) => `${rows} ${reason}`).sort()).toEqual([
      '1 whose label "-" says that there is none',
      "1 without a label",
      "1 without a text",
    ]);
    expect(notes[0]).toContain('fewer than 10 rows: "A"');
    expect(notes[1]).toContain('"A", "a" differ in case or spaces alone');
    const frequent = await init(folder, ["rows.csv"], { force: true, minRows: "10" });
    expect(frequent.labels.map(({ label }) => label)).toEqual(["a", "b"]);
    expect(frequent.dropped).toContainEqual({ reason: "of labels with fewer than 10 rows", rows: 1 });
  });

  it("maps a split column to roles", async () => {
    const split = (i: number) => [["train", "train", "train", "test", "dev"][i % 5] ?? ""];
    const folder = folderWith(["text", "label", "split"], ["a", "b"], split);
    const { labels } = await init(folder, ["rows.csv"]);
    expect(labels.map(({ train, test, eval: held }) => [train, test, held])).toEqual([
      [12, 4, 4],
      [12, 4, 4],
    ]);
    const { tasks } = readJson<{ tasks: { labels: { official: object }[] }[] }>(
      (await runPrepare(folder)).folder,
      "manifest.json",
    );
    const [task] = tasks;
    expect(task?.labels[0]?.official).toEqual({ test: 4, eval: 4 });
  });

  it("makes files of several splits datasets of their own", async () => {
    const folder = temporaryFolder();
    for (const [name, seed] of [
      ["set-train", 1],
      ["set-test", 2],
    ] as const)
      writeRows(
        join(folder, `${name}.jsonl`),
        namedRows(["x", "y"], 20, seed).map(({ text, label }) => ({ said: text, intent: label })),
      );
    await init(folder, ["set-*.jsonl"]);
    const { datasets, tasks } = load(folder).config;
    expect(tasks[0]?.name).toBe("intent");
    expect(datasets.map(({ name, path, map }) => [name, path, map[0]?.role])).toEqual([
      ["set_train", ["set-train.jsonl"], "train"],
      ["set_test", ["set-test.jsonl"], "test"],
    ]);
    expect(await runPrepare(folder)).toMatchObject({ deficit: 0 });
  });

  it("finds the delimiter of each split's files, and writes it where the names do not say it", async () => {
    const folder = temporaryFolder();
    const lines = (delimiter: string, end: string, seed: number) =>
      namedRows(["gr\u00fcn", 'r"ot'], 20, seed)
        .map(({ text, label }, i) =>
          [`${i},50`, `"${text}${delimiter} ja"`, `"${label.replaceAll('"', '""')}"`].join(delimiter),
        )
        .join(end);
    const head = (delimiter: string) => ["Preis", "Nachricht", "Farbe"].join(delimiter);
    writeFileSync(join(folder, "a-train.csv"), `\ufeff${head(";")}\r\n${lines(";", "\r\n", 1)}\r\n`);
    writeFileSync(join(folder, "a-test.csv"), `${head("|")}\n${lines("|", "\n", 2)}`);
    const { texts, label, toml } = await init(folder, ["a-*.csv"]);
    expect([texts, label]).toEqual([["Nachricht"], "Farbe"]);
    expect(toml).toMatch(/^path = "a-train\.csv" .*\ndelimiter = ";" +# between its columns$/m);
    const { datasets, tasks } = load(folder).config;
    expect(tasks[0]?.labels.map(({ name }) => name)).toEqual(["gr\u00fcn", 'r"ot']);
    expect(datasets.map(({ name, delimiter }) => [name, delimiter])).toEqual([
      ["a_train", ";"],
      ["a_test", "|"],
    ]);
    const { folder: prepared } = await runPrepare(folder);
    const { sources } = readJson<{ sources: { rows: number }[] }>(prepared, "manifest.json");
    expect(sources.map(({ rows }) => rows)).toEqual([40, 40]);
    const usual = folderWith(["text", "label"], ["a", "b"]);
    expect((await init(usual, ["rows.csv"])).toml).not.toContain("delimiter");
  });

  it("reads class numbers of Parquet as names, and pairs", async () => {
    const folder = temporaryFolder();
    const features = { label: { names: ["no", "yes"], _type: "ClassLabel" } };
    await writeParquet(
      join(folder, "rows.parquet"),
      "SELECT i AS idx, 'is the number ' || i || ' even' AS question1, 'can two divide ' || i AS question2, i % 2 AS label FROM range(100) t(i)",
      { huggingface: JSON.stringify({ info: { features } }) },
    );
    const { texts, labels } = await init(folder, ["rows.parquet"], { task: "same" });
    expect([texts, labels.map(({ label }) => label)]).toEqual([
      ["question1", "question2"],
      ["no", "yes"],
    ]);
    expect(await runPrepare(folder)).toMatchObject({ deficit: 0 });
  });

  it("shows how to predict a pair", () => {
    const folder = folderWith(["question1", "label", "question2"], ["no", "yes"], (i) => [
      `another one, ${i}`,
    ]);
    const { out } = cli(folder, ["init", "rows.csv"]);
    expect(out).toContain('then: modelpack predict --pair "one text" "the other"\n');
  });

  it("maps lists of one label by SQL", async () => {
    const folder = temporaryFolder();
    const rows = namedRows(["joy", "fear"], 20, 5).map(({ text, label }, i) => ({
      text,
      labels: i % 4 === 0 ? ["joy", "fear"] : [label],
    }));
    writeRows(join(folder, "rows.jsonl"), rows);
    const { dropped } = await init(folder, ["rows.jsonl"]);
    expect(dropped).toEqual([{ reason: "with several labels, or none", rows: 10 }]);
    expect(await runPrepare(folder)).toMatchObject({ deficit: 0 });
  });

  it.each<[string, string | Buffer, Options, string]>([
    ["empty.csv", "", {}, "empty.csv is empty"],
    ["head.csv", "text,label\n", {}, "the files hold no rows"],
    ["open.csv", 'text,label\n"hello,a\n', {}, "line 2: a quote is opened here and never closed"],
    [
      "same.csv",
      "text,label\nhello there you,a\nbye now then,a\nwell done sir,a\n",
      {},
      'all rows have the label "a"',
    ],
    ["book.csv", Buffer.from("PK\u0003\u0004\0\0\0\0"), {}, "a ZIP archive or a spreadsheet"],
    ["wide.csv", Buffer.from("\ufefftext,label\n", "utf16le"), {}, "UTF-16"],
    ["typo.csv", "text,label\nhello there,a\nbye now,b\n", { label: "labl" }, 'did you mean "label"?'],
    ["task.csv", "text,label\nhello there,a\nbye now,b\n", { task: "My Task" }, "--task takes a name"],
    [
      "ids.csv",
      csv(["text", "label"], ...namedRows(["a", "b"], 20, 1).map(({ text }, i) => [text, `k${i}`])),
      { label: "label" },
      "40 distinct values in 40 rows are too many for labels",
    ],
  ])("%s: says what is wrong and what to do, and writes nothing", async (name, content, options, message) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, name), content);
    const error = await init(folder, [name], options).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ModelpackError);
    const { message: said, hint = "" } = error as ModelpackError;
    expect(`${said}\n${hint}`).toContain(message);
    expect(hint).not.toBe("");
    expect(existsSync(join(folder, "model_pipeline.toml"))).toBe(false);
  });

  it("without a source says which files are there, and does not wait for an answer", () => {
    const { code, err } = cli(folderWith(["text", "label"], ["a", "b"]), ["init"]);
    expect(code).toBe(2);
    expect(err).toContain("here are rows.csv");
    expect(err).toContain("hint: modelpack init rows.csv");
  });
});

/** An empty folder, with the one for temporary files that {@link modelpack} gives its runs. */
function emptyProject(): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "tmp"));
  return folder;
}

describe("modelpack init of a dataset of the Hub", () => {
  it("names its classes, keeps its splits, and leaves the files where prepare finds them", async () => {
    const { fixture } = await banking77();
    const server = await hubServer([fixture]);
    const folder = emptyProject();
    const env = { HF_ENDPOINT: server.url };
    expect(await modelpack(folder, ["init", "PolyAI/banking77"], { env })).toMatchObject({ status: 0 });
    const { tasks, datasets } = load(folder).config;
    expect(tasks[0]).toMatchObject({ name: "banking77" });
    expect(tasks[0]?.labels).toHaveLength(77);
    expect(tasks[0]?.labels.map(({ name }) => name)).toContain("activate_my_card");
    expect(datasets.map(({ split, license, map }) => [split, license, map[0]?.role])).toEqual([
      ["train", "cc-by-4.0", "train"],
      ["test", "cc-by-4.0", "test"],
    ]);
    server.reset();
    expect(await modelpack(folder, ["prepare"], { env })).toMatchObject({ status: 0 });
    expect(
      server.requests.filter(({ url }) => url.includes("/resolve/") && url.endsWith(".parquet")),
    ).toEqual([]);
  });

  it("reads its pairs", async () => {
    const { fixture } = await snli();
    const server = await hubServer([fixture]);
    const folder = emptyProject();
    const run = await modelpack(
      folder,
      ["init", "https://huggingface.co/datasets/stanfordnlp/snli", "--json"],
      {
        env: { HF_ENDPOINT: server.url },
      },
    );
    const { texts, labels } = JSON.parse(run.stdout) as InitJson;
    expect(texts).toEqual(["premise", "hypothesis"]);
    expect(labels.map(({ label }) => label)).toEqual(["contradiction", "entailment", "neutral"]);
  });

  it.each([
    ["nobody/nothing", "there is none called nobody/nothing here"],
    ["PolyAI/banking77", "--hub-config"],
  ])("%s: says what to do", async (id, hint) => {
    const { fixture } = await banking77();
    const train = fixture.parquet?.default ?? {};
    const server = await hubServer([{ ...fixture, parquet: { one: train, two: train } }]);
    const run = await modelpack(emptyProject(), ["init", id], { env: { HF_ENDPOINT: server.url } });
    expect(run.status).toBe(1);
    expect(run.stderr).toContain(hint);
  });

  it("without a network says so", async () => {
    const env = { HF_ENDPOINT: "http://127.0.0.1:9" };
    const run = await modelpack(emptyProject(), ["init", "a/b"], { env });
    expect(run.status).toBe(1);
    expect(run.stderr).toMatch(/^error: .*127\.0\.0\.1:9/m);
    expect(run.stderr).toContain("if you meant a file");
  });
});
