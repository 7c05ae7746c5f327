// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { AcceptedRow } from "../../src/backfill/record.ts";
import type { PipelineConfig } from "../../src/config/schema.ts";
import { silentReporter } from "../../src/core/reporter.ts";
import type { TaskDefinition } from "../../src/core/task.ts";
import { textAt } from "../../src/core/text-column.ts";
import { readExamples, writeFamily } from "../../src/data/dataset.ts";
import { findNearDuplicates } from "../../src/data/near-duplicates.ts";
import { TaskRowsBuilder } from "../../src/data/rows.ts";
import { datasetManifest, type TaskEntry } from "../../src/pipeline/dataset-manifest.ts";
import {
  finishReal,
  type PreparedTask,
  type RealTask,
  withAccepted,
} from "../../src/pipeline/prepared-task.ts";
import { describeSplit, realRows, textOf } from "../data/admission-scene.ts";
import { mapped, type RowSpec } from "../data/support.ts";
import { load, taskToml } from "../support/project.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

function configOf(prepare = ""): PipelineConfig {
  const folder = temporaryFolder();
  const toml = `[prepare]\ntarget_per_task_label = 30\n${prepare}\n${taskToml("t", "f", ["a", "b"])}`;
  writeFileSync(join(folder, "model_pipeline.toml"), toml);
  return load(folder).config;
}

const taskOfConfig = ({ tasks }: PipelineConfig) => tasks[0] as TaskDefinition;

function realTask(config: PipelineConfig, specs: readonly RowSpec[]): Promise<RealTask> {
  const builder = new TaskRowsBuilder(taskOfConfig(config));
  for (const { role = "train", textB: _, ...spec } of specs)
    builder.push(mapped({ label: "a", ...spec }), { source: "ds", role });
  return finishReal(config, builder, findNearDuplicates, silentReporter);
}

function accepted(text: string, label: string, more: Partial<AcceptedRow> = {}): AcceptedRow {
  return {
    task: "t",
    label,
    text,
    textB: null,
    language: "en",
    fill: 1,
    order: 0,
    model: "m",
    fingerprint: null,
    request: "0",
    prompt: "0",
    seeds: [],
    ...more,
  };
}

const made = (count: number, label: string, from = 0) =>
  Array.from({ length: count }, (_, i) => accepted(textOf(from + i, `made ${label}`), label));

function entryOf(config: PipelineConfig, task: PreparedTask): TaskEntry {
  const inputs = { datasets: [], bootstrap: [], skipped: [], downloads: [] };
  const manifest = datasetManifest({
    version: "v",
    config,
    sample: null,
    inputs,
    accepted: null,
    sources: [],
    bootstrap: [],
    tasks: [task],
    files: [],
  }) as { readonly tasks: readonly TaskEntry[] };
  return manifest.tasks[0] as TaskEntry;
}

const NONE = {
  unknown_label: 0,
  wrong_input: 0,
  unclean_text: 0,
  not_needed: 0,
  copy_of_heldout: 0,
  copy_of_row: 0,
  copy_of_accepted: 0,
};

describe("accepted rows", () => {
  it("that there are none of leave the task, and what the manifest says, as they are", async () => {
    const config = configOf();
    const real = await realTask(config, [...realRows(20), ...realRows(3, "s", { role: "seed", label: "b" })]);
    for (const rows of [[], [accepted("text of another task", "a", { task: "u" })]]) {
      const task = await withAccepted(config, real, rows);
      expect(task).toEqual({ ...real, seeds: 3, outOfScope: null, backfill: null });
      expect(Object.keys(entryOf(config, task))).toEqual([
        ...["task", "family", "labels", "drops", "deduplication", "split_ratios"],
        ...["seeds", "out_of_scope", "languages"],
      ]);
    }
    expect(Array.from({ length: 3 }, (_, i) => textAt(real.seeds.text, i))).toEqual(
      [0, 1, 2].map((i) => textOf(i, "real s")),
    );
  });

  it("fill what is missing, are counted by split and origin, and their deficits with them", async () => {
    const config = configOf("min_real_holdout = 5");
    const real = await realTask(config, [...realRows(20, "a"), ...realRows(2, "b", { role: "test" })]);
    expect(real.labels.map(({ deficit }) => deficit)).toEqual([10, 30]);
    const { labels, backfill } = await withAccepted(config, real, [...made(8, "a"), ...made(40, "b")]);
    const none = { real: 0, llm_labelled: 0, synthetic: 0 };
    expect(labels).toEqual([
      {
        label: "a",
        train: { ...none, real: 18, synthetic: 8 },
        test: none,
        eval: { ...none, real: 2 },
        official: { test: 0, eval: 0 },
        cut: 0,
        deficit: 2,
      },
      {
        label: "b",
        train: { ...none, synthetic: 27 },
        test: none,
        eval: { ...none, synthetic: 3 },
        official: { test: 2, eval: 0 },
        cut: 0,
        deficit: 0,
      },
    ]);
    expect(backfill).toEqual({ accepted: 38, steppedAside: { ...NONE, not_needed: 10 } });
  });

  it("that have no place step aside, each counted under its reason", async () => {
    const config = configOf();
    const real = await realTask(config, realRows(20));
    const textIn = (split: string) => describeSplit(real).find((row) => row.split === split)?.text ?? "";
    const task = await withAccepted(config, real, [
      accepted("some text", "c"),
      accepted("some text", "a", { textB: "another" }),
      accepted("some  text", "a"),
      accepted(textIn("test"), "a"),
      accepted(`${textIn("eval")} x`, "b"),
      accepted(textIn("train"), "b"),
      ...made(9, "a"),
      accepted(`${textOf(0, "made a")} x`, "b"),
      accepted(`${textIn("train")} x`, "a"),
      ...made(2, "a", 20),
    ]);
    const entry = entryOf(config, task);
    expect(entry.backfill).toEqual({
      accepted: 10,
      stepped_aside: {
        unknown_label: 1,
        wrong_input: 1,
        unclean_text: 1,
        not_needed: 2,
        copy_of_heldout: 2,
        copy_of_row: 1,
        copy_of_accepted: 1,
      },
    });
    expect(entry.labels[0]?.train).toEqual({ real: 16, llm_labelled: 0, synthetic: 10 });
  });

  it("change nothing of what the cap has cut, and is said to have", async () => {
    const config = configOf("max_per_task_label = 30");
    const real = await realTask(config, realRows(50));
    const { labels } = await withAccepted(config, real, made(3, "b"));
    expect(labels.map(({ cut, deficit }) => [cut, deficit])).toEqual([
      [20, 0],
      [0, 27],
    ]);
  });

  it("make way for real rows that come later", async () => {
    const config = configOf();
    const rows = made(20, "a");
    const before = await withAccepted(config, await realTask(config, realRows(10)), rows);
    const after = await withAccepted(config, await realTask(config, realRows(25)), rows);
    expect([before.backfill?.accepted, after.backfill?.accepted]).toEqual([20, 5]);
    expect(after.backfill?.steppedAside.not_needed).toBe(15);
    // Those that stay are the first.
    const texts = describeSplit(after).filter(({ origin }) => origin === 2);
    expect(texts.map(({ text }) => text)).toEqual(rows.slice(0, 5).map(({ text }) => text));
  });

  it("are written with the others and read back", async () => {
    const config = configOf("min_real_holdout = 5");
    const task = await withAccepted(config, await realTask(config, realRows(20)), [
      ...made(10, "a"),
      ...made(10, "b"),
    ]);
    const folder = temporaryFolder();
    await writeFamily(folder, "f", [task]);
    const counts: Record<string, number[][]> = {};
    for (const split of ["train", "test", "eval"] as const) {
      const examples = (await readExamples(folder, "f", split, [taskOfConfig(config)])).get("t");
      counts[split] = [0, 1].map((label) =>
        [0, 1, 2].map(
          (origin) =>
            examples?.origin.filter((o, i) => o === origin && examples.label[i] === label).length ?? 0,
        ),
      );
    }
    expect(counts).toEqual({
      train: [
        [16, 0, 10],
        [0, 0, 8],
      ],
      test: [
        [2, 0, 0],
        [0, 0, 1],
      ],
      eval: [
        [2, 0, 0],
        [0, 0, 1],
      ],
    });
  });
});
