// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { LoadedConfig } from "../config/load.ts";
import { trainSettings } from "../config/schema.ts";
import { ModelpackError } from "../core/error.ts";
import type { Split } from "../core/example.ts";
import type { Reporter } from "../core/reporter.ts";
import type { TaskDefinition } from "../core/task.ts";
import { readFamilyFile } from "../modelpack/family-file.ts";
import { modelFileName } from "../modelpack/manifest.ts";
import { WorkerPool } from "../training/pool.ts";
import { measureSplit, type SplitMetrics, scoreSplits } from "./evaluation.ts";
import { openDataset, readOutside, readSplit } from "./prepared-dataset.ts";
import { familiesIn, openPack } from "./trained-pack.ts";
import { checkpoint, type RunOptions } from "./workspace.ts";

/** What {@link evaluate} measured: the version of the pack, that of the dataset, and the figures of each family. */
export interface EvaluateResult {
  readonly version: string;
  readonly dataset: string;
  readonly split: Split;
  readonly families: readonly SplitMetrics[];
}

/**
 * Measures the newest pack on a split of the prepared dataset, with the files as they ship. On eval, whose
 * rows fitted the calibration, the figures of `train` are the ones to quote: it cross-fits them.
 *
 * @throws ModelpackError MODEL_MISSING, MODEL_CORRUPT, DATASET_MISSING, DATASET_MISMATCH, DATASET_CORRUPT
 */
export async function evaluate(
  loaded: LoadedConfig,
  split: Split,
  reporter: Reporter,
  options: RunOptions = {},
): Promise<EvaluateResult> {
  const { config } = loaded;
  const pack = await openPack(config.paths.trained_models_dir);
  const dataset = await openDataset(config);
  if (pack.manifest.dataset !== dataset.version)
    reporter.warn(
      `pack ${pack.version} was trained on dataset ${String(pack.manifest.dataset)}; this is dataset ${dataset.version}`,
    );
  const pool = new WorkerPool(config.train.workers, options.signal);
  try {
    const families: SplitMetrics[] = [];
    for (const family of familiesIn(pack)) {
      checkpoint(options.signal);
      const file = modelFileName(family);
      const model = readFamilyFile(await readFile(join(pack.folder, file)), file);
      const tasks = model.tasks.map(({ name, labels }) => taskOf(config.tasks, name, labels));
      const definitions = config.tasks.filter((task) => task.family === family);
      const all = await readSplit(dataset.folder, family, split, definitions);
      const examples = new Map(
        [...all.examples].filter(([name]) => tasks.some((task) => task.name === name)),
      );
      const own = { split, examples };
      const outside = await readOutside(dataset.folder, family, split, definitions);
      const { predict_batch_size } = trainSettings(config, family);
      const [rows = [], outOfScope = []] = await scoreSplits(model, [own, outside], pool, predict_batch_size);
      families.push(await measureSplit(model, own, { rows, outOfScope, crossFit: null }, pool));
    }
    return { version: pack.version, dataset: dataset.version, split, families };
  } finally {
    await pool.close();
  }
}

function taskOf(tasks: readonly TaskDefinition[], name: string, labels: readonly string[]): TaskDefinition {
  const task = tasks.find((candidate) => candidate.name === name);
  if (task !== undefined && task.labels.map((label) => label.name).join("\0") === labels.join("\0"))
    return task;
  const what = task === undefined ? "is not in the TOML" : "has other labels than in the TOML";
  throw new ModelpackError("DATASET_MISMATCH", `the pack's task "${name}" ${what}`, {
    where: name,
    hint: "run `modelpack train` again: the TOML has changed since",
  });
}
