// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadConfig } from "../../src/config/load.ts";
import { type Starter, type StarterMap, starterToml } from "../../src/config/starter.ts";
import { parseToml, tomlString } from "../../src/config/toml.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const map: StarterMap = {
  role: "train",
  texts: ["message"],
  label: "team",
  sql: null,
  where: null,
  language: null,
  group: null,
};

function starter(more: Partial<Starter> = {}): Starter {
  return {
    task: "team",
    input: "text",
    description: "The team of a text.",
    labels: [
      { name: "billing", rows: 30 },
      { name: "other", rows: 20 },
    ],
    datasets: [
      { name: "rows", from: { paths: ["rows.csv"] }, delimiter: null, license: "", rows: 50, maps: [map] },
    ],
    ...more,
  };
}

function loaded(toml: string) {
  const file = join(temporaryFolder(), "model_pipeline.toml");
  writeFileSync(file, toml);
  return loadConfig(file).config;
}

describe("the first config", () => {
  it("is valid, and asks no LLM for anything", () => {
    const { prepare, tasks, datasets } = loaded(starterToml(starter()));
    expect(prepare).toMatchObject({ train_ratio: 0.6, test_ratio: 0.2, target_per_task_label: 0 });
    expect(tasks[0]).toMatchObject({ name: "team", input: "text", default: null });
    expect(datasets[0]?.map[0]).toMatchObject({ text: "message", label_column: "team", role: "train" });
  });

  it("raises the caps that would leave rows out", () => {
    const [dataset] = starter().datasets;
    const many = {
      labels: [
        { name: "a", rows: 70_000 },
        { name: "b", rows: 30_000 },
      ],
      datasets: dataset === undefined ? [] : [{ ...dataset, rows: 100_000 }],
    };
    const { prepare } = loaded(starterToml(starter(many)));
    expect(prepare).toMatchObject({ max_rows_per_source: 100_000, max_per_task_label: 70_000 });
    expect(prepare.train_ratio).toBe(0.8);
  });

  it("proposes the label for the rest as the default, and is valid with its proposals taken", () => {
    const toml = starterToml(starter());
    expect(toml).toContain('# default = "other"');
    const taken = toml.replace(/^# (default|target_precision|provider|model|\[synthetic_llm\])/gm, "$1");
    expect(loaded(taken).tasks[0]).toMatchObject({ default: "other", targetPrecision: 0.95 });
  });

  it("lets no label, column, path or licence end its string or its comment", () => {
    const text = fc.string({ unit: "binary", minLength: 1, maxLength: 40 });
    const names = fc.uniqueArray(text, { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(names, text, text, fc.option(text), (labels, column, label, group) => {
        const from = { paths: ["a.csv", "b\u007fc.csv"] };
        const maps = [{ ...map, texts: [column], label, where: "x = 'y'", group }];
        const datasets = [{ name: label, from, delimiter: ";" as const, license: column, rows: 9, maps }];
        const toml = starterToml(starter({ labels: labels.map((name) => ({ name, rows: 1 })), datasets }));
        const { table, problem } = parseToml(toml);
        expect(problem).toBeNull();
        const { tasks, datasets: read } = table as Record<string, Record<string, unknown>[]>;
        expect(tasks?.[0]?.labels).toEqual(labels);
        expect(read?.[0]).toMatchObject({ name: label, path: from.paths, license: column });
        expect(read?.[0]?.map).toEqual([
          { role: "train", task: "team", text: column, label_column: label, where: "x = 'y'" },
        ]);
      }),
      { numRuns: 50 },
    );
  });

  it("escapes what TOML wants escaped and JSON does not", () => {
    expect(tomlString('a"\\\u007f\n')).toBe('"a\\"\\\\\\u007f\\n"');
  });

  it("hides nothing: marks that turn the direction of writing are escaped, and read back", () => {
    const name = "safe\u202e\u2066evil";
    const toml = starterToml(
      starter({
        labels: [
          { name, rows: 3 },
          { name: "b", rows: 3 },
        ],
      }),
    );
    expect(toml).toContain('"safe\\u202e\\u2066evil"');
    expect(toml).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
    expect(loaded(toml).tasks[0]?.labels[0]?.name).toBe(name);
  });
});
