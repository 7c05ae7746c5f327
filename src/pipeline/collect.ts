// SPDX-License-Identifier: Apache-2.0
import type { DatasetConfig, DatasetMap, PipelineConfig } from "../config/schema.ts";
import { type ErrorCode, ModelpackError } from "../core/error.ts";
import type { Reporter } from "../core/reporter.ts";
import { readBootstrap } from "../data/bootstrap.ts";
import { readSource } from "../data/mapping.ts";
import { TaskRowsBuilder } from "../data/rows.ts";
import { SharedSeeds } from "../data/shared-seeds.ts";
import type { Failure } from "./attempt.ts";
import { rowLimit } from "./hub-request.ts";
import { type BootstrapFile, checkUnchanged, type PrepareInputs, type ResolvedDataset } from "./inputs.ts";
import { checkpoint } from "./workspace.ts";

/** What a dataset gave, and how much of it each map. */
export interface SourceReport {
  readonly dataset: string;
  readonly sourceRows: number;
  readonly sampledRows: number;
  readonly maps: readonly MapReport[];
}

/** Rows that a map gave, and how many of them cleaning dropped; why is counted by task. */
export interface MapReport {
  readonly task: string | null;
  readonly role: string;
  readonly rows: number;
  readonly dropped: number;
}

/** What a file of an earlier pipeline gave: its rows, and those of tasks in this config. */
export interface BootstrapReport {
  readonly name: string;
  readonly rows: number;
  readonly used: number;
}

export interface Collected {
  readonly sources: readonly SourceReport[];
  readonly bootstrap: readonly BootstrapReport[];
  /** Seed rows of maps that name no task. */
  readonly shared: SharedSeeds;
  /** Datasets that are not required and could not be read, and why. */
  readonly failed: readonly Failure[];
}

export interface CollectOptions {
  /** Rows of each source at most, or null. */
  readonly sample: number | null;
  readonly signal: AbortSignal | undefined;
}

/** What goes wrong with the run itself, whatever the dataset. */
const RUNS_OWN: readonly ErrorCode[] = ["INTERRUPTED", "STORAGE", "INTERNAL"];

/**
 * Reads every source and hands its rows, cleaned, to their tasks. `take` is given each task once, when its last row is
 * there: the sources of other tasks are read while it is worked on.
 */
export async function collect(
  config: PipelineConfig,
  inputs: PrepareInputs,
  reporter: Reporter,
  { sample, signal }: CollectOptions,
  take: (builders: readonly TaskRowsBuilder[]) => void,
): Promise<Collected> {
  const builders = new Map(config.tasks.map((task) => [task.name, new TaskRowsBuilder(task)]));
  const shared = new SharedSeeds();
  const sources: SourceReport[] = [];
  const failed: Failure[] = [];
  const targetOf = (map: DatasetMap) => {
    checkpoint(signal);
    if (map.task === undefined) return shared;
    return builders.get(map.task) ?? null;
  };
  const readOne = async (resolved: ResolvedDataset): Promise<void> => {
    const { dataset } = resolved;
    const read = (into: typeof targetOf) =>
      collectDataset(config, resolved, sample, signal, into).catch((error: unknown) => {
        checkpoint(signal);
        throw error;
      });
    // One that may fail is read to its end first: of a file that is torn half way, nothing is kept. With
    // --locked too: the run that wrote the lock had these bytes, and left them out as well.
    if (!dataset.required) {
      const error = await read(() => null).then(() => null, excused);
      if (error !== null) {
        failed.push({ dataset, error });
        reporter.warn(`dataset "${dataset.name}" is left out, since it is not required: ${error.message}`);
        return;
      }
    }
    const report = await read(targetOf);
    await checkUnchanged(resolved.source.files, `dataset ${JSON.stringify(dataset.name)}`);
    checkYield(dataset, report, reporter);
    reporter.note(describeSource(report));
    sources.push(report);
  };
  const endOf = lastSources(inputs);
  for (const [i, resolved] of inputs.datasets.entries()) {
    checkpoint(signal);
    reporter.progress(`reading ${resolved.dataset.name}`, i, inputs.datasets.length);
    await readOne(resolved);
    const whole = [...builders.values()].filter(({ task }) => endOf.get(task.name) === i);
    for (const { task } of whole) builders.delete(task.name);
    take(whole);
  }
  const bootstrap: BootstrapReport[] = [];
  for (const file of inputs.bootstrap) {
    checkpoint(signal);
    const report = await collectBootstrap(file, builders, sample, signal);
    await checkUnchanged([file], file.name);
    reporter.note(
      `${file.name}: ${report.rows} rows of an earlier pipeline, ${report.used} of them of tasks in this config`,
    );
    bootstrap.push(report);
  }
  take([...builders.values()]);
  return { sources, bootstrap, shared, failed };
}

/** By task, the index of the last dataset that has rows of it. Files of an earlier pipeline may hold any task's: then none. */
function lastSources({ datasets, bootstrap }: PrepareInputs): ReadonlyMap<string | undefined, number> {
  if (bootstrap.length > 0) return new Map();
  return new Map(datasets.flatMap(({ dataset }, i) => dataset.map.map(({ task }) => [task, i] as const)));
}

/** An error that is the dataset's own; any other is thrown. */
function excused(error: unknown): ModelpackError {
  if (error instanceof ModelpackError && !RUNS_OWN.includes(error.code)) return error;
  throw error;
}

async function collectBootstrap(
  { name, path }: BootstrapFile,
  builders: ReadonlyMap<string, TaskRowsBuilder>,
  sample: number | null,
  signal: AbortSignal | undefined,
): Promise<BootstrapReport> {
  let used = 0;
  const rows = await readBootstrap(path, sample, (batch) => {
    checkpoint(signal);
    for (const { task, source, row } of batch) {
      const target = builders.get(task);
      if (target === undefined) continue;
      target.push(row, { source, role: "train" });
      used++;
    }
  });
  return { name, rows, used };
}

async function collectDataset(
  config: PipelineConfig,
  { dataset, source }: ResolvedDataset,
  sample: number | null,
  signal: AbortSignal | undefined,
  targetOf: (map: DatasetMap) => TaskRowsBuilder | SharedSeeds | null,
): Promise<SourceReport> {
  const counts = new Map(dataset.map.map((map) => [map, { rows: 0, dropped: 0 }]));
  const maxRows = rowLimit(config, dataset, sample);
  const { sample: how, slice } = dataset;
  const options = { maxRows, sample: how, slice, ...(signal === undefined ? {} : { signal }) };
  const read = await readSource(source, dataset.map, options, (map, batch) => {
    const count = counts.get(map) as { rows: number; dropped: number };
    count.rows += batch.length;
    const target = targetOf(map);
    if (target === null) return;
    const from = { source: dataset.name, role: map.role };
    for (const row of batch) if (!target.push(row, from)) count.dropped++;
  });
  const maps = [...counts].map(([{ task, role }, count]) => ({ task: task ?? null, role, ...count }));
  return { dataset: dataset.name, ...read, maps };
}

/**
 * A dataset whose maps all come up empty is a mistake in a `where`, an `sql` or a path, or a small sample. One that is
 * not required is a warning then too.
 */
function checkYield(dataset: DatasetConfig, report: SourceReport, reporter: Reporter): void {
  if (report.maps.length === 0 || report.maps.some((map) => map.rows > 0)) return;
  if (report.sampledRows < report.sourceRows || !dataset.required) {
    reporter.warn(
      `dataset "${dataset.name}": none of its maps gave a row of the ${report.sampledRows} taken`,
    );
    return;
  }
  throw new ModelpackError("SOURCE_EMPTY", "none of its maps gave a row", {
    where: `dataset "${dataset.name}"`,
    hint: "loosen the where or the sql of its [[datasets.map]], or set enabled = false",
  });
}

function describeSource(report: SourceReport): string {
  const of = report.sampledRows < report.sourceRows ? ` (${report.sampledRows} taken)` : "";
  const rows = new Map<string, number>();
  for (const map of report.maps) {
    const use = `${map.role} rows for ${map.task ?? "prompts"}`;
    rows.set(use, (rows.get(use) ?? 0) + map.rows);
  }
  const maps = [...rows].map(([use, count]) => `${count} ${use}`);
  return `${report.dataset}: ${report.sourceRows} rows${of}: ${maps.join(", ")}`;
}
