// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { PipelineConfig } from "../config/schema.ts";
import { ModelpackError } from "../core/error.ts";
import type { Split } from "../core/example.ts";
import type { TaskDefinition } from "../core/task.ts";
import { readExamples, readOutOfScope } from "../data/dataset.ts";
import type { Lend } from "../data/engine.ts";
import { canonicalJson } from "../storage/digest.ts";
import type { DatasetManifest } from "./dataset-manifest.ts";
import type { SplitExamples } from "./evaluation.ts";
import { DATASET_POINTER, type OpenedVersion, openVersion } from "./workspace.ts";

/** The current dataset, whose tasks and labels must be the TOML's. */
export async function openDataset(config: PipelineConfig): Promise<OpenedVersion> {
  const root = config.paths.prepared_dir;
  const dataset = await openVersion(root, DATASET_POINTER);
  if (dataset === null)
    throw new ModelpackError("DATASET_MISSING", "there is no prepared dataset", {
      where: root,
      hint: "run `modelpack prepare` first",
    });
  const prepared =
    (dataset.manifest.config as { tasks?: { name: string; labels: { name: string }[] }[] })?.tasks ?? [];
  const shape = (task: {
    name: string;
    labels: readonly { name: string }[];
    input?: string;
    family?: string;
  }) =>
    canonicalJson([task.name, task.family ?? "", task.input ?? "", task.labels.map((label) => label.name)]);
  const there = new Map(prepared.map((task) => [task.name, shape(task)]));
  const extra = prepared.find((task) => !config.tasks.some(({ name }) => name === task.name));
  if (extra !== undefined)
    throw mismatch(`task "${extra.name}" is in the prepared dataset and not in the TOML`, dataset.version);
  for (const task of config.tasks) {
    if (there.get(task.name) === shape(task)) continue;
    const what = there.has(task.name)
      ? `task "${task.name}" has another family, input or list of labels in the prepared dataset than in the TOML`
      : `task "${task.name}" is not in the prepared dataset`;
    throw mismatch(what, dataset.version);
  }
  return dataset;
}

function mismatch(message: string, version: string): ModelpackError {
  return new ModelpackError("DATASET_MISMATCH", message, {
    where: `dataset ${version}`,
    hint: "run `modelpack prepare` again: the TOML has changed since",
  });
}

/** Reads the manifest of a dataset version; the caller has verified the version. */
export async function readDatasetManifest(folder: string): Promise<DatasetManifest> {
  return JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as DatasetManifest;
}

/** Out-of-scope rows of one split of a family, by task; none of a task without any. */
export async function readOutside(
  folder: string,
  family: string,
  split: Split,
  tasks: readonly TaskDefinition[],
  lend?: Lend,
): Promise<SplitExamples> {
  return { split, examples: await readOutOfScope(folder, family, split, tasks, lend) };
}

/** Rows of one split of a family, by task. */
export async function readSplit(
  folder: string,
  family: string,
  split: Split,
  tasks: readonly TaskDefinition[],
  lend?: Lend,
): Promise<SplitExamples> {
  return { split, examples: await readExamples(folder, family, split, tasks, "in_scope", lend) };
}
