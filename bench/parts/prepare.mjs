// SPDX-License-Identifier: Apache-2.0
// Time and memory of `modelpack prepare` on 1.5 million rows: the larger single-text tasks, repeated with seeded
// edits, deduplicated at the default threshold.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { DIALOGUE, readRows } from "../lib/data.mjs";
import { rowMaker, writeLines } from "../lib/edits.mjs";
import { middleCost } from "../lib/figures.mjs";
import { modelpack, preparedRows, writeToml } from "../lib/project.mjs";

/** The larger ones: the two of TREC have 5,000 rows. */
const TASKS = DIALOGUE.filter((task) => !task.startsWith("trec"));
const ROWS = 1_500_000;
const SEED = 42;

async function writeRows(context, folder) {
  const sources = TASKS.map((task) => ({ task, rows: readRows(context.shared, task, "train") }));
  const available = sources.reduce((n, { rows }) => n + rows.length, 0);
  const wanted = context.quick ? 20_000 : ROWS;
  const config = {
    prepare: { max_rows_per_source: 10_000_000, max_per_task_label: 10_000_000, target_per_task_label: 0 },
    tasks: [],
    datasets: [],
  };
  let written = 0;
  writeToml(folder, config);
  for (const { task, rows } of sources) {
    const target = Math.round((wanted * rows.length) / available);
    await writeLines(join(folder, `${task}.jsonl`), target, rowMaker(rows, SEED));
    written += target;
    config.tasks.push({ name: task, family: "all", labels: [...new Set(rows.map(({ label }) => label))] });
    const map = [{ task, text: "text", label_column: "label" }];
    config.datasets.push({ name: task, kind: "local", path: `${task}.jsonl`, map });
  }
  return { config: writeToml(folder, config), written };
}

export async function run(context) {
  const steps = context.steps("prepare");
  const folder = join(context.work, "prepare");
  await steps.run("prepare", async () => {
    const { config, written } = await writeRows(context, folder);
    const runs = [];
    for (let i = 0; i < (context.quick ? 1 : 3); i++) {
      rmSync(join(folder, "prepared_data"), { recursive: true, force: true });
      runs.push(await modelpack(["prepare", "--config", config, "--no-llm"]));
    }
    const rows = preparedRows(join(folder, "prepared_data", "modelpack"));
    rmSync(folder, { recursive: true, force: true });
    return { written, rows, cost: middleCost(runs), runs };
  });
}
