// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { expect } from "vitest";
import { openModelpack } from "../../src/runtime/node.ts";
import type { AbstentionRecord } from "../../src/training/abstention.ts";
import { datasetToml, readJson, runPrepare, runTrain, taskToml, writeProject } from "../support/project.ts";
import { itShared, SHARED_DATA, sharedData } from "../support/shared.ts";

const SETTINGS = "[prepare]\ntarget_per_task_label = 0\n\n";

/** banking77 with its official test split, as examples/public-tasks.toml has it. */
function banking77(): string {
  const labels = [...new Set(sharedData("banking77").map(({ label }) => label))].sort();
  const path = (split: string) => join(SHARED_DATA, "banking77", `${split}.jsonl.gz`);
  return [
    SETTINGS,
    taskToml("banking77", "router", labels, "target_precision = 0.97\n"),
    datasetToml("train", path("train"), "banking77"),
    datasetToml("test", path("test"), "banking77", "", 'role = "test"\ntext = "text"'),
  ].join("\n");
}

itShared(
  "on banking77, a target precision of 0.97 gives at least 0.96 on test, and answers 60 % or more",
  async () => {
    const folder = writeProject(undefined, banking77());
    await runPrepare(folder);
    const run = await runTrain(folder);
    const { tasks } = readJson<{ tasks: { abstention: AbstentionRecord }[] }>(
      run.folder,
      "router_calibration.json",
    );
    const record = tasks[0]?.abstention;
    expect(record?.target_precision?.bound).toBeGreaterThanOrEqual(0.97);
    const { test } = record ?? {};
    expect(test?.coverage.value).toBeGreaterThanOrEqual(0.6);
    expect(test?.precision.value).toBeGreaterThanOrEqual(0.96);
    expect(test?.precision.low).toBeGreaterThan(0.95);

    // Whoever counts the runtime's answers by hand comes to the same.
    const pack = await openModelpack(join(folder, "trained_models"));
    const rows = sharedData("banking77", "test");
    const answers = rows.map(({ text, label }) => ({
      ...pack.predict("banking77", text ?? ""),
      truth: label,
    }));
    const answered = answers.filter(({ source }) => source === "model");
    const right = answered.filter(({ label, truth }) => label === truth);
    expect([rows.length, answered.length, right.length]).toEqual([test?.rows, test?.answered, test?.right]);
    expect(answers.filter(({ reason }) => reason === "low_confidence")).toHaveLength(
      rows.length - answered.length,
    );
  },
);
