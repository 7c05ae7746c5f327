// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { check } from "../../src/config/fields.ts";
import { configSchema, jsonSchema } from "../../src/config/schema.ts";
import { parseToml } from "../../src/config/toml.ts";
import { TASK } from "./fixture.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const validate = new Ajv({ strict: false }).compile(jsonSchema());

// toml.ts's tables have no prototype, which ajv takes for granted nowhere; a copy through entries keeps
// `__proto__` a key.
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

function dataset(...lines: string[]): string {
  return `${TASK}[[datasets]]\nname = "d"\n${lines.join("\n")}\n`;
}

describe("the JSON Schema and the schema that it comes from agree", () => {
  it.each<[string, boolean]>([
    [TASK, true],
    ["", false],
    ["tasks = []", false],
    [`[train]\nmax_iter = 3\n${TASK}`, true],
    [`[train]\nmax_iter = 3.0\n${TASK}`, true],
    [`[train]\nmax_iter = 3.5\n${TASK}`, false],
    [`[train]\nmax_iter = 0\n${TASK}`, false],
    [`[train]\nmax_itr = 3\n${TASK}`, false],
    [`[train]\nalpha = "auto"\n${TASK}`, true],
    [`[train]\nalpha = 0.5\n${TASK}`, true],
    [`[train]\nalpha = 0\n${TASK}`, false],
    [`[train]\nclass_weight = 0.25\n${TASK}`, true],
    [`[train]\nclass_weight = 2\n${TASK}`, false],
    [`[train]\nfamilies = ["a"]\n${TASK}`, true],
    [`[train]\nfamilies = ["A"]\n${TASK}`, false],
    [`[train]\nearly_stopping = 1\n${TASK}`, false],
    [`[train.overrides."family.router"]\nmax_features = 3\n${TASK}`, true],
    [`[train.overrides."family.router"]\nworkers = 3\n${TASK}`, false],
    [`[train.overrides."task.mood"]\nalpha = 3\n${TASK}`, true],
    [`[train.overrides."task.mood"]\nmax_features = 3\n${TASK}`, false],
    [`[train.overrides.router]\nalpha = 3\n${TASK}`, false],
    [`[train.overrides."family."]\nalpha = 3\n${TASK}`, false],
    [`[paths]\nprepared_dir = ""\n${TASK}`, false],
    [`[synthetic_llm]\nbase_url = "http://h/v1"\n${TASK}`, true],
    [`[synthetic_llm]\nbase_url = "h"\n${TASK}`, false],
    [`[synthetic_llm]\napi_key_env = ""\n${TASK}`, true],
    [`[synthetic_llm]\napi_key_env = "a b"\n${TASK}`, false],
    [`[synthetic_llm]\nmodel_env = ""\n${TASK}`, false],
    [`[synthetic_llm.prompts]\njudge = "{labels} {texts}"\n${TASK}`, true],
    [`[synthetic_llm.prompts]\njudge = ""\n${TASK}`, false],
    [`[synthetic_llm.prompts]\njury = "{labels} {texts}"\n${TASK}`, false],
    [`[synthetic_llm.axes]\nlength = []\ntone = ["a"]\n${TASK}`, true],
    [`[synthetic_llm.axes]\ntone = "a"\n${TASK}`, false],
    [`[synthetic_llm.axes]\ntone = [""]\n${TASK}`, false],
    [`[synthetic_llm.axes]\nTone = ["a"]\n${TASK}`, false],
    [`[multilingual]\nweights = { en = 1 }\n${TASK}`, true],
    [`[multilingual]\nweights = { en = -1 }\n${TASK}`, false],
    [`[multilingual]\nweights = { English = 1 }\n${TASK}`, false],
    [TASK.replace('"bad"', '{ name = "bad" }'), true],
    [TASK.replace('"bad"', "{}"), false],
    [TASK.replace('"bad"', '""'), false],
    [TASK.replace("router", "Router"), false],
    [dataset('path = ["a", "b"]', "max_rows = 5"), true],
    [dataset("path = []"), false],
    [dataset("path = 'a\u007f'"), false],
    [dataset('sample = "tail"'), false],
    [dataset('dataset_id = "a/b/c"'), false],
    [dataset("[[datasets.map]]", 'label_map = { "10" = "x", "__proto__" = "y" }'), true],
    [dataset("[[datasets.map]]", 'label_map = { "10" = "" }'), false],
    [dataset("[[datasets.map]]", 'label_map = { "" = "x" }'), false],
    [dataset("[[datasets.map]]", 'role = "seed"', 'language = "pt-BR"'), true],
    [dataset("[[datasets.map]]", 'labels = "seed"'), false],
  ])("%j is %s", (toml, expected) => {
    const { table } = parseToml(toml.replaceAll("\u007f", "\\u007f").replace("'a\\u007f'", '"a\\u007f"'));
    expect(check(configSchema, table).success).toBe(expected);
    expect(validate(plain(table))).toBe(expected);
  });
});

interface Node {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly items?: Node;
}

function undescribed(node: Node, path: string): string[] {
  const below = Object.entries(node.properties ?? {}).flatMap(([key, inner]) =>
    undescribed(inner, `${path}.${key}`),
  );
  if (node.items !== undefined) below.push(...undescribed(node.items, `${path}[]`));
  return node.description === undefined && path !== "" ? [path, ...below] : below;
}

it("every key says what it means", () => {
  expect(undescribed(jsonSchema(), "")).toEqual([]);
});

it("the committed schema and docs/config.md are up to date", () => {
  const committed = readFileSync(`${root}/model_pipeline.schema.json`, "utf8");
  expect(committed).toBe(`${JSON.stringify(jsonSchema(), null, 2)}\n`);
  execFileSync(process.execPath, [`${root}/scripts/schema.mjs`, "--check"], { stdio: "pipe" });
});
