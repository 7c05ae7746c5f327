// SPDX-License-Identifier: Apache-2.0
// Predicting, opening, and the size of the runtime: needs the packs that part `ours` leaves behind. The strongest Python peer predicts
// between two runs of ours.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { lastJson, measure, measureNode, reasonOf } from "../lib/child.mjs";
import { ROOT } from "../lib/environment.mjs";
import { median, middleBy } from "../lib/figures.mjs";
import { needModules } from "../lib/python.mjs";

const PREDICT = fileURLToPath(new URL("../children/predict.mjs", import.meta.url));
const BEST = fileURLToPath(new URL("../children/best-latency.py", import.meta.url));
const OPEN = fileURLToPath(new URL("../children/open.mjs", import.meta.url));
/** Fresh processes that predict; one's heap may lie badly in the caches for as long as it lives. */
const PROCESSES = 3;
/** Fresh processes that open the pack. */
const OPENINGS = 15;

async function child(args) {
  const run = await measureNode(args, { timeout: 600 });
  if (run.code !== 0) throw new Error(reasonOf(run, 600));
  return { ...lastJson(run), peak_mb: run.peak_mb };
}

/** What `best` takes for the same texts, and what ours takes just before it and just after. */
async function bestLatency(context, ours) {
  await needModules(context.python, ["sklearn"]);
  const before = await ours();
  const run = await measure(context.python, [BEST, context.shared], { timeout: 600 });
  if (run.code !== 0) throw new Error(reasonOf(run, 600));
  const after = await ours();
  return { ...lastJson(run), beside: [before.task, after.task] };
}

/** Of some processes the one in the middle by what one task takes. */
async function middleLatency(latency) {
  const runs = [];
  for (let i = 0; i < PROCESSES; i++) runs.push(await latency());
  const taken = ({ task }) => task.p50_us;
  return { ...middleBy(runs, taken), all: runs.map(taken) };
}

async function opening(pack) {
  const runs = [];
  for (let i = 0; i < OPENINGS; i++) runs.push(await child([OPEN, pack]));
  const of = (key) => median(runs.map((run) => run[key]));
  return {
    open_ms: of("open_ms"),
    first_ms: of("first_ms"),
    import_ms: of("import_ms"),
    peak_mb: of("peak_mb"),
    processes: OPENINGS,
  };
}

/** What a bundler makes of the browser's door: what a page loads that imports it, and the parts that it loads where a pack needs them. */
async function bundle() {
  const { rolldown } = await import("rolldown");
  const build = await rolldown({
    input: join(ROOT, "dist", "runtime", "index.js"),
    platform: "browser",
    external: /^node:/,
    preserveEntrySignatures: "allow-extension",
  });
  const { output } = await build.generate({ format: "esm", minify: true, comments: false });
  const own = new Set(output.map(({ fileName }) => fileName));
  const sizes = output.map(({ name, code }) => [name, gzipSync(code, { level: 9 }).length]);
  return {
    gzipped: sizes[0][1],
    parts: Object.fromEntries(sizes.slice(1)),
    imports: output
      .flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports])
      .filter((name) => !own.has(name)),
  };
}

export async function run(context) {
  const steps = context.steps("predict");
  const [single, pairs] = ["single", "pairs"].map((name) => join(context.work, "public", `pack-${name}`));
  const needPacks = (work) => async () => {
    if (!existsSync(single) || !existsSync(pairs))
      throw new Error("no packs: run `npm run bench -- --only ours` first");
    return work();
  };
  const latency = () => child([PREDICT, single, pairs, context.shared]);
  await steps.run(
    "latency",
    needPacks(() => middleLatency(latency)),
  );
  await steps.run(
    "best latency",
    needPacks(() => bestLatency(context, latency)),
  );
  await steps.run(
    "opening",
    needPacks(() => opening(single)),
  );
  await steps.run("bundle", bundle);
}
