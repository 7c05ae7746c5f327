// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../../config/load.ts";
import { type Completion, complete as completionsOf, type KnownNames, readLine } from "../completion.ts";
import type { Action } from "../context.ts";
import { oneLine } from "../printable.ts";

/**
 * `modelpack complete`: asked by the shells' scripts. The first line is the kind of what follows, each other one a
 * value, a tab, and what it means. What can't be read gives no values: a Tab is no place for an error.
 */
export const complete: Action = async (context, _options, words) => {
  const line = readLine(words, context.commands);
  const completion = completionsOf(line, context.commands, knownNames(line.given));
  return { text: linesOf(completion), json: { ...completion } };
};

// A value with a line end or a control character could not be typed again: such a label is left out.
function linesOf({ kind, values }: Completion): string {
  const typeable = values.filter(({ value }) => oneLine(value) === value);
  return [kind, ...typeable.map(({ value, doc }) => `${value}\t${oneLine(doc)}`)].join("\n");
}

interface NamedTask {
  readonly name: string;
  readonly family: string;
  readonly labels: readonly string[];
}

function knownNames(given: ReadonlyMap<string, string>): KnownNames {
  let known: readonly NamedTask[] | null = null;
  const tasks = () => {
    known ??= tasksOf(given);
    return known;
  };
  return {
    tasks: () => tasks().map(({ name }) => name),
    families: () => [...new Set(tasks().map(({ family }) => family))],
    labels: (task) =>
      tasks().find(({ name }, _, all) => (task === undefined ? all.length === 1 : name === task))?.labels ??
      [],
  };
}

/** The tasks of the pack that `--pack` names, else of the config, else of what `predict` would open. */
function tasksOf(given: ReadonlyMap<string, string>): readonly NamedTask[] {
  try {
    const path = given.get("--config") ?? "model_pipeline.toml";
    const pack = given.get("--pack") ?? (existsSync(path) ? undefined : "trained_models");
    if (pack !== undefined) return packTasks(pack);
    const { config } = loadConfig(path, {});
    return config.tasks.map(({ name, family, labels }) => ({
      name,
      family,
      labels: labels.map((label) => label.name),
    }));
  } catch {
    return [];
  }
}

const LABEL_MAP = "_label_map.json";

/** What the label maps of a version, or of the one that a folder points to, say. */
function packTasks(folder: string): readonly NamedTask[] {
  const pointer = join(folder, "latest.json");
  const version = existsSync(pointer) ? (readJson(pointer) as { readonly version: string }).version : "";
  const home = join(folder, version);
  const maps = readdirSync(home).filter((name) => name.endsWith(LABEL_MAP));
  return maps.flatMap((name) => {
    const { family, tasks } = readJson(join(home, name)) as LabelMap;
    return tasks.map(({ task, labels }) => ({ name: task, family, labels }));
  });
}

interface LabelMap {
  readonly family: string;
  readonly tasks: readonly { readonly task: string; readonly labels: readonly string[] }[];
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}
