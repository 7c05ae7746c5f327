// SPDX-License-Identifier: Apache-2.0
// Whether a task's official test rows are of the distribution of its train rows: a classifier is trained to tell the one from the
// other, and where it does better than guessing on rows that it has not seen, they are not (a classifier two-sample test, Lopez-Paz and Oquab, ICLR
// 2017). A calibration on eval rows, which are train rows, is then of another distribution than test.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readRows, sampleOf } from "../lib/data.mjs";
import { tasksOf } from "../lib/plan.mjs";
import { modelpack, testFigures, trainAnew, writeToml } from "../lib/project.mjs";

const SIDES = ["train", "test"];
/** Rows of each side at most. */
const MOST = 3000;
const SEED = 9;
/** Jaccard of character 3-grams from which on rows are siblings. */
const SIBLINGS = 0.5;

/** As many texts of either split, none of which the other has too. */
function textsOf(shared, task) {
  const [train, test] = SIDES.map((split) => new Set(readRows(shared, task, split).map(({ text }) => text)));
  const own = [[...train].filter((text) => !test.has(text)), [...test].filter((text) => !train.has(text))];
  const rows = Math.min(MOST, ...own.map(({ length }) => length));
  return own.map((texts) => sampleOf(texts, rows, SEED));
}

/** A project with a task for each of `tasks`, whose labels are the splits that its rows come from. */
function writeProject({ shared }, folder, tasks) {
  const config = {
    paths: { prepared_dir: "prepared", trained_models_dir: "trained" },
    // Rows that have a sibling, such as a review and what somebody made of it to turn its meaning, stay together: a classifier would know one
    // by the other.
    prepare: {
      target_per_task_label: 0,
      near_duplicate_threshold: SIBLINGS,
      train_ratio: 0.5,
      eval_ratio: 0.1,
      test_ratio: 0.4,
    },
    tasks: tasks.map((name) => ({ name, family: "shift", labels: SIDES })),
    datasets: tasks.map((name) => {
      const map = [{ task: name, text: "text", label_column: "side" }];
      return { name, kind: "local", path: `${name}.jsonl`, map };
    }),
  };
  const path = writeToml(folder, config);
  for (const task of tasks) {
    const rows = textsOf(shared, task).flatMap((texts, side) =>
      texts.map((text) => JSON.stringify({ text, side: SIDES[side] })),
    );
    writeFileSync(join(folder, `${task}.jsonl`), `${rows.join("\n")}\n`);
  }
  return path;
}

export async function run(context) {
  const folder = join(context.work, "shift");
  await context.steps("shift").run("shift", async () => {
    rmSync(folder, { recursive: true, force: true });
    const config = writeProject(context, folder, tasksOf(context).single);
    await modelpack(["prepare", "--config", config, "--no-llm"]);
    const trained = join(folder, "trained");
    await trainAnew(config, trained);
    return { tasks: testFigures(trained) };
  });
}
