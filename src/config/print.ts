// SPDX-License-Identifier: Apache-2.0
import type { LabelDefinition, TaskDefinition } from "../core/task.ts";
import type { LoadedConfig } from "./load.ts";
import { pathName } from "./problem.ts";
import { type DatasetConfig, SETTINGS, type TrainSection } from "./schema.ts";
import { splitText } from "./split.ts";
import { isTable, tomlKey, tomlString } from "./toml.ts";

/** The effective config as TOML that loads to the same, each setting with where its value came from. */
export function renderConfig(loaded: LoadedConfig): string {
  const { config } = loaded;
  const blocks = Object.entries(SETTINGS).flatMap(([name, { def }]) => {
    const values: Readonly<Record<string, unknown>> = config[name as keyof typeof SETTINGS];
    const keys = Object.keys(def.innerType.shape).filter((key) => key !== "overrides");
    return [[`[${name}]`, ...keys.map((key) => setting(loaded, [name, key], values[key]))].join("\n")];
  });
  return `${[
    `# The effective config of ${tomlString(loaded.file)}.`,
    ...blocks.slice(0, 3),
    ...overrideBlocks(loaded, config.train),
    ...blocks.slice(3),
    ...config.tasks.map(taskBlock),
    ...config.datasets.flatMap(datasetBlocks),
  ].join("\n\n")}\n`;
}

function setting(loaded: LoadedConfig, path: readonly string[], value: unknown): string {
  const origin = loaded.origins.get(pathName(path)) ?? "toml";
  const key = tomlKey(path.at(-1) ?? "");
  if (value === undefined) return `# ${key} is not set`;
  return `${key} = ${tomlValue(value)}  # ${origin}`;
}

function overrideBlocks(loaded: LoadedConfig, train: TrainSection): string[] {
  return [...train.overrides].map(([target, values]) => {
    const lines = Object.entries(values).map(([key, value]) =>
      setting(loaded, ["train", "overrides", target, key], value),
    );
    return [`[train.overrides.${tomlKey(target)}]`, ...lines].join("\n");
  });
}

function taskBlock(task: TaskDefinition): string {
  const { labels, targetPrecision, minConfidence, ...rest } = task;
  const keys = { ...rest, target_precision: targetPrecision, min_confidence: minConfidence };
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
