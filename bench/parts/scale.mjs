// SPDX-License-Identifier: Apache-2.0
// Seconds and peak memory by rows, labels and workers: one task, the texts of the 16 tasks repeated with seeded edits.
import { existsSync, renameSync, rmSync } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import { expectedCost } from "../lib/cost-model.mjs";
import { readRows, SIXTEEN, sampleOf } from "../lib/data.mjs";
import { rowMaker, writeLines } from "../lib/edits.mjs";
import {
  modelpack,
  packBytes,
  preparedRows,
  readJson,
  testFigures,
  trainAnew,
  writeToml,
} from "../lib/project.mjs";
import { versionIn } from "../lib/versions.mjs";

const SEED = 5;
const TIMEOUT = 5400;
const LABELS = [10, 100, 1000];
const LARGEST = 5_000_000;

/**
 * {rows, labels, workers}: the grid, small ones first, so that they can tell what the large ones will take. Points that would
 * take longer than asked for, or more memory than there is, are left out, and the table says so; two run however long they
 * take, for a bar speaks of them.
 */
export function gridOf({ quick, maxRows = LARGEST }) {
  const rows = quick ? [2_000, 10_000] : [10_000, 100_000, 1_000_000, LARGEST];
  const labels = quick ? [10, 100] : LABELS;
  const grid = rows.flatMap((n) =>
    labels.flatMap((k) => [1, 2].map((w) => ({ rows: n, labels: k, workers: w }))),
  );
  return grid.filter(({ rows: n }) => n <= maxRows);
}

/** Why a point is left out: it should take more than {seconds} or {mebibytes}; null for one that runs. */
function whyLeft(point, done, { longest }) {
  const mebibytes = totalmem() / 2 ** 20;
  const isOfBar = point.rows === LARGEST && point.labels < 1000 && point.workers === 2;
  if (!isOfBar && (expectedCost(done, "seconds", point) ?? 0) > longest) return { seconds: longest };
  return (expectedCost(done, "peak_mb", point) ?? 0) > mebibytes ? { mebibytes } : null;
}

export const nameOf = ({ rows, labels, workers }) => `train ${rows} ${labels} ${workers}`;

function hashOf(text) {
  let h = 0;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x9e3779b1);
  return (h ^ (h >>> 15)) >>> 0;
}

/**
 * Texts with a label for each number of labels. A label stands for some of the task-and-label pairs of the 16 tasks;
 * where there are more labels than pairs, a pair is split by the text's longest word. So a label can be learnt from
 * the words, and most copies keep them.
 */
function baseRows(shared) {
  const base = [];
  const seen = new Set();
  const pairs = new Map();
  for (const task of SIXTEEN)
    for (const { text, label } of readRows(shared, task, "train")) {
      if (seen.has(text)) continue;
      seen.add(text);
      const key = `${task} ${label}`;
      if (!pairs.has(key)) pairs.set(key, pairs.size);
      const longest = text.split(/\s+/).reduce((a, b) => (b.length > a.length ? b : a), "");
      base.push({ text, pair: pairs.get(key), word: hashOf(longest.toLowerCase()) });
    }
  const rows = base.map(({ text, pair, word }) => ({
    text,
    ...Object.fromEntries(
      LABELS.map((k) => [`label${k}`, `c${(k > pairs.size ? pair * 7 + (word % 7) : pair) % k}`]),
    ),
  }));
  return sampleOf(rows, rows.length, SEED);
}

/** Writes the rows of a size, unless this run has. */
async function writeRows(context, rows) {
  const folder = join(context.work, "scale", String(rows));
  const path = join(folder, "rows.jsonl");
  if (existsSync(path)) return;
  for (const labels of LABELS) writeScaleConfig(folder, labels);
  await writeLines(`${path}.tmp`, rows, rowMaker(baseRows(context.shared), SEED));
  renameSync(`${path}.tmp`, path);
}

function writeScaleConfig(folder, labels) {
  const names = Array.from({ length: labels }, (_, k) => `c${k}`);
  const map = [{ task: "scale", text: "text", label_column: `label${labels}` }];
  return writeToml(join(folder, String(labels)), {
    // A threshold of 1 ties only copies with the same character 3-grams: at 0.8 chains of copies would become
    // groups of thousands of rows, which no split can deal out.
    prepare: {
      max_rows_per_source: 100_000_000,
      max_per_task_label: 100_000_000,
      target_per_task_label: 0,
      near_duplicate_threshold: 1,
    },
    paths: { prepared_dir: "prepared", trained_models_dir: "trained" },
    tasks: [{ name: "scale", family: "scale", labels: names }],
    datasets: [{ name: "rows", kind: "local", path: "../rows.jsonl", map }],
  });
}

async function prepare(context, rows, labels) {
  await writeRows(context, rows);
  const folder = join(context.work, "scale", String(rows));
  const config = writeScaleConfig(folder, labels);
  rmSync(join(folder, String(labels), "prepared"), { recursive: true, force: true });
  const cost = await modelpack(["prepare", "--config", config, "--no-llm"], { timeout: TIMEOUT });
  return { rows, labels, cost, split: preparedRows(join(folder, String(labels), "prepared")) };
}

async function train(context, point) {
  const folder = join(context.work, "scale", String(point.rows), String(point.labels));
  const config = join(folder, "model_pipeline.toml");
  if (!existsSync(join(folder, "prepared", "current.json"))) await prepare(context, point.rows, point.labels);
  const trained = join(folder, "trained");
  const cost = await trainAnew(config, trained, ["--set", `train.workers=${point.workers}`], {
    timeout: TIMEOUT,
  });
  const { epochs } = readJson(join(versionIn(trained), "run.json"));
  return { ...point, cost, pack: packBytes(trained), epochs: epochs.length, tasks: testFigures(trained) };
}

export async function run(context) {
  const steps = context.steps("scale");
  const done = [];
  const grid = gridOf(context);
  steps.keep((name) => Number(name.split(" ")[1]) > context.maxRows);
  // Rows of a run that was stopped may have been drawn by other code.
  rmSync(join(context.work, "scale"), { recursive: true, force: true });
  for (const rows of new Set(grid.map((point) => point.rows))) {
    for (const labels of new Set(grid.filter((p) => p.rows === rows).map((p) => p.labels))) {
      const points = grid.filter((p) => p.rows === rows && p.labels === labels);
      // What is expected of a point comes from fewer rows alone.
      const left = points.map((point) => whyLeft(point, done, context));
      if (left.some((why) => why === null))
        await steps.run(`prepare ${rows} ${labels}`, () => prepare(context, rows, labels));
      for (const [i, point] of points.entries()) {
        const measure = async () => (left[i] === null ? train(context, point) : { ...point, left: left[i] });
        const result = await steps.run(nameOf(point), measure);
        if (result.cost !== undefined) done.push(result);
      }
      rmSync(join(context.work, "scale", String(rows), String(labels)), { recursive: true, force: true });
    }
    rmSync(join(context.work, "scale", String(rows)), { recursive: true, force: true });
  }
}
