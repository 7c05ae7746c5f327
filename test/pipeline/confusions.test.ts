// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { newestConfusions } from "../../src/pipeline/confusions.ts";
import { MODEL_POINTER } from "../../src/pipeline/workspace.ts";
import { commitVersion } from "../../src/storage/commit.ts";
import { load, taskToml } from "../support/project.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const LABELS = ["a", "b", "c", "d"];
/** Row: the true label; column: what it is taken for. */
const MATRIX = [
  [90, 2, 5, 3],
  [0, 100, 0, 0],
  [5, 5, 0, 5],
  [0, 0, 0, 0],
];

function project(): string {
  const folder = temporaryFolder();
  const toml = taskToml("topic", "router", LABELS) + taskToml("constructor", "other", ["x", "y"]);
  writeFileSync(join(folder, "model_pipeline.toml"), toml);
  return folder;
}

/** Commits a version of models with these figures. */
async function trained(folder: string, version: string, files: Readonly<Record<string, unknown>>) {
  const root = load(folder).config.paths.trained_models_dir;
  await commitVersion({
    root,
    version,
    pointer: MODEL_POINTER,
    write: async (into) => {
      for (const [name, body] of Object.entries(files)) writeFileSync(join(into, name), JSON.stringify(body));
    },
    manifest: (files) => ({ files }),
  });
  return join(root, version);
}
const figures = (labels: readonly string[], confusion_matrix: readonly number[][], task = "topic") => ({
  per_task: { [task]: { labels, confusion_matrix } },
});
const confusions = async (folder: string) => [...(await newestConfusions(load(folder).config))];

describe("what the newest models confuse", () => {
  it("is nothing where none are trained", async () => {
    expect(await confusions(project())).toEqual([]);
  });

  it("is the labels that take over a fiftieth of a label's rows, the worst first", async () => {
    const folder = project();
    await trained(folder, "aaaaaaaaaaaa", {
      "router_metrics_eval.json": figures(LABELS, MATRIX),
      "router_metrics_test.json": figures(LABELS, [...MATRIX].reverse()),
    });
    expect(await confusions(folder)).toEqual([["topic", [[2, 3], [], [0, 1, 3], []]]]);
  });

  it("is that of the version that the pointer names", async () => {
    const folder = project();
    const none = MATRIX.map((row) => row.map(() => 0));
    for (const [version, matrix] of [
      ["bbbbbbbbbbbb", MATRIX],
      ["aaaaaaaaaaaa", none],
    ] as const)
      await trained(folder, version, { "router_metrics_eval.json": figures(LABELS, matrix) });
    expect(await confusions(folder)).toEqual([["topic", [[], [], [], []]]]);
  });

  it.each([
    ["other labels", figures(["a", "b", "c"], MATRIX)],
    ["the labels in another order", figures(["b", "a", "c", "d"], MATRIX)],
    ["another task", figures(LABELS, MATRIX, "other")],
  ])("is nothing of models that have %s", async (_, body) => {
    const folder = project();
    await trained(folder, "aaaaaaaaaaaa", { "router_metrics_eval.json": body });
    expect(await confusions(folder)).toEqual([]);
  });

  it("is nothing of a version that is damaged", async () => {
    const folder = project();
    const version = await trained(folder, "aaaaaaaaaaaa", {
      "router_metrics_eval.json": figures(LABELS, MATRIX),
    });
    writeFileSync(join(version, "router_metrics_eval.json"), "{}");
    expect(await confusions(folder)).toEqual([]);
  });
});
