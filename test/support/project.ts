// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { type LoadedConfig, loadConfig } from "../../src/config/load.ts";
import type { Overrides } from "../../src/config/override.ts";
import type { Reporter } from "../../src/core/reporter.ts";
import type { TaskDefinition } from "../../src/core/task.ts";
import { type PreparePlan, planPrepare } from "../../src/pipeline/plan.ts";
import { type PrepareResult, prepare } from "../../src/pipeline/prepare.ts";
import type { PrepareOptions } from "../../src/pipeline/prepare-options.ts";
import { type TrainResult, train } from "../../src/pipeline/train.ts";
import type { RunOptions } from "../../src/pipeline/workspace.ts";
import { sha256 } from "../../src/storage/digest.ts";
import { separableRows } from "./examples.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** TOML of a task; strings of JSON are strings of TOML. */
export function taskToml(name: string, family: string, labels: readonly string[], more = ""): string {
  const input = more.includes("input =") ? "" : 'input = "text"\n';
  return `[[tasks]]\nname = "${name}"\nfamily = "${family}"\n${input}labels = ${JSON.stringify(labels)}\n${more}\n`;
}

/** TOML of a local dataset with one map: columns text (or text_a and text_b) and label. */
export function datasetToml(
  name: string,
  path: string,
  task: string,
  more = "",
  map = 'text = "text"',
): string {
  return `[[datasets]]\nname = ${JSON.stringify(name)}\nkind = "local"\npath = ${JSON.stringify(path)}\nlicense = "CC0-1.0"\n${more}
[[datasets.map]]\ntask = "${task}"\n${map}\nlabel_column = "label"\n`;
}

/** Writes rows as JSON lines. */
export function writeRows(path: string, rows: readonly object[]): void {
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
}

/** Rows of {@link separableRows} with the labels' names. */
export function namedRows(
  labels: readonly string[],
  perLabel: number,
  seed: number,
): { text: string; label: string }[] {
  return separableRows(labels.length, perLabel, seed).map(({ text, label }, i) => ({
    text: `${text} w${seed}x${i}`,
    label: labels[label] as string,
  }));
}

export const PAIR_MAP = 'text_a = "text_a"\ntext_b = "text_b"';

/** `model_pipeline.toml` of {@link writeProject}. */
const PROJECT = `[prepare]
target_per_task_label = 30
near_duplicate_threshold = 0.95

[train]
max_iter = 4
max_features = 4000

${taskToml("colour", "router", ["red", "green", "blue"], 'default = "red"')}
${taskToml("size", "router", ["small", "large"])}
${taskToml("same", "pair", ["yes", "no"], 'input = "pair"')}
${datasetToml("colours", "colours.jsonl", "colour")}
${datasetToml("sizes", "sizes.jsonl", "size")}
${datasetToml("sames", "sames.jsonl", "same", "", PAIR_MAP)}`;

/** A project of two families, three tasks and 230 rows in a folder; a temporary one where none is given. */
export function writeProject(folder = temporaryFolder(), toml = PROJECT): string {
  writeRows(join(folder, "colours.jsonl"), namedRows(["red", "green", "blue"], 40, 1));
  writeRows(join(folder, "sizes.jsonl"), namedRows(["small", "large"], 25, 2));
  const sames = namedRows(["a", "b"], 30, 3).map(({ text }, i) => ({
    text_a: text,
    text_b: i % 2 === 0 ? `${text} indeed` : `nothing of that kind number ${i}`,
    label: i % 2 === 0 ? "yes" : "no",
  }));
  writeRows(join(folder, "sames.jsonl"), sames);
  writeFileSync(join(folder, "model_pipeline.toml"), toml);
  return folder;
}

export function load(folder: string, overrides: Overrides = {}): LoadedConfig {
  return loadConfig(join(folder, "model_pipeline.toml"), overrides);
}

/** `--set` of each of these. */
export function set(...set: string[]): Overrides {
  return { set };
}

/** What a run told its reporter. */
export interface Heard {
  readonly notes: string[];
  readonly warnings: string[];
}

function listener(): { heard: Heard; reporter: Reporter } {
  const heard: Heard = { notes: [], warnings: [] };
  const reporter: Reporter = {
    note: (message) => void heard.notes.push(message),
    warn: (message) => void heard.warnings.push(message),
    progress() {},
    download() {},
    fill() {},
  };
  return { heard, reporter };
}

export async function runPrepare(
  folder: string,
  overrides: Overrides = {},
  options: PrepareOptions = {},
): Promise<PrepareResult & Heard> {
  const { heard, reporter } = listener();
  return { ...(await prepare(load(folder, overrides), reporter, options)), ...heard };
}

export async function runPlan(
  folder: string,
  overrides: Overrides = {},
  options: PrepareOptions = {},
): Promise<PreparePlan & Heard> {
  const { heard, reporter } = listener();
  return { ...(await planPrepare(load(folder, overrides), reporter, options)), ...heard };
}

export async function runTrain(
  folder: string,
  overrides: Overrides = {},
  options: RunOptions = {},
): Promise<TrainResult & Heard> {
  const { heard, reporter } = listener();
  return { ...(await train(load(folder, overrides), reporter, options)), ...heard };
}

/** A task of a config. */
export function taskNamed({ config }: LoadedConfig, name: string): TaskDefinition {
  const found = config.tasks.find((task) => task.name === name);
  if (found === undefined) throw new Error(`the config has no task ${name}`);
  return found;
}

/** A JSON file; the caller knows its shape. */
export function readJson<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(...path), "utf8")) as T;
}

/** sha256 of every file of a version but run.json, by name. */
export function digestsOf(folder: string): Record<string, string> {
  const names = filesIn(folder).filter((name) => name !== "run.json");
  return Object.fromEntries(names.map((name) => [name, sha256(readFileSync(join(folder, name)))]));
}

/** Files of a folder and of those in it, sorted, by their paths from it with `/`. */
export function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .sort();
}

/** Names of what is in a folder, hidden files too; nothing where it is not there. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
