// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { silentReporter } from "../../src/core/reporter.ts";
import { fillSource, fillTasks, slotContext, wordingOf } from "../../src/pipeline/fill-source.ts";
import { collectTasks } from "../../src/pipeline/finish.ts";
import { resolveInputs } from "../../src/pipeline/inputs.ts";
import { inputOptions } from "../../src/pipeline/prepare-options.ts";
import { acceptedRow } from "../support/ledger.ts";
import { datasetToml, load, namedRows, set, taskToml, writeRows } from "../support/project.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const SEEDS = `[[datasets]]\nname = "seeds"\nkind = "local"\npath = "seeds.jsonl"\nlicense = "CC0-1.0"
[[datasets.map]]\nrole = "seed"\ntext = "text"\n`;

/** A project of two tasks whose files lie in the cache folder, beside a loose one. */
function project(): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, "datasets"));
  writeRows(join(folder, "datasets", "colours.jsonl"), namedRows(["red", "blue"], 8, 1));
  writeRows(join(folder, "datasets", "loose.jsonl"), [{ text: "a loose text" }]);
  writeRows(join(folder, "seeds.jsonl"), [{ text: "a shared seed" }]);
  const toml = `[prepare]\ntarget_per_task_label = 9\n[synthetic_llm]\nmodel = "m"\nbatch_size = 5\n
${taskToml("colour", "router", ["red", "blue"], 'description = "Which colour it is."')}
${taskToml("size", "router", ["small"])}
${datasetToml("colours", "datasets/colours.jsonl", "colour")}${SEEDS}`;
  writeFileSync(join(folder, "model_pipeline.toml"), toml);
  return folder;
}

async function sourceOf(folder: string, ...more: string[]) {
  const loaded = load(folder, set(...more));
  const { config } = loaded;
  const asked = inputOptions({}, () => Promise.resolve());
  const noHub = () => Promise.resolve({ done: [], failed: [] });
  const inputs = await resolveInputs(loaded, asked, silentReporter, noHub);
  const { real, shared } = await collectTasks(config, inputs, silentReporter, {
    sample: null,
    signal: undefined,
  });
  const from = { inputs, sample: null };
  return { config, source: await fillSource(config, real, shared, from, silentReporter) };
}

describe("what a fill is made from", () => {
  it("is loose files, but none of the datasets' own, whose rows may be in test", async () => {
    const { source } = await sourceOf(project());
    expect(source.loose).toEqual(["a loose text"]);
    expect(source.tasks.map(({ rows }) => rows.length)).toEqual([16, 0]);
    expect(source.shared.pool("text").length).toBe(1);
  });

  it("is told by a digest, which other loose texts and other rows change", async () => {
    const folder = project();
    const digests = [(await sourceOf(folder)).source.digest, (await sourceOf(folder)).source.digest];
    writeRows(join(folder, "datasets", "loose.jsonl"), [{ text: "another loose text" }]);
    digests.push((await sourceOf(folder)).source.digest);
    writeRows(join(folder, "datasets", "colours.jsonl"), namedRows(["red", "blue"], 8, 2));
    digests.push((await sourceOf(folder)).source.digest);
    expect(digests[0]).toBe(digests[1]);
    expect(new Set(digests).size).toBe(3);
  });
});

describe("what the slots of a task share", () => {
  it("is the config's wording, and the rows, the seeds and the guidance of the task", async () => {
    const { config, source } = await sourceOf(
      project(),
      'synthetic_llm.verify="judge"',
      "prepare.near_duplicate_threshold=0.7",
    );
    const [colour] = source.tasks;
    if (colour === undefined) throw new Error("no task");
    const context = slotContext(config, source, colour, () => false);
    expect(context).toMatchObject({
      threshold: 0.7,
      verify: true,
      wording: { model: "m", batchSize: 5, seed: 42 },
    });
    const { pools, confusable } = context.prompt;
    const train = colour.split.filter((split) => split === 0).length;
    expect(pools.examples.reduce((sum, set) => sum + set.length, 0)).toBe(train);
    expect(pools.unlabelled.map((set) => set.at(0).text)).toEqual(["a shared seed", "a loose text"]);
    expect(confusable).toEqual([]);
    expect(context.instructions.has("write what a real person or program")).toBe(true);
  });

  it("has languages only where they are asked for, and have a share", async () => {
    const folder = project();
    const languages = (...more: string[]) => wordingOf(load(folder, set(...more)).config).languages;
    expect(languages()).toEqual([]);
    expect(languages("multilingual.enabled=true", "multilingual.weights={de=0.5,en=0.5,fr=0}")).toEqual([
      ["de", 0.5],
      ["en", 0.5],
    ]);
  });
});

describe("the tasks that lack rows", () => {
  it("are those under the target with the rows accepted before", async () => {
    const { config, source } = await sourceOf(project());
    const names = async (...accepted: ReturnType<typeof acceptedRow>[]) =>
      (await fillTasks(config, source, accepted)).map(({ prompt, admission }) => [
        prompt.task.name,
        ...prompt.task.labels.map((_, label) => admission.remaining(label)),
      ]);
    const row = (i: number, label: string) =>
      acceptedRow(i, {
        task: "colour",
        label,
        text: `nothing like it ${"xyz"[i]}${"abc"[i]} ${"klm"[i]}`.repeat(2),
      });
    expect(await names()).toEqual([
      ["colour", 1, 1],
      ["size", 9],
    ]);
    expect(await names(row(0, "red"))).toEqual([
      ["colour", 0, 1],
      ["size", 9],
    ]);
    expect(await names(row(0, "red"), row(1, "blue"))).toEqual([["size", 9]]);
  });
});
