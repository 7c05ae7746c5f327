// SPDX-License-Identifier: Apache-2.0
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { Split } from "../../src/core/example.ts";
import { silentReporter } from "../../src/core/reporter.ts";
import { evaluate } from "../../src/pipeline/evaluate.ts";
import { load, readJson, runPrepare, runTrain, set, writeProject } from "../support/project.ts";
import { sharedFolder } from "../support/temporary-folder.ts";

const project = writeProject(sharedFolder());
let version = "";

beforeAll(async () => {
  await runPrepare(project);
  ({ version } = await runTrain(project));
});

describe("evaluate", () => {
  it.each(["test", "eval", "train"] as const)("measures the pack as it ships on %s", async (split: Split) => {
    const result = await evaluate(load(project), split, silentReporter);
    expect(result).toMatchObject({ version, split });
    const own = result.families.map(({ metrics }) => ({
      family: metrics.family,
      rows: [...metrics.per_task].map(([task, m]) => [task, m.rows]),
    }));
    const rows = { train: [96, 38, 48], test: [12, 6, 6], eval: [12, 6, 6] }[split];
    expect(own).toEqual([
      {
        family: "router",
        rows: [
          ["colour", rows[0]],
          ["size", rows[1]],
        ],
      },
      { family: "pair", rows: [["same", rows[2]]] },
    ]);
    if (split !== "test") return;
    const stored = readJson<{ per_task: unknown }>(
      project,
      "trained_models",
      version,
      "router_metrics_test.json",
    );
    const found = result.families[0]?.metrics.per_task ?? new Map();
    expect(JSON.parse(JSON.stringify(Object.fromEntries(found)))).toEqual(stored.per_task);
  });

  it("warns where the dataset is another one than the pack's", async () => {
    const warnings: string[] = [];
    const reporter = { ...silentReporter, warn: (message: string) => void warnings.push(message) };
    const { version: other } = await runPrepare(project, set("prepare.seed=7"));
    expect((await evaluate(load(project), "test", reporter)).dataset).toBe(other);
    expect(warnings.length).toBe(1);
    expect(warnings[0]).toContain(`this is dataset ${other}`);
    await runPrepare(project);
  });

  it("refuses a pack of other tasks or labels than the TOML's", async () => {
    const changed = writeProject();
    const file = join(changed, "model_pipeline.toml");
    writeFileSync(file, readFileSync(file, "utf8").replace('["small","large"]', '["large","small"]'));
    await runPrepare(changed);
    const paths = set(`paths.trained_models_dir=${join(project, "trained_models")}`);
    await expect(evaluate(load(changed, paths), "test", silentReporter)).rejects.toMatchObject({
      code: "DATASET_MISMATCH",
      message: 'the pack\'s task "size" has other labels than in the TOML',
    });
  });

  it("says MODEL_CORRUPT of a damaged pack", async () => {
    const damaged = writeProject();
    await runPrepare(damaged);
    const { folder } = await runTrain(damaged);
    appendFileSync(join(folder, "pair_label_map.json"), " ");
    await expect(evaluate(load(damaged), "test", silentReporter)).rejects.toMatchObject({
      code: "MODEL_CORRUPT",
      message: expect.stringContaining("pair_label_map.json"),
    });
  });

  it.each([
    ["MODEL_MISSING", "there is no trained pack"],
    ["DATASET_MISSING", "there is no prepared dataset"],
  ])("says %s", async (code, message) => {
    const bare = writeProject();
    const overrides =
      code === "MODEL_MISSING" ? {} : set(`paths.trained_models_dir=${join(project, "trained_models")}`);
    await expect(evaluate(load(bare, overrides), "test", silentReporter)).rejects.toMatchObject({
      code,
      message,
    });
  });
});
