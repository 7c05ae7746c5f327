// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openModelpack } from "../../src/runtime/node.ts";
import {
  datasetToml,
  namedRows,
  namesIn,
  readJson,
  runPrepare,
  runTrain,
  taskToml,
  writeRows,
} from "../support/project.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

interface Figures {
  readonly rows: number;
  readonly accuracy: number;
  readonly labels: readonly string[];
  readonly confusion_matrix: readonly (readonly number[])[];
}

/** A project of tasks that lack something. */
function lacking(): string {
  const folder = temporaryFolder();
  writeRows(join(folder, "rows.jsonl"), namedRows(["a", "b"], 20, 1));
  writeRows(join(folder, "test.jsonl"), [
    ...namedRows(["a", "b"], 3, 2),
    { text: "only test has this", label: "c" },
  ]);
  writeRows(join(folder, "two.jsonl"), [
    { text: "red", label: "r" },
    { text: "blue", label: "b" },
  ]);
  writeRows(join(folder, "one.jsonl"), namedRows(["sole"], 20, 3));
  writeFileSync(
    join(folder, "model_pipeline.toml"),
    [
      taskToml("full", "f", ["a", "b", "c", "d"]),
      taskToml("none", "f", ["x", "y"], 'default = "x"'),
      taskToml("two", "f", ["r", "b"], 'default = "b"'),
      taskToml("one", "g", ["sole"]),
      datasetToml("rows", "rows.jsonl", "full"),
      datasetToml("test", "test.jsonl", "full", "", 'role = "test"\ntext = "text"'),
      datasetToml("two", "two.jsonl", "two"),
      datasetToml("one", "one.jsonl", "one"),
    ].join("\n"),
  );
  return folder;
}

describe("a task that lacks rows", () => {
  it("is left out with a warning, or learns what it can; the others are as ever", async () => {
    const project = lacking();
    await runPrepare(project);
    const { warnings, folder } = await runTrain(project);
    expect(warnings).toEqual([
      'task "full": no train rows for "c", "d"; never predicted',
      'task "none" has no train rows: it is left out, and the runtime answers the default that the application gives',
      'task "two" has no eval rows: nothing stops early, and it is not calibrated',
    ]);
    // It asked for a temperature, and got none.
    expect(readFileSync(join(folder, "MODEL_CARD.md"), "utf8")).toMatch(/^\| `two` \| none \|/m);
    const pack = await openModelpack<Readonly<Record<string, string>>>(join(project, "trained_models"), {
      defaults: { none: "x" },
      strict: true,
    });
    expect(pack.predict("none", "anything")).toEqual({
      task: "none",
      label: "x",
      confidence: 0,
      source: "default",
      reason: "no_model",
    });
    expect(pack.predict("one", "what is this")).toMatchObject({
      label: "sole",
      confidence: 1,
      source: "model",
    });
    expect(pack.predict("full", "topic0 about0")).toMatchObject({ label: "a", source: "model" });
    expect(["r", "b"]).toContain(pack.predict("two", "zzz no known feature").label);
    expect(pack.predict("two", "  ")).toMatchObject({ label: "b", reason: "empty_input" });
    const metrics = readJson<{ per_task: Record<string, Figures> }>(folder, "f_metrics_test.json");
    // A label of the test split alone counts there, and is never right.
    expect(metrics.per_task.full).toMatchObject({ rows: 7, labels: ["a", "b", "c", "d"] });
    expect(metrics.per_task.full?.confusion_matrix[2]?.[2]).toBe(0);
    expect(metrics.per_task.two).toMatchObject({ rows: 0, accuracy: null });
  });

  it("stops the run when no task of the families has any", async () => {
    const project = lacking();
    writeRows(join(project, "rows.jsonl"), [{ text: "x", label: "zzz" }]);
    writeRows(join(project, "two.jsonl"), [{ text: "x", label: "zzz" }]);
    await runPrepare(project);
    await expect(runTrain(project, { flags: { "train.families": ["f"] } })).rejects.toMatchObject({
      code: "TASK_UNTRAINABLE",
    });
    expect(namesIn(join(project, "trained_models"))).toEqual([]);
  });
});
