// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readPointer, verifyVersion } from "../../src/storage/commit.ts";
import { filesIn, namesIn, readJson, runPrepare, runTrain, writeProject } from "../support/project.ts";
import { sharedFolder } from "../support/temporary-folder.ts";

const FILES = [
  "calibration",
  "epoch_stats",
  "label_map",
  "metrics_eval",
  "metrics_test",
  "report_eval",
  "report_test",
  "training_metadata",
];

const project = writeProject(sharedFolder());
let version = "";
let folder = "";

beforeAll(async () => {
  await runPrepare(project);
  ({ version, folder } = await runTrain(project));
});

interface Figures {
  readonly rows: number;
  readonly accuracy: number;
  readonly labels: readonly string[];
  readonly confusion_matrix: readonly (readonly number[])[];
}

describe("the files of a pack", () => {
  it("are DESIGN's, verify, and stand under the pointer", async () => {
    const root = join(project, "trained_models");
    expect(namesIn(root)).toEqual([version, "latest.json"].sort());
    expect(await readPointer(root, "latest.json")).toBe(version);
    expect(await verifyVersion(folder)).toEqual([]);
    expect(filesIn(folder)).toEqual(
      [
        "MODEL_CARD.md",
        "manifest.json",
        "run.json",
        "report/report.html",
        ...["pair", "router"].flatMap((family) => [
          `${family}_model.safetensors`,
          ...FILES.map((name) => `${family}_${name}.json`),
        ]),
      ].sort(),
    );
  });

  it("hold metrics, reports, calibration, epochs and settings of every task", async () => {
    const of = <T>(name: string) => readJson<T>(folder, `router_${name}.json`);
    for (const split of ["test", "eval"]) {
      const metrics = of<{
        per_task: Record<string, Figures & Record<string, unknown>>;
        overall: Record<string, unknown>;
      }>(`metrics_${split}`);
      expect(metrics).toMatchObject({ family: "router", split });
      expect(Object.keys(metrics.per_task)).toEqual(["colour", "size"]);
      const { colour } = metrics.per_task;
      expect(Object.keys(colour ?? {}).sort()).toEqual([
        "accuracy",
        "answered",
        "confusion_matrix",
        "ece",
        "ece_band_95",
        "ece_uncalibrated",
        "labels",
        "llm_labelled",
        "log_loss",
        "macro_f1",
        "micro_f1",
        "min_confidence",
        "out_of_scope",
        "real",
        "rows",
        "synthetic",
        "weighted_f1",
      ]);
      expect(colour).toMatchObject({
        rows: 12,
        labels: ["red", "green", "blue"],
        synthetic: null,
        llm_labelled: null,
        real: { rows: 12 },
      });
      expect(colour?.confusion_matrix.flat().reduce((a, b) => a + b, 0)).toBe(12);
      expect(metrics.overall).toMatchObject({ tasks: 2, rows: 18 });
      const report = of<{ per_task: Record<string, { per_label: { label: string; support: number }[] }> }>(
        `report_${split}`,
      );
      expect(report).toMatchObject({ family: "router", split });
      expect(report.per_task.size?.per_label.map(({ label, support }) => [label, support])).toEqual([
        ["small", 3],
        ["large", 3],
      ]);
    }
    expect(of("label_map")).toEqual({
      family: "router",
      tasks: [
        { task: "colour", labels: ["red", "green", "blue"] },
        { task: "size", labels: ["small", "large"] },
      ],
    });
    expect(of("calibration")).toMatchObject({
      family: "router",
      split: "eval",
      tasks: [
        {
          task: "colour",
          method: "temperature",
          calibration: { method: "temperature" },
          test: { rows: 12 },
          eval_cross_fitted: { rows: 12 },
        },
        { task: "size" },
      ],
    });
    const { epochs } = of<{ epochs: { task: string; epoch: number }[] }>("epoch_stats");
    expect(epochs.filter(({ task }) => task === "colour").map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4]);
    expect(Object.keys(epochs[0] ?? {})).toEqual([
      "task",
      "epoch",
      "train_loss",
      "train_accuracy",
      "train_macro_f1",
      "train_weighted_f1",
      "eval_loss",
      "eval_accuracy",
      "eval_macro_f1",
      "duality_gap",
    ]);
    const metadata = of<{ dataset: string }>("training_metadata");
    expect(metadata).toMatchObject({
      family: "router",
      input: "text",
      format_version: 1,
      analyzer: { ngram_min: 1, ngram_max: 2, char_ngram_min: 3, char_ngram_max: 5 },
      tasks: [
        {
          task: "colour",
          labels: 3,
          train_rows: 96,
          train_source_rows: 96,
          eval_rows: 12,
          epochs: 4,
          settings: { max_iter: 4, min_df: 2 },
        },
        { task: "size", train_rows: 38 },
      ],
    });
    expect(readJson(folder, "manifest.json")).toMatchObject({
      kind: "modelpack",
      version,
      dataset: metadata.dataset,
      families: [
        { family: "router", input: "text", tasks: [{ task: "colour", test_rows: 12 }, { task: "size" }] },
        { family: "pair", input: "pair", tasks: [{ task: "same" }] },
      ],
    });
  });

  it("say nothing of the machine, the folder or the time, but for run.json", async () => {
    const prepared = join(project, "prepared_data", "modelpack");
    const dataset = join(prepared, (await readPointer(prepared, "current.json")) ?? "");
    for (const version of [folder, dataset])
      for (const name of filesIn(version).filter((file) => file !== "run.json")) {
        const bytes = readFileSync(join(version, name), "latin1");
        expect(bytes, name).not.toContain(project);
        expect(bytes, name).not.toContain(hostname());
        expect(bytes, name).not.toMatch(/"[^"]*(second|duration|_at|date|host|worker)[^"]*":/);
        expect(bytes, name).not.toMatch(/20[2-9]\d-[01]\d-[0-3]\d/);
      }
    expect(readJson(folder, "run.json")).toMatchObject({
      workers: expect.any(Number),
      epochs: expect.arrayContaining([{ task: "colour", epoch: 1, seconds: expect.any(Number) }]),
    });
  });
});
