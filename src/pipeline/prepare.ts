// SPDX-License-Identifier: Apache-2.0
import { realpath } from "node:fs/promises";
import { join } from "node:path";
import type { LoadedConfig } from "../config/load.ts";
import { familiesOf, type PipelineConfig } from "../config/schema.ts";
import type { Reporter } from "../core/reporter.ts";
import { writeFamily } from "../data/dataset.ts";
import { dataCard } from "../report/data-card.ts";
import { commitVersion, probeWritable, writeFileAtomic } from "../storage/commit.ts";
import { prettyJson } from "../storage/digest.ts";
import { verifyVersion } from "../storage/verify.ts";
import { type AcceptedInput, acceptedInput, beginAnew, keepAccepted, readAccepted } from "./accepted.ts";
import type { Connection } from "./backfill.ts";
import { lacksForSure } from "./certain-deficit.ts";
import type { Collected } from "./collect.ts";
import { datasetManifest } from "./dataset-manifest.ts";
import { fillSource } from "./fill-source.ts";
import { collectTasks, joinAccepted } from "./finish.ts";
import { resolveHubInputs } from "./hub-inputs.ts";
import {
  checkAny,
  DATA_CARD,
  datasetInputs,
  type PrepareInputs,
  resolveInputs,
  withoutFailed,
} from "./inputs.ts";
import { backfillOptions, inputOptions, type PrepareOptions } from "./prepare-options.ts";
import { PrepareOutput } from "./prepare-output.ts";
import { readDatasetManifest } from "./prepared-dataset.ts";
import type { PreparedTask } from "./prepared-task.ts";
import { checkpoint, DATASET_POINTER, reuseVersion, versionOf } from "./workspace.ts";

/** The version that {@link prepare} committed, or found. */
export interface PrepareResult {
  /** 12 hex digits of the digest of everything that decides its bytes. */
  readonly version: string;
  /** Absolute path. */
  readonly folder: string;
  /** The inputs had not changed: the version was there already. */
  readonly unchanged: boolean;
  /** Rows missing to the target over all labels. */
  readonly deficit: number;
}

/**
 * Runs the first stage: sources to a balanced, split and committed dataset version.
 *
 * @throws ModelpackError with any of the SOURCE_, COLUMN_, MAPPING_, HUB_, LOCK_ and LLM_ codes, CONFIG_INVALID,
 *   LOCKED, STORAGE, INTERRUPTED
 */
export async function prepare(
  loaded: LoadedConfig,
  reporter: Reporter,
  asked: PrepareOptions = {},
): Promise<PrepareResult> {
  // What is locked is complete: nothing is asked for.
  const options = asked.locked === true ? { ...asked, backfill: false } : asked;
  const output = new PrepareOutput(loaded.config.paths.prepared_dir);
  const run = { loaded, reporter, options, output, clock: options.clock ?? (() => 0) };
  const started = run.clock();
  try {
    const accepted = await readAccepted(loaded, options, reporter);
    const connection = await connectEarly(run, accepted);
    const found = await findInputs(run);
    const there = await reuse(run, found, accepted);
    if (there !== null) return there;
    await output.take();
    const made = await makeTasks(run, found, accepted, connection);
    await keepAccepted(loaded, made.accepted, options, reporter);
    const version = versionFor(run, made.inputs, made.accepted);
    const folder = join(loaded.config.paths.prepared_dir, version);
    await commit(run, version, made, () => run.clock() - started);
    return { version, folder, unchanged: false, deficit: deficitOf(made.tasks) };
  } finally {
    await output.release();
  }
}

/** What the steps of a run share. */
interface PrepareRun {
  readonly loaded: LoadedConfig;
  readonly reporter: Reporter;
  readonly options: PrepareOptions;
  readonly output: PrepareOutput;
  readonly clock: () => number;
}

async function findInputs({ loaded, reporter, options, output }: PrepareRun): Promise<PrepareInputs> {
  const { config, folder } = loaded;
  const kept = [config.paths.datasets_cache_dir, ...(options.locked === true ? [] : [folder])];
  const asked = inputOptions(options, () => output.takeWith(kept));
  const inputs = await resolveInputs(loaded, asked, reporter, () =>
    resolveHubInputs(loaded, asked, reporter),
  );
  checkAny(inputs);
  return inputs;
}

function versionFor({ loaded, options }: PrepareRun, inputs: PrepareInputs, accepted: AcceptedInput): string {
  const { used } = accepted;
  return versionOf(datasetInputs(loaded.config, inputs, { sample: options.sample ?? null, accepted: used }));
}

/** The version that is there already, where nothing has changed and no row is to be asked for. */
async function reuse(
  run: PrepareRun,
  inputs: PrepareInputs,
  accepted: AcceptedInput,
): Promise<PrepareResult | null> {
  const { loaded, reporter, options } = run;
  const version = versionFor(run, inputs, accepted);
  const root = loaded.config.paths.prepared_dir;
  const folder = join(root, version);
  if ((await verifyVersion(folder)).length > 0) return null;
  const deficit = await storedDeficit(folder);
  if (options.backfill === true && deficit > 0) return null;
  if (!(await reuseVersion(root, DATASET_POINTER, version))) return null;
  await beginAnew(loaded, options, reporter);
  await keepAccepted(loaded, accepted, options, reporter);
  reporter.note(`nothing has changed: dataset ${version} is up to date`);
  return { version, folder, unchanged: true, deficit };
}

/** Loaded when an LLM is to be asked: its client takes a fifth of the time that this command takes to start. */
function llm() {
  return import("./backfill.ts");
}

interface Made extends Collected {
  /** Without the datasets that could not be read. */
  readonly inputs: PrepareInputs;
  readonly tasks: readonly PreparedTask[];
  readonly accepted: AcceptedInput;
}

/** Reads the rows, finishes the tasks, and has the LLM write what lacks. */
async function makeTasks(
  run: PrepareRun,
  found: PrepareInputs,
  accepted: AcceptedInput,
  connection: Connection | null,
): Promise<Made> {
  const { loaded, reporter, options } = run;
  const { config } = loaded;
  const { signal, sample = null } = options;
  const { real, ...collected } = await collectTasks(config, found, reporter, { sample, signal });
  const inputs = withoutFailed(found, collected.failed);
  checkAny(inputs);
  const before = await joinAccepted(config, real, accepted.rows);
  if (options.backfill !== true || deficitOf(before) === 0) {
    await beginAnew(loaded, options, reporter);
    return { ...collected, inputs, tasks: before, accepted };
  }
  const source = await fillSource(config, real, collected.shared, { inputs, sample }, reporter);
  // The lock stands there: rows that can't be pinned are not paid for.
  await probeWritable(await realpath(loaded.folder).catch(() => loaded.folder));
  const { backfill, connect } = await llm();
  const connects = connection === null && options.forceFull === true;
  const server = connects ? await connect(config, reporter, backfillOptions(options)) : connection;
  await beginAnew(loaded, options, reporter);
  const rows = await backfill(loaded, source, server, reporter, backfillOptions(options));
  const tasks = await joinAccepted(config, real, rows);
  return { ...collected, inputs, tasks, accepted: acceptedInput(loaded, rows) };
}

async function commit(
  { loaded, reporter, options }: PrepareRun,
  version: string,
  { inputs, tasks, accepted, ...collected }: Made,
  seconds: () => number,
): Promise<void> {
  const { config } = loaded;
  const sample = options.sample ?? null;
  const parts = { version, config, sample, inputs, accepted: accepted.used, ...collected, tasks };
  await commitVersion({
    root: config.paths.prepared_dir,
    version,
    pointer: DATASET_POINTER,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    write: async (into) => {
      await writeFamilies(into, config, tasks, reporter, options.signal);
      await writeFileAtomic(join(into, DATA_CARD), dataCard(datasetManifest({ ...parts, files: [] })));
      await writeFileAtomic(join(into, "run.json"), prettyJson(runRecord(inputs, seconds())));
    },
    manifest: (files) => datasetManifest({ ...parts, files }),
  });
}

/**
 * Connects before anything is read where rows lack for sure: what is wrong with the server then shows at once.
 * Null where that is not known yet.
 */
async function connectEarly(run: PrepareRun, accepted: AcceptedInput): Promise<Connection | null> {
  const { loaded, reporter, options } = run;
  if (options.backfill !== true || !(await lacksForSure(loaded.config, accepted.rows, options))) return null;
  await run.output.take();
  await probeWritable(loaded.config.paths.backfill_dir);
  const { connect } = await llm();
  return connect(loaded.config, reporter, backfillOptions(options));
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
    const own = tasks.filter((task) => task.rows.task.family === family);
    await writeFamily(into, family, own);
    const outOfScope = own.map((task) => task.outOfScope).filter((rows) => rows !== null);
    if (outOfScope.length > 0) await writeFamily(into, family, outOfScope, "out_of_scope");
    checkpoint(signal);
  }
}

async function storedDeficit(folder: string): Promise<number> {
  return deficitOf((await readDatasetManifest(folder)).tasks);
}

function deficitOf(tasks: readonly Pick<PreparedTask, "labels">[]): number {
  return tasks.reduce((sum, task) => sum + task.labels.reduce((n, label) => n + label.deficit, 0), 0);
}
