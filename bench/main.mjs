#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// The benchmark: node bench/main.mjs, or `npm run bench`. --help tells the rest.
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const PARTS = ["ours", "shift", "predict", "python", "prepare", "micro", "scale", "js-peers"];

const HELP = `Measures modelpack beside its peers and writes docs/benchmarks.md.

  npm run bench -- [options]        in the project or in bench/, after npm ci in both

  --only <parts>     comma-separated: ${PARTS.join(", ")}
  --resume           keep the steps that are done; without it, each part is measured anew
  --quick            small samples, a few minutes in all, figures in bench/results/quick; docs/ stays as it is
  --report           measure nothing: write docs/benchmarks.md from the stored figures
  --max-rows <n>     part scale: no more rows than that
  --longest <s>      part scale: points that should take longer are left out, but two of the largest rows; 900 by default
  --shared <folder>  rows and peer.py (data/, peers/); ../shared beside the project by default
  --python <path>    interpreter with scikit-learn and fastText; /usr/bin/python3 by default
  --help

  npm run bench                                  everything, about two and a half hours on 2 cores
  npm run bench -- --quick                       to see that it works
  npm run bench -- --only ours,predict           only these parts
  npm run bench -- --only scale --resume         go on where the last run stopped
`;

const OPTIONS = {
  only: { type: "string" },
  resume: { type: "boolean", default: false },
  quick: { type: "boolean", default: false },
  report: { type: "boolean", default: false },
  "max-rows": { type: "string", default: "5000000" },
  longest: { type: "string", default: "900" },
  shared: { type: "string" },
  python: { type: "string", default: "/usr/bin/python3" },
  help: { type: "boolean", default: false },
};

/** Ends with exit code 2: the command line, or what it needs, is wrong. */
function refuse(message, hint) {
  console.error(`error: ${message}\n  hint: ${hint}`);
  process.exit(2);
}

function readOptions() {
  try {
    return parseArgs({ options: OPTIONS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    return refuse(error.message.split(". ")[0], "npm run bench -- --help lists the options");
  }
}

function chosenParts(only) {
  if (only === undefined) return PARTS;
  const names = only
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  const unknown = names.filter((name) => !PARTS.includes(name));
  if (unknown.length > 0 || names.length === 0)
    refuse(
      `--only: expected some of ${PARTS.join(", ")}, got ${JSON.stringify(only)}`,
      "separate parts by commas",
    );
  return PARTS.filter((name) => names.includes(name));
}

function log(line) {
  console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);
}

const options = readOptions();
if (options.help) {
  console.log(HELP);
  process.exit(0);
}
const parts = chosenParts(options.only);
const maxRows = Number(options["max-rows"]);
if (!(maxRows >= 1))
  refuse(`--max-rows: expected a number of at least 1, got ${options["max-rows"]}`, "such as 100000");
const longest = Number(options.longest);
if (!(longest > 0)) refuse(`--longest: expected seconds over 0, got ${options.longest}`, "such as 1500");
const shared = resolve(options.shared ?? join(HERE, "../../shared"));
if (!options.report && !existsSync(join(shared, "data", "banking77")))
  refuse(
    `${shared} has no data/banking77`,
    "put the rows beside the project as ../shared, or name them with --shared",
  );
for (const [folder, command] of [
  ["..", "npm ci"],
  [".", "npm ci in bench/"],
])
  if (!existsSync(join(HERE, folder, "node_modules")))
    refuse("the packages are not installed", `run ${command}`);

const { readResults, Steps } = await import("./lib/store.mjs");
const { buildProject } = await import("./lib/project.mjs");
const results = join(HERE, "results", options.quick ? "quick" : "");
const context = {
  shared,
  python: options.python,
  quick: options.quick,
  maxRows,
  longest,
  work: join(HERE, "work", options.quick ? "quick" : "full"),
  steps: (part) => new Steps(results, part, options.resume, log),
  log,
};
/** What a part has measured is kept where it fails, for --resume, and the other parts are measured all the same. */
async function runPart(part) {
  const { run } = await import(`./parts/${part}.mjs`);
  const steps = context.steps(part);
  steps.begin();
  try {
    await run(context);
    steps.end();
  } catch (error) {
    log(`${part}: FAILED (${error.stack})`);
    process.exitCode = 1;
  }
}

if (!options.report) {
  buildProject();
  for (const part of parts) await runPart(part);
}
const { writeReport } = await import("./report/write.mjs");
const docs = options.quick ? results : join(HERE, "..", "docs");
log(`wrote ${await writeReport(readResults(results, PARTS), docs, options.quick)}`);
