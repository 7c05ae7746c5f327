// SPDX-License-Identifier: Apache-2.0
import { appendFileSync, cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readPointer } from "../../src/storage/commit.ts";
import {
  datasetToml,
  digestsOf,
  namesIn,
  runPrepare,
  runTrain,
  set,
  taskToml,
  writeProject,
} from "../support/project.ts";
import { sharedFolder, temporaryFolder } from "../support/temporary-folder.ts";

const original = writeProject(sharedFolder());
let run: Awaited<ReturnType<typeof runTrain>>;

beforeAll(async () => {
  await runPrepare(original);
  run = await runTrain(original);
});

/** A copy of the prepared and trained project. */
function trained(): { project: string; version: string; folder: string } {
  const project = temporaryFolder();
  cpSync(original, project, { recursive: true });
  return { project, version: run.version, folder: join(project, "trained_models", run.version) };
}

describe("train", () => {
  it("reports every epoch as it ends, with its seconds", () => {
    const lines = run.notes.filter((note) => note.startsWith("colour epoch"));
    expect(lines.length).toBe(4);
    expect(lines[0]).toMatch(
      /^colour epoch 1: train loss \d+\.\d{4} acc \d\.\d{4} f1 \d\.\d{4} wf1 \d\.\d{4} \| eval loss \d+\.\d{4} acc \d\.\d{4} f1 \d\.\d{4} \| gap \d+\.\d{4} \| \d+\.\d\d s$/,
    );
  });

  it("says that nothing has changed, and comes back to an earlier pack without training", async () => {
    const { project, version, folder } = trained();
    const before = digestsOf(folder);
    const again = await runTrain(project);
    expect(again).toMatchObject({
      version,
      unchanged: true,
      notes: [`nothing has changed: pack ${version} is up to date`],
    });
    const other = await runTrain(project, set("train.max_iter=2"));
    expect(other.version).not.toBe(version);
    const back = await runTrain(project);
    expect(back).toMatchObject({ version, unchanged: true });
    expect(await readPointer(join(project, "trained_models"), "latest.json")).toBe(version);
    expect(digestsOf(folder)).toEqual(before);
  });

  it.each(["train.workers=1", "train.predict_batch_size=7"])(
    "makes the same pack with %s",
    async (setting) => {
      const { project, version, folder } = trained();
      const before = digestsOf(folder);
      expect((await runTrain(project, set(setting))).version).toBe(version);
      appendFileSync(join(folder, "router_model.safetensors"), "x");
      // Damaged: it is trained again, with that setting, to the same bytes.
      expect((await runTrain(project, set(setting))).unchanged).toBe(false);
      expect(digestsOf(folder)).toEqual(before);
    },
  );

  it("trains the families that it is asked for", async () => {
    const { project, version } = trained();
    const one = await runTrain(project, { flags: { "train.families": ["pair"] } });
    expect(one.version).not.toBe(version);
    expect(one.families.map(({ family }) => family)).toEqual(["pair"]);
    expect(namesIn(one.folder).some((name) => name.startsWith("router"))).toBe(false);
  });

  it.each([
    [
      "another label",
      (toml: string) => toml.replace('"green","blue"]', '"green","teal"]'),
      'task "colour" has another family, input or list of labels',
    ],
    [
      "labels in another order",
      (toml: string) => toml.replace('"green","blue"]', '"blue","green"]'),
      'task "colour" has another family',
    ],
    [
      "a task more",
      (toml: string) => toml + taskToml("extra", "router", ["a", "b"]),
      'task "extra" is not in the prepared dataset',
    ],
    [
      "a task less",
      (toml: string) =>
        toml
          .replace(taskToml("size", "router", ["small", "large"]), "")
          .replace(datasetToml("sizes", "sizes.jsonl", "size"), ""),
      'task "size" is in the prepared dataset and not in the TOML',
    ],
  ])("refuses a dataset of %s", async (_, change, message) => {
    const project = writeProject();
    await runPrepare(project);
    const file = join(project, "model_pipeline.toml");
    const toml = readFileSync(file, "utf8");
    expect(change(toml)).not.toBe(toml);
    writeFileSync(
      file,
      change(toml).replace('label_column = "label"', 'label_column = "label"\nlabel_map = {}'),
    );
    await expect(runTrain(project)).rejects.toMatchObject({
      code: "DATASET_MISMATCH",
      message: expect.stringContaining(message),
    });
    expect(existsSync(join(project, "trained_models"))).toBe(false);
  });

  it("refuses to start without a dataset, and with a damaged one", async () => {
    const project = writeProject();
    await expect(runTrain(project)).rejects.toMatchObject({
      code: "DATASET_MISSING",
      hint: expect.stringContaining("modelpack prepare"),
    });
    const { folder } = await runPrepare(project);
    appendFileSync(join(folder, "pair_eval.parquet"), "x");
    await expect(runTrain(project)).rejects.toMatchObject({
      code: "DATASET_CORRUPT",
      message: expect.stringContaining("pair_eval.parquet"),
    });
    expect(existsSync(join(project, "trained_models"))).toBe(false);
  });

  it("ends with INTERRUPTED and leaves nothing, whatever the caller aborts with", async () => {
    const project = writeProject();
    await runPrepare(project);
    const stop = new AbortController();
    setTimeout(() => stop.abort("enough"), 30);
    await expect(
      runTrain(project, set("train.max_iter=100000", "train.early_stopping=false", "train.alpha=1e-9"), {
        signal: stop.signal,
      }),
    ).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
    expect(namesIn(join(project, "trained_models"))).toEqual([]);
  });
});
