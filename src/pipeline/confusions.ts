// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { PipelineConfig } from "../config/schema.ts";
import type { TaskDefinition } from "../core/task.ts";
import { MODEL_POINTER, openVersion } from "./workspace.ts";

/** Shares of a label's rows that another label takes, from which on the two are confused. */
const CONFUSED = 0.02;

/** By task, for each label the labels that the newest models take its rows for, the worst first. */
export type Confusions = ReadonlyMap<string, readonly (readonly number[])[]>;

interface MeasuredTask {
  readonly labels: readonly string[];
  readonly confusion_matrix: readonly (readonly number[])[];
}

/**
 * What the newest trained version confuses, by its figures on eval: test rows decide nothing. Empty where there
 * is no such version; a task that it does not have, or has with other labels, is left out.
 */
export async function newestConfusions(config: PipelineConfig): Promise<Confusions> {
  const version = await openVersion(config.paths.trained_models_dir, MODEL_POINTER).catch(() => null);
  const found = new Map<string, readonly (readonly number[])[]>();
  if (version === null) return found;
  for (const family of new Set(config.tasks.map((task) => task.family))) {
    const measured = await metricsOf(join(version.folder, `${family}_metrics_eval.json`));
    for (const task of config.tasks.filter((one) => one.family === family)) {
      const own = Object.hasOwn(measured, task.name) ? measured[task.name] : undefined;
      if (own !== undefined && hasLabels(task, own.labels)) found.set(task.name, rank(own.confusion_matrix));
    }
  }
  return found;
}

async function metricsOf(path: string): Promise<Readonly<Record<string, MeasuredTask>>> {
  const text = await readFile(path, "utf8").catch(() => null);
  if (text === null) return {};
  return (JSON.parse(text) as { readonly per_task: Readonly<Record<string, MeasuredTask>> }).per_task;
}

function hasLabels(task: TaskDefinition, labels: readonly string[]): boolean {
  return labels.length === task.labels.length && labels.every((name, i) => name === task.labels[i]?.name);
}

function rank(matrix: MeasuredTask["confusion_matrix"]): readonly (readonly number[])[] {
  return matrix.map((row, label) => {
    const rows = row.reduce((a, b) => a + b, 0);
    const others = row.map((count, other) => ({ count, other }));
    return others
      .filter(({ count, other }) => other !== label && count > CONFUSED * rows)
      .sort((a, b) => b.count - a.count || a.other - b.other)
      .map(({ other }) => other);
  });
}
