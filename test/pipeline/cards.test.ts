// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { readParquet } from "../data/parquet.ts";
import { CHECKOUT } from "../support/pipeline-run.ts";
import {
  datasetToml,
  namedRows,
  readJson,
  runPrepare,
  runTrain,
  taskToml,
  writeProject,
  writeRows,
} from "../support/project.ts";
import { sharedFolder } from "../support/temporary-folder.ts";

/** What would break out of YAML, of a table, of HTML. */
const NAME = '"\n---\nlicense: mit | <script>alert(1)</script> \u202e';
const LABELS = ["a|b", "<img src=x onerror=alert(1)>", "`x` [y](javascript:z)", "never"];

let prepared = "";
let trained = "";
let folder = "";

/** The metadata block and the Markdown of a card. */
function cardOf(path: string): { metadata: Record<string, unknown>; text: string } {
  const [, block = "", text = ""] =
    /^---\n([\s\S]*?\n)---\n\n([\s\S]*)$/.exec(readFileSync(path, "utf8")) ?? [];
  return { metadata: parse(block), text };
}

beforeAll(async () => {
  const lines = `language = "de-AT"`;
  const toml = `[prepare]
target_per_task_label = 60
near_duplicate_threshold = 0.95

[train]
max_iter = 3
max_features = 2000

${taskToml("colour", "router", LABELS, `default = "never"\ndescription = ${JSON.stringify(`# what\u2028 ${NAME}`)}`)}
${datasetToml(NAME, "rows.jsonl", "colour", "", `text = "text"\n${lines}`)}`;
  folder = writeProject(sharedFolder(), toml);
  writeRows(join(folder, "rows.jsonl"), [
    ...namedRows(LABELS.slice(0, 3), 40, 1),
    { text: "no such label", label: "<b>" },
  ]);
  prepared = (await runPrepare(folder)).folder;
  trained = (await runTrain(folder)).folder;
});

describe("DATA_CARD.md", () => {
  it("has metadata by which the Hub finds the files of every split", async () => {
    const { metadata } = cardOf(join(prepared, "DATA_CARD.md"));
    expect(metadata).toMatchObject({
      license: "cc0-1.0",
      language: ["de"],
      task_categories: ["text-classification"],
      size_categories: ["n<1K"],
      annotations_creators: ["found"],
    });
    const [config] = metadata.configs as {
      config_name: string;
      data_files: { split: string; path: string }[];
    }[];
    expect(config?.config_name).toBe("router");
    expect(config?.data_files.map(({ split }) => split)).toEqual(["train", "test", "validation"]);
    for (const { path } of config?.data_files ?? [])
      expect((await readParquet(join(prepared, path))).length).toBeGreaterThan(0);
  });

  it("says what came, what was dropped and what lacks, in tables that hostile names leave whole", () => {
    const { text } = cardOf(join(prepared, "DATA_CARD.md"));
    expect(text).toContain("| `colour` | 1 | with a label that the task does not have |");
    expect(text).toMatch(/\n\| a\\\|b \| 32 \| 4 \| 4 \| 0 \| 20 \|\n/);
    expect(text).toMatch(/\n\| never \| 0 \| 0 \| 0 \| 0 \| 60 \|\n/);
    expect(text).toContain("- `colour`: 1 label of 4 without a train row.");
    expect(text).not.toMatch(/<script|<img|\u202e|\u2028|out.of.scope/);
    expect(text).not.toContain(folder);
  });
});

describe("DATA_CARD.md of tasks with official rows and without", () => {
  const project = sharedFolder();
  let text = "";

  beforeAll(async () => {
    const labels = ["red", "green"];
    const toml = `[prepare]
target_per_task_label = 0
near_duplicate_threshold = 0.95
train_ratio = 6
test_ratio = 2
eval_ratio = 2

${["tested", "measured", "own"].map((task) => taskToml(task, "router", labels)).join("\n")}
${["tested", "measured", "own"].map((task) => datasetToml(task, `${task}.jsonl`, task)).join("\n")}
${datasetToml("published", "published.jsonl", "tested", "", 'role = "test"\ntext = "text"')}
${datasetToml("held", "held.jsonl", "measured", "", 'role = "eval"\ntext = "text"')}`;
    writeProject(project, toml);
    for (const [i, name] of ["tested", "measured", "own", "published", "held"].entries())
      writeRows(join(project, `${name}.jsonl`), namedRows(labels, i < 3 ? 50 : 7, i + 1));
    text = cardOf(join((await runPrepare(project)).folder, "DATA_CARD.md")).text;
  });

  it("gives the shares by which each task's rows were dealt", () => {
    const rows = text.split("\n").filter((line) => /^\| (red|green) /.test(line));
    expect(rows).toEqual([
      ...labelRows("40 | 7 | 10 | 7"),
      ...labelRows("40 | 10 | 7 | 7"),
      ...labelRows("30 | 10 | 10"),
    ]);
    expect(text).toContain(
      "in the shares below (seed 42). Where a source brings official test or eval rows, these are all of that split",
    );
    expect(text).toContain("\n| task | train | test | eval | groups | ");
    expect(text).toContain("\n| `tested` | 80.0\u00a0% | official | 20.0\u00a0% | 100 | ");
    expect(text).toContain("\n| `measured` | 80.0\u00a0% | 20.0\u00a0% | official | 100 | ");
    expect(text).toContain("\n| `own` | 60.0\u00a0% | 20.0\u00a0% | 20.0\u00a0% | 100 | ");
  });

  it("says nothing of official rows where no source brings any", () => {
    const { text: other } = cardOf(join(prepared, "DATA_CARD.md"));
    expect(other).toContain("in the shares below (seed 42).\n");
    expect(other).toContain("\n| `colour` | 80.0\u00a0% | 10.0\u00a0% | 10.0\u00a0% | ");
  });

  /** Lines of both labels, with no row over the cap and none lacking. */
  function labelRows(counts: string): string[] {
    return ["red", "green"].map((label) => `| ${label} | ${counts} | 0 | 0 |`);
  }
});

describe("MODEL_CARD.md", () => {
  it("has metadata with the results that the Hub reads, of the version's own figures", () => {
    const { metadata } = cardOf(join(trained, "MODEL_CARD.md"));
    expect(metadata).toMatchObject({
      license: "cc0-1.0",
      language: ["de"],
      library_name: "modelpack",
      pipeline_tag: "text-classification",
      metrics: ["accuracy", "f1"],
    });
    const { version, dataset } = readJson<{ version: string; dataset: string }>(trained, "manifest.json");
    const { per_task } = readJson<{ per_task: { colour: { accuracy: number; macro_f1: number } } }>(
      trained,
      "router_metrics_test.json",
    );
    expect(metadata["model-index"]).toEqual([
      {
        name: `modelpack-${version}`,
        results: [
          {
            task: { type: "text-classification", name: "colour" },
            dataset: { type: `modelpack-${dataset}`, name: `${NAME} (rows held out)`, split: "test" },
            metrics: [
              { type: "accuracy", value: Number(per_task.colour.accuracy.toFixed(4)), name: "Accuracy" },
              {
                type: "f1",
                value: Number(per_task.colour.macro_f1.toFixed(4)),
                name: "Macro F1",
                args: { average: "macro" },
              },
            ],
          },
        ],
      },
    ]);
  });

  it("says what speaks against it, by name, and lets nothing of the data be markup", () => {
    const { text } = cardOf(join(trained, "MODEL_CARD.md"));
    expect(text).toContain("- `colour`: no train row has the label never: never predicted.");
    expect(text).toContain("- `colour`: only 12 real rows measured it; the figures are rough.");
    expect(text).toContain("Languages that train rows state: de.");
    expect(text).not.toMatch(/<script|<img|\u202e|\u2028|(?<!\\)\]\(javascript/);
    expect(text).not.toContain(folder);
    expect(text).not.toContain("topic0");
  });

  it("is covered by the manifest", () => {
    const { files } = readJson<{ files: { name: string }[] }>(trained, "manifest.json");
    expect(files.map(({ name }) => name)).toContain("MODEL_CARD.md");
  });

  it("has code that runs", () => {
    const { text } = cardOf(join(trained, "MODEL_CARD.md"));
    const code = /```js\n([\s\S]*?)\n```/.exec(text)?.[1] ?? "";
    const home = join(folder, "user");
    mkdirSync(join(home, "node_modules"), { recursive: true });
    symlinkSync(CHECKOUT, join(home, "node_modules", "modelpack"), "dir");
    writeFileSync(join(home, "use.mjs"), code.replace('"."', JSON.stringify(trained)));
    const { stdout, stderr } = spawnSync(process.execPath, ["use.mjs"], { cwd: home, encoding: "utf8" });
    expect(stderr).toBe("");
    expect(stdout).toContain("source: 'model'");
  });
});
