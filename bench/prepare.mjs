// SPDX-License-Identifier: Apache-2.0
// Time and peak memory of `modelpack prepare` on many rows: the single-text tasks of ../shared/data, repeated
// with seeded edits up to the number of rows named.
//   node bench/prepare.mjs [rows, 1500000] [folder of datasets, ../shared/data]
import { spawnSync } from "node:child_process";
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

const TASKS = [
  "banking77",
  "goemotions",
  "sgd_domain",
  "sgd_act",
  "sgd_intent",
  "clickbait",
  "hate_davidson",
];
const root = fileURLToPath(new URL("..", import.meta.url));
const wanted = Number(process.argv[2] ?? 1_500_000);
const data = resolve(process.argv[3] ?? join(root, "../shared/data"));
const folder = mkdtempSync(join(tmpdir(), "modelpack-bench-"));

let state = 42;
const random = (below) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};

/** Swaps two words and puts a number in, so that most copies are neither the same nor near-duplicates. */
function edit(text) {
  const words = text.split(" ");
  for (let i = 0; i < 1 + words.length / 4; i++) {
    const [a, b] = [random(words.length), random(words.length)];
    [words[a], words[b]] = [words[b], words[a]];
  }
  words.splice(random(words.length), 0, String(random(100_000)));
  return words.join(" ");
}

const sources = TASKS.map((task) => {
  const lines = gunzipSync(readFileSync(join(data, task, "train.jsonl.gz")))
    .toString()
    .trim()
    .split("\n");
  return { task, rows: lines.map((line) => JSON.parse(line)) };
});
const available = sources.reduce((n, { rows }) => n + rows.length, 0);
let toml =
  "[prepare]\nmax_rows_per_source = 10000000\nmax_per_task_label = 10000000\ntarget_per_task_label = 0\n";
let written = 0;
for (const { task, rows } of sources) {
  const out = createWriteStream(join(folder, `${task}.jsonl`));
  const target = Math.round((wanted * rows.length) / available);
  for (let i = 0; i < target; i++) {
    const { text, label } = rows[i % rows.length];
    const line = JSON.stringify({ text: i < rows.length ? text : edit(text), label });
    if (!out.write(`${line}\n`)) await new Promise((done) => out.once("drain", done));
  }
  await new Promise((done) => out.end(done));
  written += target;
  const labels = [...new Set(rows.map(({ label }) => label))]
    .map((label) => JSON.stringify(label))
    .join(", ");
  toml += `[[tasks]]\nname = "${task}"\nfamily = "all"\nlabels = [${labels}]\n`;
  toml += `[[datasets]]\nname = "${task}"\nkind = "local"\npath = "${task}.jsonl"\n`;
  toml += `[[datasets.map]]\ntask = "${task}"\ntext = "text"\nlabel_column = "label"\n`;
}
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "model_pipeline.toml"), toml);
sources.length = 0;

const program = `
  const { main } = await import(${JSON.stringify(new URL("../dist/cli/main.js", import.meta.url).href)});
  const started = performance.now();
  const exit = await main(["prepare", "--config", "model_pipeline.toml", "--json"]);
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  console.error(JSON.stringify({ exit, seconds: (performance.now() - started) / 1000, cpu: (userCPUTime + systemCPUTime) / 1e6, mb: maxRSS / 1024 }));
`;
const run = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
  cwd: folder,
  encoding: "utf8",
  maxBuffer: 2 ** 28,
});
rmSync(folder, { recursive: true, force: true });
const { exit, seconds, cpu, mb } = JSON.parse(run.stderr.trim().split("\n").at(-1));
console.log(
  `${written} rows: exit ${exit}, ${seconds.toFixed(1)} s (${cpu.toFixed(1)} s of CPU), peak ${mb.toFixed(0)} MB`,
);
process.exitCode = exit;
