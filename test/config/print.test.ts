// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { expect, it } from "vitest";
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
labels = [{ name = "good", description = "a \\"b\\"" }, "__proto__", "10"]
[[datasets]]
name = "d"
kind = "local"
path = ["a", "b"]
[[datasets.map]]
task = "mood"
text = "t"
label_column = "l"
label_map = { "__proto__" = "__proto__", "10" = "10" }
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

it("is TOML that loads to the same config", () => {
  const loaded = load(TOML, { set: ["multilingual.weights={ en = 0.5 }", "synthetic_llm.model=m"] });
  expect(load(renderConfig(loaded)).config).toEqual(loaded.config);
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
