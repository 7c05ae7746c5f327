// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import type { LoadedConfig } from "../config/load.ts";
import type { PipelineConfig } from "../config/schema.ts";
import type { Reporter } from "../core/reporter.ts";
import { writeFamily } from "../data/dataset.ts";
import type { TaskRowsBuilder } from "../data/rows.ts";
import { commitVersion, writeFileAtomic } from "../storage/commit.ts";
import { prettyJson } from "../storage/digest.ts";
import { collect } from "./collect.ts";
import { datasetManifest, readDatasetManifest } from "./dataset-manifest.ts";
import { resolveHubInputs } from "./hub-inputs.ts";
import { checkAny, datasetInputs, type PrepareInputs, resolveInputs } from "./inputs.ts";
import { inputOptions, type PrepareOptions } from "./prepare-options.ts";
import { PrepareOutput } from "./prepare-output.ts";
import { finishReal, type PreparedTask, withAccepted } from "./prepared-task.ts";
import { checkpoint, DATASET_POINTER, reuseVersion, versionOf } from "./workspace.ts";

export interface PrepareResult {
  readonly version: string;
  readonly folder: string;
  /** The inputs had not changed: the version was there already. */
  readonly unchanged: boolean;
  /** Rows missing to the target over all labels. */
  readonly deficit: number;
}

/**
 * Runs the first stage: sources to a balanced, split and committed dataset version.
 *
 * @throws ModelpackError with any of the SOURCE_, COLUMN_, MAPPING_ codes, LOCKED, STORAGE, INTERRUPTED
 */
export async function prepare(
  loaded: LoadedConfig,
  reporter: Reporter,
  options: PrepareOptions = {},
): Promise<PrepareResult> {
  const { config } = loaded;
  const sample = options.sample ?? null;
  const root = config.paths.prepared_dir;
  const clock = options.clock ?? (() => 0);
  const started = clock();
  const output = new PrepareOutput(root);
  try {
    const kept = [config.paths.datasets_cache_dir, ...(options.locked === true ? [] : [loaded.folder])];
    const asked = inputOptions(options, () => output.takeWith(kept));
    const inputs = await resolveInputs(loaded, asked, reporter, () =>
      resolveHubInputs(loaded, asked, reporter),
    );
    checkAny(inputs);
    const version = versionOf(datasetInputs(config, inputs, { sample }));
    const folder = join(root, version);
    if (await reuseVersion(root, DATASET_POINTER, version)) {
      reporter.note(`nothing has changed: dataset ${version} is up to date`);
      return { version, folder, unchanged: true, deficit: await storedDeficit(folder) };
    }
    await output.take();
    const collected = await collect(config, inputs, sample, reporter, options.signal);
    const tasks = await finishTasks(config, collected.builders, reporter, options.signal);
    await commitVersion({
      root,
      version,
      pointer: DATASET_POINTER,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      write: async (into) => {
        await writeFamilies(into, config, tasks, reporter, options.signal);
        const record = runRecord(inputs, clock() - started);
        await writeFileAtomic(join(into, "run.json"), prettyJson(record));
      },
      manifest: (files) => datasetManifest({ version, config, sample, inputs, ...collected, tasks, files }),
    });
    return { version, folder, unchanged: false, deficit: deficitOf(tasks) };
  } finally {
    await output.release();
  }
}

/** What run.json says: what this run did, which another with the same inputs may do otherwise. */
function runRecord({ downloads, skipped }: PrepareInputs, seconds: number): unknown {
  const reasons = skipped.map(({ dataset, error }) => ({
    dataset: dataset.name,
    reason: error.code,
    message: error.message,
  }));
  return { seconds, downloads, skipped: reasons };
}

async function writeFamilies(
  into: string,
  config: PipelineConfig,
  tasks: readonly PreparedTask[],
  reporter: Reporter,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const family of familiesOf(config)) {
    reporter.progress(`writing ${family}`, 0, null);
    await writeFamily(
      into,
      family,
      tasks.filter((task) => task.rows.task.family === family),
    );
    checkpoint(signal);
  }
}

async function finishTasks(
  config: PipelineConfig,
  builders: readonly TaskRowsBuilder[],
  reporter: Reporter,
  signal: AbortSignal | undefined,
): Promise<PreparedTask[]> {
  const tasks: PreparedTask[] = [];
  for (const builder of builders) {
    reporter.progress("deduplicating, splitting and balancing", tasks.length, builders.length);
    checkpoint(signal);
    tasks.push(await withAccepted(config, await finishReal(config, builder, reporter), []));
  }
  return tasks;
}

/** Families in the order of their first task. */
export function familiesOf(config: PipelineConfig): string[] {
  return [...new Set(config.tasks.map((task) => task.family))];
}

async function storedDeficit(folder: string): Promise<number> {
  return deficitOf((await readDatasetManifest(folder)).tasks);
}

function deficitOf(tasks: readonly Pick<PreparedTask, "labels">[]): number {
  return tasks.reduce((sum, task) => sum + task.labels.reduce((n, label) => n + label.deficit, 0), 0);
}
