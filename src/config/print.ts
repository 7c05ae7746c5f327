// SPDX-License-Identifier: Apache-2.0
import type { LabelDefinition, TaskDefinition } from "../core/task.ts";
import { DEFAULT_AXES } from "./axes.ts";
import type { LoadedConfig } from "./load.ts";
import { pathName } from "./problem.ts";
import { PROMPT_KINDS } from "./prompts.ts";
import { type DatasetConfig, SETTINGS, type TrainSection } from "./schema.ts";
import { looksSecret, redact } from "./secret.ts";
import { splitText } from "./split.ts";
import { isTable, tomlKey, tomlLines, tomlString } from "./toml.ts";

/** Keys of sections that are tables of their own, below the sections. */
const TABLES = ["overrides", "prompts", "axes"];

/** The effective config as TOML that loads to the same, each setting with where its value came from. */
export function renderConfig(loaded: LoadedConfig): string {
  const { config } = loaded;
  const blocks = Object.entries(SETTINGS).flatMap(([name, { def }]) => {
    const values: Readonly<Record<string, unknown>> = config[name as keyof typeof SETTINGS];
    const keys = Object.keys(def.innerType.shape).filter((key) => !TABLES.includes(key));
    return [[`[${name}]`, ...keys.map((key) => setting(loaded, [name, key], values[key]))].join("\n")];
  });
  return `${[
    `# The effective config of ${tomlString(loaded.file)}.`,
    ...blocks.slice(0, 3),
    ...overrideBlocks(loaded, config.train),
    ...blocks.slice(3, 4),
    promptBlock(loaded),
    axesBlock(loaded),
    ...blocks.slice(4),
    ...config.tasks.map(taskBlock),
    ...config.datasets.flatMap(datasetBlocks),
  ].join("\n\n")}\n`;
}

function setting(
  loaded: LoadedConfig,
  path: readonly string[],
  value: unknown,
  origin = loaded.origins.get(pathName(path)) ?? "toml",
): string {
  const key = tomlKey(path.at(-1) ?? "");
  if (value === undefined) return `# ${key} is not set`;
  // A password in an address from the environment: what is printed may stand in a log.
  if (typeof value === "string" && looksSecret(value))
    return `# ${key} = ${tomlString(redact(value))}  # ${origin}`;
  const isLong = typeof value === "string" && value.includes("\n");
  return `${key} = ${isLong ? tomlLines(value) : tomlValue(value)}  # ${origin}`;
}

function overrideBlocks(loaded: LoadedConfig, train: TrainSection): string[] {
  return [...train.overrides].map(([target, values]) => {
    const lines = Object.entries(values).map(([key, value]) =>
      setting(loaded, ["train", "overrides", target, key], value),
    );
    return [`[train.overrides.${tomlKey(target)}]`, ...lines].join("\n");
  });
}

function promptBlock(loaded: LoadedConfig): string {
  const { prompts } = loaded.config.synthetic_llm;
  const settings = PROMPT_KINDS.map((kind) =>
    setting(loaded, ["synthetic_llm", "prompts", kind], prompts[kind]),
  );
  return ["[synthetic_llm.prompts]", ...settings].join("\n");
}

// A default axis that is gone was switched off: only an empty list says so.
function axesBlock(loaded: LoadedConfig): string {
  const { axes } = loaded.config.synthetic_llm;
  const names = [...new Set([...DEFAULT_AXES.keys(), ...axes.keys()])].sort();
  const settings = names.map((name) => {
    const path = ["synthetic_llm", "axes", name];
    const origin = loaded.origins.get(pathName(path)) ?? "default";
    return setting(loaded, path, axes.get(name) ?? [], origin);
  });
  return ["[synthetic_llm.axes]", ...settings].join("\n");
}

function taskBlock(task: TaskDefinition): string {
  const { labels, targetPrecision, targetOutOfScopeRecall, minConfidence, ...rest } = task;
  const keys = {
    ...rest,
    target_precision: targetPrecision,
    target_out_of_scope_recall: targetOutOfScopeRecall,
    min_confidence: minConfidence,
  };
  return ["[[tasks]]", ...lines(keys), "labels = [", ...labels.map(labelLine), "]"].join("\n");
}

function labelLine({ name, description }: LabelDefinition): string {
  return `  { name = ${tomlString(name)}, description = ${tomlString(description)} },`;
}

function datasetBlocks({ map, path, slice, ...rest }: DatasetConfig): string[] {
  const split = splitText({ name: rest.split, slice });
  const keys = { ...rest, split, path: path.length === 0 ? undefined : path };
  return [
    ["[[datasets]]", ...lines(keys)].join("\n"),
    ...map.map((one) => ["[[datasets.map]]", ...lines(one)].join("\n")),
  ];
}

function lines(values: object): string[] {
  return Object.entries(values)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([key, value]) => `${tomlKey(key)} = ${tomlValue(value)}`);
}

/** A value on one line, as TOML writes it. */
function tomlValue(value: unknown): string {
  if (typeof value === "string") return tomlString(value);
  if (Array.isArray(value)) return `[${value.map(tomlValue).join(", ")}]`;
  const entries = value instanceof Map ? [...value] : isTable(value) ? Object.entries(value) : undefined;
  if (entries === undefined) return String(value);
  const pairs = entries.map(([key, inner]) => `${tomlKey(String(key))} = ${tomlValue(inner)}`);
  return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
}
