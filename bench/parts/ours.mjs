// SPDX-License-Identifier: Apache-2.0
// modelpack on the public tasks: `prepare` and `train` as a user runs them, each in a process of its own.
import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { middleCost } from "../lib/figures.mjs";
import { ALONE, FAMILIES, sixes, tasksOf } from "../lib/plan.mjs";
import { modelpack, packBytes, preparedRows, testFigures, trainAnew, writeConfig } from "../lib/project.mjs";

/** Rows of each source with --quick. */
const QUICK_ROWS = 1500;

async function prepare(context, config) {
  const folder = join(config, "..", "prepared");
  rmSync(folder, { recursive: true, force: true });
  const sample = context.quick ? ["--sample", String(QUICK_ROWS)] : [];
  const cost = await modelpack(["prepare", "--config", config, "--no-llm", ...sample]);
  return { cost, rows: preparedRows(folder) };
}

async function train(config, args = [], times = 1) {
  const trained = join(config, "..", "trained");
  const runs = [];
  for (let i = 0; i < times; i++) runs.push(await trainAnew(config, trained, args));
  return { cost: middleCost(runs), runs, pack: packBytes(trained), tasks: testFigures(trained) };
}

/** A project of its own for `tasks`: prepared, then trained. */
async function subset(context, name, tasks, times) {
  const config = writeConfig(context, join(context.work, name), tasks);
  const { rows, cost } = await prepare(context, config);
  return { of: tasks, rows, prepare: cost, ...(await train(config, [], times)) };
}

export async function run(context) {
  const steps = context.steps("ours");
  const { single, pairs } = tasksOf(context);
  const folder = join(context.work, "public");
  const config = writeConfig(context, folder, [...single, ...pairs]);
  const times = context.quick ? 1 : 3;
  await steps.run("prepare", () => prepare(context, config));
  await steps.run("train", async () => {
    const result = await train(config, ["--families", FAMILIES], times);
    keep(folder, "single");
    return {
      ...result,
      rows: preparedRows(join(folder, "prepared"), single),
      prepare: steps.stored("prepare").cost,
    };
  });
  await steps.run("exact", () =>
    train(config, ["--families", FAMILIES, "--set", 'train.quantization="none"']),
  );
  await steps.run("pairs", async () => {
    const result = await train(config, ["--families", "pairs"]);
    keep(folder, "pairs");
    return result;
  });
  for (const [name, tasks] of Object.entries(sixes(context)))
    await steps.run(name, () => subset(context, name, tasks, times));
  for (const task of ALONE.filter((name) => single.includes(name)))
    await steps.run(task, () => subset(context, task, [task], times));
}

/** Packs stay for the parts that predict with them; the next training would take their folder. */
function keep(folder, name) {
  const to = join(folder, `pack-${name}`);
  rmSync(to, { recursive: true, force: true });
  cpSync(join(folder, "trained"), to, { recursive: true });
}
