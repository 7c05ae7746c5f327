// SPDX-License-Identifier: Apache-2.0
// Configs for the runs, all made from examples/public-tasks.toml, and the commands that run them.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "smol-toml";
import { build } from "../../scripts/build.mjs";
import { costOf, measureNode, reasonOf } from "./child.mjs";
import { ROOT } from "./environment.mjs";
import { versionIn } from "./versions.mjs";

const CLI = join(ROOT, "dist", "cli", "main.js");

/** Compiles src/ into dist/, which is what is measured. */
export function buildProject() {
  const problems = build();
  if (problems !== null) throw new Error(`npm run build failed:\n${problems}`);
}

/**
 * Writes a config of the public tasks `tasks` into `folder`, which holds its datasets and packs too, and returns its
 * path.
 */
export function writeConfig({ shared }, folder, tasks) {
  const config = parse(readFileSync(join(ROOT, "examples", "public-tasks.toml"), "utf8"));
  config.paths = {
    prepared_dir: "prepared",
    bootstrap_prepared_dir: "none",
    trained_models_dir: "trained",
    datasets_cache_dir: "cache",
    backfill_dir: "backfill",
  };
  config.tasks = config.tasks.filter(({ name }) => tasks.includes(name));
  config.datasets = config.datasets
    .filter(({ map }) => map.some(({ task }) => tasks.includes(task)))
    .map((dataset) => ({ ...dataset, path: dataset.path.replace("../../shared", shared) }));
  return writeToml(folder, config);
}

export function writeToml(folder, config) {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, "model_pipeline.toml");
  writeFileSync(path, stringify(config));
  return path;
}

/** Runs a command of modelpack in a process of its own; what it cost. Throws where it fails. */
export async function modelpack(args, options = {}) {
  const run = await measureNode([CLI, ...args], options);
  if (run.code !== 0) throw new Error(`modelpack ${args[0]}: ${reasonOf(run, options.timeout ?? 3600)}`);
  return costOf(run);
}

/** Trains anew, whatever is there: an old version of the same config would be taken as it is. */
export async function trainAnew(config, folder, args = [], options = {}) {
  rmSync(folder, { recursive: true, force: true });
  return modelpack(["train", "--config", config, ...args], options);
}

export function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}

/** Test figures of each task of a pack: accuracy, macro_f1 and everything about its calibration error. */
export function testFigures(trained) {
  const version = versionIn(trained);
  const files = readdirSync(version).filter((name) => name.endsWith("_metrics_test.json"));
  return Object.fromEntries(
    files.flatMap((file) =>
      Object.entries(readJson(join(version, file)).per_task).map(([task, figures]) => [
        task,
        Object.fromEntries(
          Object.entries(figures).filter(([key]) => /^(rows|accuracy|macro_f1|log_loss|ece.*)$/.test(key)),
        ),
      ]),
    ),
  );
}

/** Bytes of what a deployment needs: the model files and the manifest. */
export function packBytes(trained) {
  const version = versionIn(trained);
  const sizes = readdirSync(version).filter((name) => name.endsWith(".safetensors"));
  return {
    models: Object.fromEntries(sizes.map((name) => [name, statSync(join(version, name)).size])),
    manifest: statSync(join(version, "manifest.json")).size,
  };
}

/** Rows of tasks of a prepared dataset by split, official ones in theirs, and the rows read for train before. */
export function preparedRows(prepared, chosen = null) {
  const manifest = readJson(join(versionIn(prepared), "manifest.json"));
  const { sources } = manifest;
  const isChosen = ({ task }) => chosen === null || chosen.includes(task);
  const tasks = manifest.tasks.filter(isChosen);
  const sum = (of) => tasks.reduce((n, task) => n + task.labels.reduce((m, label) => m + of(label), 0), 0);
  const total = ({ real, llm_labelled, synthetic }) => real + llm_labelled + synthetic;
  const read = sources.flatMap(({ maps }) => maps).filter((map) => map.role === "train" && isChosen(map));
  return {
    read: read.reduce((n, { rows }) => n + rows, 0),
    train: sum((label) => total(label.train)),
    eval: sum((label) => total(label.eval)),
    test: sum((label) => total(label.test) + label.official.test),
  };
}
