// SPDX-License-Identifier: Apache-2.0
import type { TaskDefinition } from "../core/task.ts";
import { multilingual, syntheticLlm } from "./backfill-settings.ts";
import { dataset, type map, task } from "./collections.ts";
import { jsonSchemaOf, list, section, type Value } from "./fields.ts";
import { paths, prepare, type TrainShape, train } from "./settings.ts";
import type { RowSlice } from "./split.ts";

/** The sections that are single tables; each of their keys has a default or may be left out. */
export const SETTINGS = { paths, prepare, train, synthetic_llm: syntheticLlm, multilingual } as const;
export type SettingsSection = keyof typeof SETTINGS;

/** Everything that a pipeline TOML may say: the single source of types, defaults, docs and JSON Schema. */
export const configSchema = section("A modelpack pipeline: datasets in, compact text classifiers out.", {
  ...SETTINGS,
  tasks: list("The closed questions.", task, 1),
  datasets: list("The sources of rows.", dataset).default([]).describe("The sources of rows."),
});

export type Paths = Readonly<Value<typeof paths>>;
export type PrepareSettings = Readonly<Value<typeof prepare>>;
export type TrainSection = Readonly<Value<typeof train>>;
/** How one model is fitted: [train] with the overrides of its family and task applied. */
export type TrainSettings = TrainShape;
/** A `[[tasks]]` as it is written. */
export type TaskInput = Readonly<Value<typeof task>>;
/** A `[[datasets.map]]`: what a dataset's columns are to a task. docs/config.md has the meaning of each key. */
export type DatasetMap = Readonly<Value<typeof map>>;
type DatasetInput = Readonly<Value<typeof dataset>>;

/**
 * A `[[datasets]]`; `path` is a list, empty where the kind has none, as written (relative to the TOML's folder).
 * `split` is the name alone; `slice`, from the same key, is the part of its rows that is wanted, null for all.
 */
export interface DatasetConfig extends Readonly<Omit<DatasetInput, "path" | "map">> {
  readonly slice: RowSlice | null;
  readonly path: readonly string[];
  readonly map: readonly DatasetMap[];
}

/** The effective config: every default applied, paths absolute, ratios normalized. */
export interface PipelineConfig {
  readonly paths: Paths;
  readonly prepare: PrepareSettings;
  readonly train: TrainSection;
  readonly synthetic_llm: Readonly<Value<typeof syntheticLlm>>;
  readonly multilingual: Readonly<Value<typeof multilingual>>;
  readonly tasks: readonly TaskDefinition[];
  readonly datasets: readonly DatasetConfig[];
}

/** The datasets that rows are taken from: those that are enabled and have a map (the Python pipeline's have none). */
export function usedDatasets({ datasets }: PipelineConfig): readonly DatasetConfig[] {
  return datasets.filter(({ enabled, map }) => enabled && map.length > 0);
}

/** Families in the order of their first task. */
export function familiesOf({ tasks }: PipelineConfig): string[] {
  return [...new Set(tasks.map(({ family }) => family))];
}

/** [train] as it holds for a family, or for one of its tasks: the task's overrides win. */
export function trainSettings(
  config: { readonly train: TrainSection },
  family: string,
  taskName?: string,
): TrainSettings {
  const { families: _, overrides, ...base } = config.train;
  const ofTask = taskName === undefined ? undefined : overrides.get(`task.${taskName}`);
  return { ...base, ...overrides.get(`family.${family}`), ...ofTask } as TrainSettings;
}

/** The name of a label, however it is written. */
export function labelName(label: TaskInput["labels"][number]): string {
  return typeof label === "string" ? label : label.name;
}

/** JSON Schema of the TOML file, for editors and for docs/config.md. */
export function jsonSchema(): Record<string, unknown> {
  return jsonSchemaOf(configSchema);
}
