// SPDX-License-Identifier: Apache-2.0
// Predicting, opening, and the size of the runtime: needs the packs that part `ours` leaves behind.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { lastJson, measureNode, reasonOf } from "../lib/child.mjs";
import { ROOT } from "../lib/environment.mjs";
import { median } from "../lib/figures.mjs";

const PREDICT = fileURLToPath(new URL("../children/predict.mjs", import.meta.url));
const OPEN = fileURLToPath(new URL("../children/open.mjs", import.meta.url));
/** Fresh processes that open the pack. */
const OPENINGS = 15;

async function child(args) {
  const run = await measureNode(args, { timeout: 600 });
  if (run.code !== 0) throw new Error(reasonOf(run, 600));
  return { ...lastJson(run), peak_mb: run.peak_mb };
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

/** What a bundler makes of the browser's door for a page that imports it, and of the part that is loaded for pairs. */
async function bundle() {
  const { rolldown } = await import("rolldown");
  const build = await rolldown({
    input: join(ROOT, "dist", "runtime", "index.js"),
    platform: "browser",
    external: /^node:/,
    preserveEntrySignatures: "allow-extension",
  });
  const { output } = await build.generate({ format: "esm", minify: true, comments: false });
  const gzipped = output.map(({ code }) => gzipSync(code, { level: 9 }).length);
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const outside = output[0].imports.filter((name) => name in dependencies || !name.startsWith("."));
  return {
    minified: output[0].code.length,
    gzipped: gzipped[0],
    gzipped_for_pairs: gzipped[partOf(output, "pair-analyzer")],
    imports: outside,
  };
}

/** Number of the part of a bundle that is loaded with a module. */
function partOf(output, module) {
  const part = output.findIndex(({ name }) => name === module);
  if (part < 0) throw new Error(`the bundle has no part ${module}`);
  return part;
}

export async function run(context) {
  const steps = context.steps("predict");
  const [single, pairs] = ["single", "pairs"].map((name) => join(context.work, "public", `pack-${name}`));
  const needPacks = (work) => async () => {
    if (!existsSync(single) || !existsSync(pairs))
      throw new Error("no packs: run `npm run bench -- --only ours` first");
    return work();
  };
  await steps.run(
    "latency",
    needPacks(() => child([PREDICT, single, pairs, context.shared])),
  );
  await steps.run(
    "opening",
    needPacks(() => opening(single)),
  );
  await steps.run("bundle", bundle);
}
