// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { renderConfig } from "../../src/config/print.ts";
import { tomlString } from "../../src/config/toml.ts";
import { load } from "./fixture.ts";

const TOML = `
[prepare]
seed = 7
[train.overrides."family.router"]
alpha = 1e-7
[[tasks]]
name = "mood"
family = "router"
default = "good"
target_precision = 0.95
target_out_of_scope_recall = 0.9
labels = [{ name = "good", description = "a \\"b\\"" }, "__proto__", "10"]
[[datasets]]
name = "d"
kind = "local"
path = ["a", "b"]
delimiter = "\\t"
[[datasets.map]]
task = "mood"
text = "t"
label_column = "l"
label_map = { "__proto__" = "__proto__", "10" = "10" }
[[datasets.map]]
role = "out_of_scope"
task = "mood"
text = "t"
`;

it("shows each value with its origin", () => {
  const loaded = load(TOML, {
    flags: { "train.max_iter": 3 },
    environment: { MODELPACK__TRAIN__WORKERS: "2" },
  });
  const lines = renderConfig(loaded).split("\n");
  expect(lines).toContain("seed = 7  # toml");
  expect(lines).toContain("train_ratio = 0.8  # default");
  expect(lines).toContain("max_iter = 3  # flag");
  expect(lines).toContain("workers = 2  # environment");
  expect(lines).toContain("alpha = 1e-7  # toml");
  expect(lines).toContain("# model is not set");
  expect(lines).toContain("families = []  # default");
  expect(lines).toContain("weights = {}  # default");
  expect(lines).toContain('[train.overrides."family.router"]');
  expect(lines).toContain(
    `prepared_dir = ${tomlString(`${loaded.folder}/prepared_data/modelpack`)}  # default`,
  );
});

it("hides a password that came by the environment", () => {
  const environment = { LLM_EVAL__BASE_URL: "http://user:pass1234@localhost:1/v1" };
  const printed = renderConfig(load(TOML, { environment }));
  expect(printed).toContain('# base_url = "http://*************@localhost:1/v1"  # environment');
  expect(printed).not.toContain("pass1234");
});

it("is TOML that loads to the same config", () => {
  const loaded = load(TOML, { set: ["multilingual.weights={ en = 0.5 }", "synthetic_llm.model=m"] });
  expect(load(renderConfig(loaded)).config).toEqual(loaded.config);
});

describe("the tables of [synthetic_llm]", () => {
  const WORDED = `[synthetic_llm.prompts]
judge = "{labels} {texts}"
system = """
 {canary}\\\\ and \\"quotes\\"\\u0007
\\t"""
[synthetic_llm.axes]
persona = []
register = ["a \\"b\\"", "c"]
channel = ["d"]
${TOML}`;

  it("are blocks of their own, each value with its origin, text of several lines on as many", () => {
    const set = ["synthetic_llm.prompts.label={labels}{texts}", 'synthetic_llm.axes.tone=["x"]'];
    const lines = renderConfig(load(WORDED, { set })).split("\n");
    const prompts = lines.indexOf("[synthetic_llm.prompts]");
    expect(lines.slice(prompts + 1, prompts + 6)).toEqual([
      'system = """',
      ' {canary}\\\\ and \\"quotes\\"\\u0007',
      '\\t"""  # toml',
      'write = """',
      "Task: {task}",
    ]);
    expect(lines).toContain('JSON Schema: {schema}"""  # default');
    expect(lines).toContain('judge = "{labels} {texts}"  # toml');
    expect(lines).toContain('label = "{labels}{texts}"  # flag');
    const axes = lines.indexOf("[synthetic_llm.axes]");
    expect(lines.slice(axes, axes + 8).map((line) => line.replace(/= \[.{60,}\]/, "= …"))).toEqual([
      "[synthetic_llm.axes]",
      'channel = ["d"]  # toml',
      "length = …  # default",
      "persona = []  # toml",
      'register = ["a \\"b\\"", "c"]  # toml',
      "situation = …  # default",
      'tone = ["x"]  # flag',
      "",
    ]);
  });

  it("are blamed on the flag that brought them whole", () => {
    const set = ['synthetic_llm.axes={ register = ["x"] }', 'synthetic_llm.prompts={ system = "{canary}" }'];
    const { origins } = load(WORDED, { set });
    expect(origins.get("synthetic_llm.axes.register")).toBe("flag");
    expect(origins.get("synthetic_llm.prompts.system")).toBe("flag");
    expect(origins.get("synthetic_llm.prompts.judge")).toBe("default");
  });

  it("load to the same, however odd", () => {
    const odd = fc.string({
      minLength: 1,
      maxLength: 20,
      unit: fc.constantFrom(..."a \t\r\n\"\\'\u007f\u0000#é😀{}"),
    });
    const braced = odd.map((text) => text.replace(/[{}]/g, "$&$&"));
    const axes = fc.dictionary(fc.stringMatching(/^[a-k][a-z0-9_]{0,6}$/), fc.array(odd, { maxLength: 3 }));
    fc.assert(
      fc.property(braced, odd, axes, (before, value, table) => {
        const pairs = Object.entries(table).map(
          ([name, values]) => `${name} = [${values.map(tomlString).join(", ")}]`,
        );
        const toml = `[synthetic_llm.prompts]\nsystem = ${tomlString(`${before}{canary}`)}\n[synthetic_llm.axes]\npersona = [${tomlString(value)}]\n${pairs.join("\n")}\n${TOML}`;
        const { config } = load(toml);
        expect(config.synthetic_llm.prompts.system).toBe(`${before}{canary}`);
        expect(config.synthetic_llm.axes.get("persona")).toEqual([value]);
        expect(load(renderConfig(load(toml))).config).toEqual(config);
      }),
      { numRuns: 20 },
    );
  });
});

it("is so for any label and column of a stranger's", () => {
  const name = fc.string({ minLength: 1, maxLength: 8, unit: "binary" });
  const values = fc.record({
    labels: fc.uniqueArray(name, { minLength: 1, maxLength: 5 }),
    description: fc.string({ maxLength: 8, unit: "binary" }),
    columns: fc.uniqueArray(name, { minLength: 1, maxLength: 5 }),
  });
  fc.assert(
    fc.property(values, ({ labels, description, columns }) => {
      const [first = ""] = labels;
      const pairs = columns.map((column) => `${tomlString(column)} = ${tomlString(first)}`);
      const toml = `[[tasks]]
name = "t"
family = "f"
description = ${tomlString(description)}
labels = [${labels.map(tomlString).join(", ")}]
[[datasets]]
name = ${tomlString(first)}
kind = "local"
path = "x"
[[datasets.map]]
task = "t"
text = ${tomlString(first)}
label_column = "l"
label_map = { ${pairs.join(", ")} }
`;
      const { config } = load(toml);
      expect(config.tasks[0]?.labels.map((label) => label.name)).toEqual(labels);
      expect([...(config.datasets[0]?.map[0]?.label_map?.keys() ?? [])].sort()).toEqual([...columns].sort());
      expect(load(renderConfig(load(toml))).config).toEqual(config);
    }),
    { numRuns: 100 },
  );
});
