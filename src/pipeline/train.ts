// SPDX-License-Identifier: Apache-2.0
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { LoadedConfig } from "../config/load.ts";
import { familiesOf, type PipelineConfig, type TrainSettings, trainSettings } from "../config/schema.ts";
import { ModelpackError } from "../core/error.ts";
import type { Split } from "../core/example.ts";
import type { Reporter } from "../core/reporter.ts";
import { splitBytes } from "../data/dataset.ts";
import { SharedEngine } from "../data/shared-engine.ts";
import { FILE_VERSIONS, FORMAT_VERSION } from "../modelpack/format-version.ts";
import { modelCard } from "../report/model-card.ts";
import { renderReport } from "../report/report-page.ts";
import { commitVersion, probeWritable, removeDeadTemporaries } from "../storage/commit.ts";
import { prettyJson } from "../storage/digest.ts";
import { acquireLock } from "../storage/lock.ts";
import { WorkerPool } from "../training/pool.ts";
import type { SplitMetrics } from "./evaluation.ts";
import { readTasks, type TrainContext, trainOne } from "./family-training.ts";
import { type FamilyResult, familyFiles, modelManifest } from "./model-files.ts";
import { packReport, REPORT_FILE } from "./pack-report.ts";
import { openDataset, readDatasetManifest } from "./prepared-dataset.ts";
import { RunLog } from "./run-log.ts";
import {
  MODEL_POINTER,
  producer,
  type RunOptions,
  reuseVersion,
  type TrainProjection,
  taskProjection,
  versionOf,
} from "./workspace.ts";

const MODEL_CARD = "MODEL_CARD.md";
/**
 * Bytes of rows up to which one engine reads all: it keeps 60 MB of memory for 19 MB of them, and closing and opening others took a
 * twentieth of the time of six small or middling tasks.
 */
const LITTLE = 2 ** 25;

/** The pack that {@link train} committed, or found, and how its families do. */
export interface TrainResult {
  /** 12 hex digits of the digest of everything that decides its bytes. */
  readonly version: string;
  /** Absolute path. */
  readonly folder: string;
  /** The inputs had not changed: the version was there already. */
  readonly unchanged: boolean;
  readonly families: readonly {
    readonly family: string;
    readonly test: SplitMetrics;
    readonly eval: SplitMetrics;
  }[];
}

/**
 * Runs the second stage: a prepared dataset to a committed pack of one model a family.
 *
 * @throws ModelpackError DATASET_MISSING, DATASET_MISMATCH, DATASET_CORRUPT, TASK_UNTRAINABLE, LOCKED,
 * STORAGE, INTERRUPTED
 */
export async function train(
  loaded: LoadedConfig,
  reporter: Reporter,
  options: RunOptions = {},
): Promise<TrainResult> {
  const { config } = loaded;
  const root = config.paths.trained_models_dir;
  const dataset = await openDataset(config);
  const families = config.train.families.length > 0 ? config.train.families : familiesOf(config);
  const projection = trainProjection(config, families);
  const version = versionOf({
    kind: "modelpack",
    ...producer(),
    // Before there was a usual share, 32-bit sums, passes that leave out rows by the mean, room for more than 256 tokens of a
    // text of 1,024 characters, small steps for heavy rows, trials that start from duals, blocks that take turns, smaller steps for many labels, or ranks of features of millions of
    // rows, the same inputs gave other files.
    format: [
      FORMAT_VERSION,
      FILE_VERSIONS,
      "usual_share",
      "32-bit sums",
      "settled by the mean",
      "all tokens",
      "heavy rows",
      "duals",
      "many labels",
      "ranks of millions",
    ],
    files: [REPORT_FILE, MODEL_CARD],
    dataset: dataset.version,
    config: projection,
  });
  const folder = join(root, version);
  if (await reuseVersion(root, MODEL_POINTER, version)) {
    reporter.note(`nothing has changed: pack ${version} is up to date`);
    return { version, folder, unchanged: true, families: [] };
  }
  await probeWritable(root);
  const lock = await acquireLock(root, "train");
  const pool = new WorkerPool(config.train.workers, options.signal);
  const engine = new SharedEngine();
  try {
    pool.warm();
    await removeDeadTemporaries(root);
    const run = new RunLog(options.clock ?? (() => 0));
    const results = await trainFamilies(families, {
      config,
      dataset,
      pool,
      run,
      reporter,
      engine,
    });
    // Nothing of the engine's is left behind by a run that is killed once the pack is there.
    await engine.end();
    // The threads end while the pack is written.
    const ended = pool.close();
    if (results.length === 0)
      throw new ModelpackError("TASK_UNTRAINABLE", "no task of these families has a train row", {
        where: `dataset ${dataset.version}`,
        hint: "run `modelpack status` to see what each label has, and map a dataset to it",
      });
    const { files, pages } = await run.phase("report", () =>
      filesOf(results, version, dataset.folder, projection),
    );
    await commitVersion({
      root,
      version,
      pointer: MODEL_POINTER,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      write: async (into) => {
        await mkdir(join(into, dirname(REPORT_FILE)), { recursive: true });
        for (const [name, content] of [...files, ...pages]) await writeFile(join(into, name), content);
        await writeFile(join(into, "run.json"), prettyJson(run.record(pool.size)));
      },
      manifest: (files) =>
        modelManifest({ version, dataset: dataset.version, config: projection, results, files }),
    });
    await ended;
    const summary = results.map(({ family, splits }) => ({ family, test: splits.test, eval: splits.eval }));
    return { version, folder, unchanged: false, families: summary };
  } finally {
    await pool.close();
    await engine.end().finally(() => lock.release());
  }
}

/** A version's files for programs, and the report and the card, which show what these hold. */
async function filesOf(
  results: readonly FamilyResult[],
  version: string,
  prepared: string,
  projection: TrainProjection,
) {
  const files = results.flatMap(familyFiles);
  const dataset = await readDatasetManifest(prepared);
  const shown = packReport({ version, dataset, projection, results, files });
  const pages = [
    [REPORT_FILE, renderReport(shown)],
    [MODEL_CARD, modelCard(shown, dataset)],
  ] as const;
  return { files, pages };
}

/** What of [train] can change a model's bytes: not the threads, not how rows are batched. */
function trainProjection(config: PipelineConfig, families: readonly string[]): TrainProjection {
  const effective = (settings: TrainSettings) => {
    const { workers: _workers, predict_batch_size: _batch, synthetic_filter, ...rest } = settings;
    // Without a filter nothing differs from before there were any: neither do the versions.
    return synthetic_filter === "none" ? rest : { ...rest, synthetic_filter };
  };
  const tasks = config.tasks.filter((task) => families.includes(task.family));
  return {
    families: families.map((family) => ({ family, settings: effective(trainSettings(config, family)) })),
    tasks: tasks.map((task) => ({
      task: task.name,
      settings: effective(trainSettings(config, task.family, task.name)),
    })),
    definitions: taskProjection(tasks),
  };
}

/**
 * All families at a time, so that no thread waits for the last task of one. Their rows are read in turn, the smallest
 * family's first: the threads are at work on it while the others are read. What is held out comes after all of them.
 */
async function trainFamilies(families: readonly string[], context: TrainContext): Promise<FamilyResult[]> {
  const bytesOf = (split: Split) =>
    Promise.all(families.map((family) => splitBytes(context.dataset.folder, family, split)));
  const [bytes, ...heldOut] = await Promise.all([bytesOf("train"), bytesOf("eval"), bytesOf("test")]);
  if ([bytes, ...heldOut].flat().reduce((sum, n) => sum + n, 0) <= LITTLE) context.engine.stay();
  const inTurn = families
    .map((family, f) => ({ family, bytes: bytes[f] as number }))
    .sort((a, b) => a.bytes - b.bytes);
  let reading: Promise<unknown> = Promise.resolve();
  let hasFailed = false;
  /** Reads once all that was to be read before has been. */
  const afterAll = <T>(read: () => Promise<T>): Promise<T> => {
    const own = reading.then(() => {
      if (hasFailed) throw new ModelpackError("INTERRUPTED", "another family failed");
      return read();
    });
    reading = own.catch(() => {});
    return own;
  };
  const training = inTurn.map(({ family }) => {
    const read = afterAll(() => readTasks(family, context));
    const result = read.then((tasks) => (tasks === null ? null : trainOne(tasks, context, afterAll)));
    return [family, result] as const;
  });
  const results = new Map(training);
  try {
    const all = await Promise.all(families.map((family) => results.get(family) ?? null));
    return all.filter((result) => result !== null);
  } catch (error) {
    hasFailed = true;
    throw error;
  }
}
