// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readExamples } from "../../src/data/dataset.ts";
import { openModelpack } from "../../src/runtime/node.ts";
import { cli, jsonOf } from "../support/cli.ts";
import { datasetToml, load, namedRows, namesIn, readJson, taskToml, writeRows } from "../support/project.ts";
import { sharedFolder } from "../support/temporary-folder.ts";

/** Labels of strangers: property names, integers out of order, two forms of one word, what terminals obey. */
const LABELS = [
  "__proto__",
  "constructor",
  "10",
  "2",
  "caf\u00e9",
  "cafe\u0301",
  "\u001b[31mred",
  "a\nb",
  "\u009b2J",
  "x".repeat(500),
];
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;
const folder = sharedFolder();
let pack = "";

function run(...args: string[]): string {
  const { code, out, err } = cli(folder, args);
  expect(code, err).toBe(0);
  expect(out).not.toMatch(OBEYED);
  expect(err).not.toMatch(OBEYED);
  return out;
}

beforeAll(() => {
  // A label no row has and a text that a terminal would obey go into drops and warnings.
  writeRows(join(folder, "rows.jsonl"), [
    ...namedRows(LABELS, 20, 1),
    { text: "\u009b1m bold", label: "\u001b[5m" },
  ]);
  writeFileSync(
    join(folder, "model_pipeline.toml"),
    `[prepare]\ntarget_per_task_label = 20\nnear_duplicate_threshold = 0.95\n[train]\nmax_iter = 4\n${taskToml("constructor", "f", [...LABELS, "\u001b[0m"])}${datasetToml("\u001b[1mrows", "rows.jsonl", "constructor")}`,
  );
  run("prepare", "--no-llm");
  run("train");
  pack = join(
    folder,
    "trained_models",
    readJson<{ version: string }>(folder, "trained_models", "latest.json").version,
  );
});

describe("labels of strangers", () => {
  it("come out of prepare with their names, order and counts", async () => {
    const prepared = join(folder, "prepared_data", "modelpack");
    const version = join(prepared, readJson<{ version: string }>(prepared, "current.json").version);
    const manifest = readJson<{
      tasks: { labels: { label: string; train: { real: number }; deficit: number }[] }[];
    }>(version, "manifest.json");
    expect(
      manifest.tasks[0]?.labels.map(({ label, train, deficit }) => [label, train.real, deficit]),
    ).toEqual([...LABELS.map((label) => [label, 16, 0]), ["\u001b[0m", 0, 20]]);
    const train = await readExamples(version, "f", "train", load(folder).config.tasks);
    const counts = LABELS.map(
      (_, k) => train.get("constructor")?.label.filter((label) => label === k).length,
    );
    expect(counts).toEqual(LABELS.map(() => 16));
  });

  it("stand in every JSON file of a pack, in their order", () => {
    const all = [...LABELS, "\u001b[0m"];
    expect(readJson<{ tasks: unknown }>(pack, "f_label_map.json").tasks).toEqual([
      { task: "constructor", labels: all },
    ]);
    for (const split of ["test", "eval"]) {
      const metrics = readJson<{ per_task: Record<string, { labels: string[] }> }>(
        pack,
        `f_metrics_${split}.json`,
      );
      expect(Object.entries(metrics.per_task).map(([task, m]) => [task, m.labels])).toEqual([
        ["constructor", all],
      ]);
      const report = readJson<{
        per_task: Record<string, { per_label: { label: string; support: number }[] }>;
      }>(pack, `f_report_${split}.json`);
      expect(
        Object.values(report.per_task)[0]?.per_label.map(({ label, support }) => [label, support]),
      ).toEqual(all.map((label, k) => [label, k < LABELS.length ? 2 : 0]));
    }
    for (const name of namesIn(pack).filter((file) => file.endsWith(".json")))
      expect(readFileSync(join(pack, name), "utf8"), name).not.toMatch(/"(10|2|__proto__)":/);
  });

  it("are predicted by their exact names, by the runtime and by the command line", async () => {
    const runtime = await openModelpack<Readonly<Record<string, string>>>(pack, { strict: true });
    const texts = LABELS.map((_, k) => `topic${k} about${k}`);
    expect(texts.map((text) => runtime.predict("constructor", text).label)).toEqual(LABELS);
    const all = runtime.predict("constructor", texts[3] ?? "", { probabilities: true }).probabilities;
    expect(all?.map(({ label }) => label).sort()).toEqual([...LABELS, "\u001b[0m"].sort());
    const { predictions } = JSON.parse(run("predict", "--json", ...texts)) as {
      predictions: { predictions: { label: string }[] }[];
    };
    expect(predictions.map(({ predictions: [first] }) => first?.label)).toEqual(LABELS);
  });

  it("never reach a terminal raw, nor break its lines", () => {
    expect(run("predict", "topic6 about6", "topic7 about7").split("\n")).toEqual([
      "topic6 about6",
      expect.stringMatching(/^ {2}constructor: {2}\\u001b\[31mred {2}[01]\.\d{3}$/),
      "topic7 about7",
      expect.stringMatching(/^ {2}constructor: {2}a\\nb {2}[01]\.\d{3}$/),
      "",
    ]);
    expect(run("predict", "two\nlines\u001b[2J", "b").split("\n")[0]).toBe("two\\nlines\\u001b[2J");
    run("predict", "--top", "20", "topic8 about8");
    const explained = run("explain", "--task", "constructor", "topic7 about7 \u001b[31m").split("\n");
    expect(explained[0]).toMatch(/^constructor: a\\nb \(/);
    for (const command of ["status", "types", "evaluate", "check"]) run(command);
    run("check", "--print");
    const failed = cli(folder, ["explain", "--task", "\u001b[31m", "x"]);
    expect(failed.code).toBe(2);
    expect(failed.err).not.toMatch(OBEYED);
  });

  it("keep the columns of a table on the screen", () => {
    for (const line of run("status").split("\n")) expect(line.length).toBeLessThan(130);
    const lines = run("explain", "--task", "constructor", `topic9 about9 ${"y".repeat(300)}`).split("\n");
    const table = lines.findIndex((line) => line.startsWith("n-gram "));
    expect(table).toBeGreaterThan(0);
    for (const line of lines.slice(table)) expect(line.length).toBeLessThan(220);
  });

  it("are string literals in the types that `types` writes", () => {
    const source = run("types");
    expect(source).toContain(
      'readonly constructor: "__proto__" | "constructor" | "10" | "2" | "caf\u00e9" | "cafe\u0301" | "\\u001b[31mred" | "a\\nb" | "\\u009b2J"',
    );
    const { source: same } = jsonOf<{ source: string }>(cli(folder, ["types", "--json"]));
    expect(same.trim()).toBe(source.trim());
  });
});
