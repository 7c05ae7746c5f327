// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { silentReporter } from "../../src/core/reporter.ts";
import { readFamilyFile } from "../../src/modelpack/family-file.ts";
import { evaluate } from "../../src/pipeline/evaluate.ts";
import { openModelpack } from "../../src/runtime/node.ts";
import type { AbstentionRecord } from "../../src/training/abstention.ts";
import {
  datasetToml,
  digestsOf,
  load,
  namedRows,
  readJson,
  runPrepare,
  runTrain,
  set,
  taskToml,
  writeProject,
  writeRows,
} from "../support/project.ts";
import { sharedFolder, temporaryFolder } from "../support/temporary-folder.ts";

const LABELS = ["red", "green", "blue"];
const SETTINGS =
  "[prepare]\ntarget_per_task_label = 0\nnear_duplicate_threshold = 0.95\n\n[train]\nmax_features = 4000\n\n";
const OUTSIDE = `[[datasets]]
name = "outside"
kind = "local"
path = "outside.jsonl"
[[datasets.map]]
role = "out_of_scope"
task = "colour"
text = "text"
`;

/** A project of 900 rows and 400 texts of other words; `more` are keys of its task. */
function project(more: string, datasets = OUTSIDE, folder = temporaryFolder()): string {
  const toml = `${SETTINGS}${taskToml("colour", "router", LABELS, more)}${datasetToml("colours", "many.jsonl", "colour")}${datasets}`;
  writeProject(folder, toml);
  writeRows(join(folder, "many.jsonl"), namedRows(LABELS, 300, 5));
  const others = Array.from({ length: 400 }, (_, i) => ({
    text: Array.from({ length: 5 }, (_w, k) => ((i + 2) * 7919 * (k + 3)).toString(36)).join(" "),
  }));
  writeRows(join(folder, "outside.jsonl"), [...others, ...others.slice(0, 5), { text: " " }]);
  return folder;
}

interface CalibrationFile {
  readonly tasks: readonly { readonly abstention: AbstentionRecord | null; readonly usual_share: number }[];
}

function recordOf(folder: string): AbstentionRecord | null {
  return readJson<CalibrationFile>(folder, "router_calibration.json").tasks[0]?.abstention ?? null;
}

function thresholdIn(folder: string): number | null | undefined {
  const file = readFileSync(join(folder, "router_model.safetensors"));
  return readFamilyFile(file, "router").tasks[0]?.minConfidence;
}

describe("train with both targets", () => {
  const folder = sharedFolder();
  let prepared: Awaited<ReturnType<typeof runPrepare>>;
  let run: Awaited<ReturnType<typeof runTrain>>;

  beforeAll(async () => {
    project('default = "red"\ntarget_precision = 0.9\ntarget_out_of_scope_recall = 0.9\n', OUTSIDE, folder);
    prepared = await runPrepare(folder);
    run = await runTrain(folder);
  });

  it("prepares the out-of-scope rows and counts them", () => {
    const { tasks, files } = readJson<{
      tasks: { out_of_scope: number; out_of_scope_rows: Record<string, number> }[];
      files: { name: string }[];
    }>(prepared.folder, "manifest.json");
    expect(tasks[0]?.out_of_scope).toBe(405);
    const rows = tasks[0]?.out_of_scope_rows;
    expect(rows).toMatchObject({ exact_duplicates: 5, near_in_scope: 0, cut: 0 });
    expect((rows?.test ?? 0) + (rows?.eval ?? 0)).toBe(400);
    expect(rows?.drops).toMatchObject([{ reason: "empty_text", rows: 1 }]);
    const names = files.map(({ name }) => name);
    expect(names).toContain("router_test_out_of_scope.parquet");
    expect(names).toContain("router_eval_out_of_scope.parquet");
    expect(names).not.toContain("router_train_out_of_scope.parquet");
  });

  it("lists their files in the data card, counts them beside the labels, and says what was left out", () => {
    const card = readFileSync(join(prepared.folder, "DATA_CARD.md"), "utf8");
    const { tasks } = readJson<{ tasks: { out_of_scope_rows: { test: number; eval: number } }[] }>(
      prepared.folder,
      "manifest.json",
    );
    const { test = 0, eval: held = 0 } = tasks[0]?.out_of_scope_rows ?? {};
    expect(card).toContain(`\n| \`router_test_out_of_scope.parquet\` | \`colour\` | ${test} |\n`);
    expect(card).toContain(`\n| \`router_eval_out_of_scope.parquet\` | \`colour\` | ${held} |\n`);
    expect(card).not.toContain("router_train_out_of_scope");
    expect(card).toContain(
      "`split`. Files of out-of-scope texts have the same columns and an empty `label`. ",
    );
    expect(card).toContain(
      `| blue | 240 | 30 | 30 | 0 | 0 |\n| *out of scope* | 0 | ${test} | ${held} | 0 |  |\n`,
    );
    expect(card).toContain("\n400 texts of no label (out of scope), in files of their own: ");
    expect(card).toContain(
      [
        "",
        "| `colour` | 1 | out of scope: without a text |",
        "| `colour` | 5 | out of scope: merged into another such text |",
        "",
      ].join("\n"),
    );
  });

  it("keeps both promises by the higher threshold, and writes down how", () => {
    const record = recordOf(run.folder);
    const { target_precision: precision, target_out_of_scope_recall: recall } = record ?? {};
    expect(precision).toMatchObject({ target: 0.9, rows: 90, needed: 29, real: true });
    expect(precision?.bound).toBeGreaterThanOrEqual(0.9);
    expect(recall).toMatchObject({ target: 0.9, needed: 29, real: true });
    expect(recall?.bound).toBeGreaterThanOrEqual(0.9);
    const higher = Math.max(precision?.threshold ?? 0, recall?.threshold ?? 0);
    expect(record?.min_confidence).toBe(higher);
    expect(record?.set_by).toBe(
      precision?.threshold === higher ? "target_precision" : "target_out_of_scope_recall",
    );
    expect(thresholdIn(run.folder)).toBe(higher);
    expect(run.warnings).toEqual([]);
  });

  it("writes what is usual of a text into the model", () => {
    const file = readFileSync(join(run.folder, "router_model.safetensors"));
    const usual = readFamilyFile(file, "router").tasks[0]?.usualShare;
    expect(usual).toBeGreaterThan(0);
    expect(usual).toBeLessThanOrEqual(1);
    const { tasks } = readJson<CalibrationFile>(run.folder, "router_calibration.json");
    expect(tasks[0]?.usual_share).toBe(usual);
  });

  it("says what that gave on test, as the runtime gives it", async () => {
    const { test, out_of_scope_test: outside } = recordOf(run.folder) ?? {};
    const pack = await openModelpack(join(folder, "trained_models"));
    const texts = readFileSync(join(folder, "outside.jsonl"), "utf8").trim().split("\n").slice(0, 400);
    const answers = texts.map((line) => pack.predict("colour", JSON.parse(line).text));
    const held = answers.filter(({ reason }) => reason === "low_confidence");
    expect(held.length).toBeGreaterThan(0.9 * answers.length);
    expect(held[0]).toMatchObject({ label: "red", confidence: 0, source: "default" });
    expect(outside?.held_back).toBeGreaterThan(0.9 * (outside?.rows ?? 0));
    expect(outside?.recall?.value).toBe((outside?.held_back ?? 0) / (outside?.rows ?? 1));
    expect(outside?.auroc.value).toBeGreaterThan(0.95);
    expect(test?.rows).toBe(90);
    expect(test?.precision.value).toBe((test?.right ?? 0) / (test?.answered ?? 1));
    expect(test?.precision.value).toBeGreaterThan(0.9);
  });

  it("shows the same in the report and in the card, each with its interval", () => {
    const { test, out_of_scope_test: outside } = recordOf(run.folder) ?? {};
    for (const file of ["report/report.html", "MODEL_CARD.md"]) {
      const text = readFileSync(join(run.folder, file), "utf8");
      for (const share of [test?.coverage, test?.precision, outside?.recall, outside?.fpr_at_95_recall]) {
        const [value, low, high] = [share?.value, share?.low, share?.high].map((of) =>
          ((of ?? Number.NaN) * 100).toFixed(1),
        );
        expect(text, file).toContain(`${value}\u00a0% (${low}–${high})`);
      }
      expect(text, file).toContain(`${outside?.auroc.value?.toFixed(3)} (${outside?.auroc.low?.toFixed(3)}–`);
      expect(text, file).toContain("Abstaining");
    }
  });

  it("evaluates to the same figures", async () => {
    const { families } = await evaluate(load(folder), "test", silentReporter);
    const found = families[0]?.metrics.per_task.get("colour");
    const record = recordOf(run.folder);
    expect(found?.min_confidence).toBe(record?.min_confidence);
    expect(found?.answered).toEqual(record?.test);
    expect(found?.out_of_scope).toEqual(record?.out_of_scope_test);
    const onEval = await evaluate(load(folder), "eval", silentReporter);
    expect(onEval.families[0]?.metrics.per_task.get("colour")?.out_of_scope?.rows).toBe(
      record?.target_out_of_scope_recall?.rows,
    );
    const onTrain = await evaluate(load(folder), "train", silentReporter);
    expect(onTrain.families[0]?.metrics.per_task.get("colour")?.out_of_scope).toBeNull();
  });

  it("makes the same bytes with another number of threads", async () => {
    const before = digestsOf(run.folder);
    writeFileSync(join(run.folder, "router_calibration.json"), "damaged");
    expect((await runTrain(folder, set("train.workers=1"))).unchanged).toBe(false);
    expect(digestsOf(run.folder)).toEqual(before);
  });
});

describe("train without a threshold to promise", () => {
  it("warns of what was needed and what was there, and answers whatever its confidence", async () => {
    const folder = project("target_precision = 0.999\n");
    await runPrepare(folder);
    const run = await runTrain(folder);
    expect(run.warnings).toEqual([
      'task "colour": target_precision = 0.999 is not promised, and sets no threshold: even if all were right, it takes 2995 eval rows, of near-duplicates one, and there are 90; map more rows, raise prepare.eval_ratio, lower the target, or set min_confidence by hand',
    ]);
    expect(thresholdIn(run.folder)).toBeNull();
    const record = recordOf(run.folder);
    expect(record).toMatchObject({ min_confidence: null, set_by: null, test: null });
    expect(record?.target_precision).toMatchObject({ threshold: null, needed: 2995, rows: 90 });
    // Out-of-scope rows are measured all the same.
    expect(record?.out_of_scope_test).toMatchObject({ held_back: null, recall: null });
  });
});

describe("train with min_confidence", () => {
  it("says what that gave on test, and nothing of a fit", async () => {
    const folder = project("min_confidence = 0.6\n", "");
    await runPrepare(folder);
    const run = await runTrain(folder);
    const record = recordOf(run.folder);
    expect(record).toMatchObject({
      min_confidence: 0.6,
      set_by: "min_confidence",
      target_precision: null,
      target_out_of_scope_recall: null,
      out_of_scope_test: null,
    });
    expect(record?.test?.rows).toBe(90);
    expect(thresholdIn(run.folder)).toBe(0.6);
  });

  it("has no record where nothing is asked", async () => {
    const folder = project("", "");
    await runPrepare(folder);
    expect(recordOf((await runTrain(folder)).folder)).toBeNull();
  });
});
