// SPDX-License-Identifier: Apache-2.0
// The Python peers, by shared/peers/peer.py on the same rows.
import { join } from "node:path";
import { between } from "../lib/beside.mjs";
import { costOf, lastJson, measure, reasonOf } from "../lib/child.mjs";
import { FAMILIES, MEASURED_EPOCHS, sixes, tasksOf } from "../lib/plan.mjs";
import { needModules } from "../lib/python.mjs";

/** Seconds that a peer gets for the 16 tasks. */
const TIMEOUT = 2400;

async function peer(context, name, tasks, args = []) {
  const script = join(context.shared, "peers", "peer.py");
  const data = join(context.shared, "data");
  const limit = context.quick ? ["--limit", "1500"] : [];
  return python(context, [script, name, "--tasks", tasks.join(), "--data", data, ...limit, ...args]);
}

async function python(context, args) {
  const run = await measure(context.python, args, { timeout: TIMEOUT });
  if (run.code !== 0) throw new Error(reasonOf(run, TIMEOUT));
  return { ...lastJson(run), cost: costOf(run) };
}

export async function run(context) {
  const steps = context.steps("python");
  const { single } = tasksOf(context);
  const sklearn = (work) => () => needModules(context.python, ["sklearn"]).then(work);
  const fasttext = (work) => () => needModules(context.python, ["sklearn", "fasttext"]).then(work);
  const banking = (name) => between(context, "banking77", [], () => peer(context, name, ["banking77"]));
  const all = (name, args) =>
    between(context, "public", ["--families", FAMILIES], () => peer(context, name, single, args));
  await steps.run(
    "best banking77",
    sklearn(() => banking("best")),
  );
  await steps.run(
    "reference banking77",
    sklearn(() => banking("reference")),
  );
  await steps.run(
    "fasttext banking77",
    fasttext(() => banking("fasttext")),
  );
  for (const [name, tasks] of Object.entries(sixes(context)))
    await steps.run(
      `best ${name}`,
      sklearn(() => between(context, name, [], () => peer(context, "best", tasks))),
    );
  await steps.run(
    "best",
    sklearn(() => all("best")),
  );
  const epochs = ["--epochs", String(MEASURED_EPOCHS)];
  await steps.run(
    "reference-loop",
    sklearn(() => all("reference-loop", epochs)),
  );
  await steps.run(
    "fasttext",
    fasttext(() => all("fasttext")),
  );
}
