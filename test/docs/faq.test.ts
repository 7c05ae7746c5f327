// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { cli, jsonOf } from "../support/cli.ts";
import { matchesOutput } from "../support/docs.ts";
import { CHECKOUT } from "../support/pipeline-run.ts";
import { sharedFolder } from "../support/temporary-folder.ts";

// Makes each error of docs/faq.md happen, and compares it with what the page shows.

const PLAIN = `[prepare]
target_per_task_label = 0

[[tasks]]
name = "team"
family = "team"
labels = ["billing", "tech"]

[[datasets]]
name = "rows"
kind = "local"
path = "rows.csv"
[[datasets.map]]
task = "team"
text = "message"
label_column = "team"
`;
const HUB = PLAIN.replace('kind = "local"\npath = "rows.csv"', 'dataset_id = "PolyAI/banking77"').replace(
  'name = "rows"',
  'name = "banking77"',
);
const NOBODY = "http://127.0.0.1:48211";

const WORDS = [
  "invoice",
  "refund",
  "card",
  "plan",
  "receipt",
  "price",
  "crash",
  "login",
  "page",
  "sync",
  "export",
  "upload",
];
const ROWS = `message,team\n${WORDS.map((word, i) => `what is it with my ${word} number ${i * 7919},${i < 6 ? "billing" : "tech"}\n`).join("")}`;

interface Case {
  /** What is replaced in the plain config. */
  readonly toml?: readonly [string, string] | string;
  readonly files?: Readonly<Record<string, string | Buffer>>;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const path = (name: string, content: string | Buffer): Case => ({
  toml: ["rows.csv", name],
  files: { [name]: content },
  args: ["prepare"],
});

/** By the heading of each entry. */
const CASES: Readonly<Record<string, Case>> = {
  "`CONFIG_INVALID`: an unknown key": { toml: ["[prepare]", "[prepare]\nseeed = 1"], args: ["check"] },
  "`CONFIG_INVALID`: a label that the task does not have": {
    toml: ['label_column = "team"', 'label_column = "team"\nlabel_map = { billing = "money" }'],
    args: ["check"],
  },
  "`CONFIG_INVALID`: no file there": { args: ["check", "-c", "nowhere.toml"] },
  "`SOURCE_MISSING`": { toml: ["rows.csv", "row.csv"], args: ["prepare"] },
  "`SOURCE_UNREADABLE`: a broken line of CSV": path("broken.csv", 'message,team\n"hello,billing\n'),
  "`SOURCE_UNREADABLE`: not UTF-8": path(
    "latin.csv",
    Buffer.from("message,team\ncaf\u00e9 au lait,billing\nth\u00e9,tech\n", "latin1"),
  ),
  "`COLUMN_MISSING`": { toml: ['"message"', '"massage"'], args: ["prepare"] },
  "`COLUMN_TYPE`": path("list.jsonl", '{"message":["a"],"team":"tech"}\n'),
  "`MAPPING_INVALID`": {
    toml: ['text = "message"', 'where = "lenght(message) > 3"\ntext = "message"'],
    args: ["prepare"],
  },
  "`SOURCE_EMPTY`": path("header.csv", "message,team\n"),
  "`HUB_OFFLINE`": { toml: HUB, args: ["prepare", "--disable-download"] },
  "`HUB_UNREACHABLE`": { toml: HUB, args: ["prepare"], env: { HF_ENDPOINT: NOBODY } },
  "`LOCK_MISMATCH`": { toml: HUB, args: ["prepare", "--locked"] },
  "`CONFIG_INVALID`: no model named": {
    args: ["prepare", "--target-per-task-label", "50"],
    env: { LLM_EVAL__MODEL: "" },
  },
  "`LLM_UNREACHABLE`": {
    args: [
      "prepare",
      "--target-per-task-label",
      "50",
      "--set",
      "synthetic_llm.model=x",
      "--set",
      `synthetic_llm.base_url=${NOBODY}/v1`,
    ],
  },
  "`DATASET_MISSING`": { toml: ["[prepare]", '[paths]\nprepared_dir = "none"\n[prepare]'], args: ["train"] },
  "`DATASET_MISMATCH`": { toml: ['"tech"]', '"technical"]'], args: ["train"] },
  "`MODEL_MISSING`": { args: ["predict", "--pack", "none", "hello"] },
  "`USAGE`: a task that the pack does not have": { args: ["predict", "--task", "teem", "hello"] },
};

const page = readFileSync(join(CHECKOUT, "docs", "faq.md"), "utf8");
const entries = [...page.matchAll(/^### (.*)\n\n```text\n([\s\S]*?)```/gm)].map(
  ([, title = "", shown = ""]) => ({ title, shown }),
);

interface Failure {
  readonly error: { code: string; message: string; where: string | null; hint: string | null };
}

describe("docs/faq.md", () => {
  const folder = sharedFolder();
  const config = join(folder, "model_pipeline.toml");

  beforeAll(() => {
    writeFileSync(join(folder, "rows.csv"), ROWS);
    writeFileSync(config, PLAIN);
    for (const command of ["prepare", "train"]) expect(cli(folder, [command]).code).toBe(0);
  });

  it("has a case for each entry with an error", () => {
    expect(entries.map(({ title }) => title)).toEqual(Object.keys(CASES));
  });

  it("names codes that exist", () => {
    const source = readFileSync(join(CHECKOUT, "src", "core", "error.ts"), "utf8");
    for (const [, code] of page.matchAll(/`([A-Z]+_[A-Z_]+)`/g)) {
      if (code === undefined || /^(HF|HTTPS|LLM_EVAL)_/.test(code)) continue;
      expect(source, code).toContain(`"${code}"`);
    }
  });

  it.each(entries)("$title", ({ title, shown }) => {
    const { toml = PLAIN, files = {}, args, env = {} } = CASES[title] as Case;
    writeFileSync(config, typeof toml === "string" ? toml : PLAIN.replace(...toml));
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    const run = cli(folder, [...args, "--json"], { env });
    expect(run.code).toBeGreaterThan(0);
    const { code, message, where, hint } = jsonOf<Failure>(run).error;
    expect(title).toContain(`\`${code}\``);
    const isRendered = code === "CONFIG_INVALID" && where === null;
    const lines = [isRendered ? message : `error: ${message}`];
    if (where !== null) lines.push(`  --> ${where}`);
    if (hint !== null) lines.push(`   = hint: ${hint}`);
    expect(matchesOutput(lines.join("\n"), shown), lines.join("\n")).toBe(true);
  });
});
