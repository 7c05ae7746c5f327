// SPDX-License-Identifier: Apache-2.0
// The Python peers, by shared/peers/peer.py on the same rows.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { lastJson, measure, reasonOf } from "../lib/child.mjs";
import { FAMILIES, sixes, tasksOf } from "../lib/plan.mjs";
import { trainAnew } from "../lib/project.mjs";

const HOW_TO_INSTALL =
  "apt-get install -y python3-sklearn python3-fasttext, or --python with one that has them";
/** Epochs of reference-loop that are measured; the table scales them to 25. */
const LOOP_EPOCHS = 2;
/** Seconds that a peer gets for the 16 tasks. */
const TIMEOUT = 2400;
const LATENCY = fileURLToPath(new URL("../children/best-latency.py", import.meta.url));

async function peer(context, name, tasks, args = []) {
  const script = join(context.shared, "peers", "peer.py");
  const data = join(context.shared, "data");
  const limit = context.quick ? ["--limit", "1500"] : [];
  return python(context, [script, name, "--tasks", tasks.join(), "--data", data, ...limit, ...args]);
}

/**
 * {..., beside: seconds of modelpack's `train` on the same tasks just before and just after}, where the part `ours` has left
 * its project: a machine that others share may be a fifth slower a quarter of an hour later.
 */
async function between(context, project, args, work) {
  const folder = join(context.work, project);
  if (!existsSync(join(folder, "prepared", "current.json"))) return work();
  const ours = async () => {
    const config = join(folder, "model_pipeline.toml");
    return (await trainAnew(config, join(folder, "trained"), args)).seconds;
  };
  // What a peer took many minutes for is kept, whatever becomes of ours.
  const before = await ours().catch(() => null);
  const result = await work();
  const after = await ours().catch(() => null);
  return before === null || after === null ? result : { ...result, beside: [before, after] };
}

async function python(context, args) {
  const run = await measure(context.python, args, { timeout: TIMEOUT });
  if (run.code !== 0) throw new Error(reasonOf(run, TIMEOUT));
  return lastJson(run);
}

/** Throws, with what to install, where the interpreter or a module of it is missing. */
async function modules(context, names) {
  const hint = `${context.python} lacks ${names.join(" or ")}: ${HOW_TO_INSTALL}`;
  const run = await measure(context.python, ["-c", `import ${names.join()}`]).catch(() => ({ code: 1 }));
  if (run.code !== 0) throw new Error(hint);
}

export async function run(context) {
  const steps = context.steps("python");
  const { single } = tasksOf(context);
  const sklearn = (work) => () => modules(context, ["sklearn"]).then(work);
  const fasttext = (work) => () => modules(context, ["sklearn", "fasttext"]).then(work);
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
  await steps.run(
    "best latency",
    sklearn(() => python(context, [LATENCY, context.shared])),
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
  const epochs = ["--epochs", String(LOOP_EPOCHS)];
  await steps.run(
    "reference-loop",
    sklearn(() => all("reference-loop", epochs)),
  );
  await steps.run(
    "fasttext",
    fasttext(() => all("fasttext")),
  );
}
