// SPDX-License-Identifier: Apache-2.0
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { LoadedConfig } from "../config/load.ts";
import { type DatasetConfig, type DatasetMap, type PipelineConfig, usedDatasets } from "../config/schema.ts";
import { ModelpackError } from "../core/error.ts";
import { SPLITS } from "../core/example.ts";
import type { Reporter } from "../core/reporter.ts";
import type { HubPin } from "../data/hub-dataset.ts";
import { resolveLocalSource, type Source } from "../data/source.ts";
import { digestFile } from "../storage/digest.ts";
import { errnoOf, guarded } from "../storage/failure.ts";
import type { Attempted, Failure } from "./attempt.ts";
import type { DownloadRecord, HubInput } from "./hub-inputs.ts";
import type { HubOptions } from "./hub-run.ts";
import type { UsedRows } from "./used-rows.ts";
import { producer, taskProjection } from "./workspace.ts";

/** What a dataset version holds besides rows. */
export const DATA_CARD = "DATA_CARD.md";

/** A dataset of the config with its files. */
export interface ResolvedDataset {
  readonly dataset: DatasetConfig;
  readonly source: Source;
  /** Null for local files. */
  readonly hub: HubPin | null;
}

/** A file of an earlier pipeline, `<family>_<split>.parquet`. */
export interface BootstrapFile {
  readonly name: string;
  readonly path: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** Everything that a dataset version is made from. */
export interface PrepareInputs {
  readonly datasets: readonly ResolvedDataset[];
  readonly bootstrap: readonly BootstrapFile[];
  /** Datasets that are not required and could not be had, and why. */
  readonly skipped: readonly Failure[];
  /** How the downloads went, for run.json alone. */
  readonly downloads: readonly DownloadRecord[];
}

export interface InputOptions extends HubOptions {
  /** Leaves the bootstrap files on disk and out of the run. */
  readonly forceFull: boolean;
}

/** Finds and digests every file that the config names; `findHub` does it for the datasets of the Hub. */
export async function resolveInputs(
  loaded: LoadedConfig,
  options: InputOptions,
  reporter: Reporter,
  findHub: () => Promise<Attempted<HubInput>>,
): Promise<PrepareInputs> {
  const { config, folder } = loaded;
  // Local files first: what is wrong with them need not wait for a download.
  const local = await resolveLocal(config, folder);
  const hub = await findHub();
  const inOrder = <T extends { readonly dataset: DatasetConfig }>(items: readonly T[]) =>
    config.datasets.flatMap((dataset) => items.filter((item) => item.dataset === dataset));
  const datasets = inOrder<ResolvedDataset>([...local.done, ...hub.done]);
  const skipped = inOrder([...local.failed, ...hub.failed]);
  for (const { dataset, error } of skipped)
    reporter.warn(`dataset "${dataset.name}" is left out, since it is not required: ${error.message}`);
  const bootstrap = options.forceFull ? [] : await findBootstrap(config);
  return { datasets, bootstrap, skipped, downloads: hub.done.map(({ download }) => download) };
}

/** The inputs without the datasets that could not be read, which are among the skipped then. */
export function withoutFailed(inputs: PrepareInputs, failed: readonly Failure[]): PrepareInputs {
  const gone = new Set(failed.map(({ dataset }) => dataset));
  const datasets = inputs.datasets.filter(({ dataset }) => !gone.has(dataset));
  return { ...inputs, datasets, skipped: [...inputs.skipped, ...failed] };
}

/** Throws where there is nothing to prepare. */
export function checkAny({ datasets, bootstrap }: PrepareInputs): void {
  if (datasets.length > 0 || bootstrap.length > 0) return;
  throw new ModelpackError("SOURCE_MISSING", "there is no dataset to prepare", {
    where: "[[datasets]]",
    hint: 'add one: [[datasets]] name = "mine", kind = "local", path = "rows.csv", and a [[datasets.map]]',
  });
}

async function resolveLocal(config: PipelineConfig, folder: string): Promise<Attempted<ResolvedDataset>> {
  const done: ResolvedDataset[] = [];
  const failed: Failure[] = [];
  for (const dataset of usedDatasets(config)) {
    if (dataset.kind !== "local") continue;
    try {
      done.push({ dataset, source: await resolveLocalSource(dataset, folder), hub: null });
    } catch (error) {
      if (dataset.required || !(error instanceof ModelpackError)) throw error;
      failed.push({ dataset, error });
    }
  }
  return { done, failed };
}

async function findBootstrap(config: PipelineConfig): Promise<BootstrapFile[]> {
  const root = config.paths.bootstrap_prepared_dir;
  const found: BootstrapFile[] = [];
  for (const name of await bootstrapNames(config)) {
    const path = join(root, name);
    found.push({ name, path, ...(await digestFile(path)) });
  }
  return found;
}

/** Whether there are files of an earlier pipeline, without a look into them. */
export async function hasBootstrap(config: PipelineConfig): Promise<boolean> {
  return (await bootstrapNames(config)).length > 0;
}

async function bootstrapNames(config: PipelineConfig): Promise<string[]> {
  const families = [...new Set(config.tasks.map((task) => task.family))];
  const wanted = new Set(families.flatMap((family) => SPLITS.map((split) => `${family}_${split}.parquet`)));
  const root = config.paths.bootstrap_prepared_dir;
  const present = await guarded("read", root, () =>
    readdir(root).catch((error: unknown) => {
      if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return [];
      throw error;
    }),
  );
  return present.filter((file) => wanted.has(file)).sort();
}

/**
 * Throws where a file is no longer what was digested, after it was read: the rows of one file would be kept
 * for good under the digest of another.
 */
export async function checkUnchanged(
  files: readonly { readonly path: string; readonly sha256: string }[],
  where: string,
): Promise<void> {
  for (const { path, sha256 } of files) {
    const now = await digestFile(path).catch(() => null);
    if (now?.sha256 === sha256) continue;
    throw new ModelpackError("SOURCE_UNREADABLE", `${path} changed while it was read`, {
      where,
      hint: "run the same command again when nothing writes to the file",
    });
  }
}

/** What of the config can change the bytes of a dataset; also what its manifest shows. No path is in it. */
export function prepareProjection(config: PipelineConfig) {
  const { auto_download_missing: _download, on_underfill: _underfill, ...prepare } = config.prepare;
  return {
    prepare,
    tasks: taskProjection(config.tasks),
    datasets: config.datasets.map((dataset) => ({
      name: dataset.name,
      kind: dataset.kind,
      enabled: dataset.enabled,
      max_rows: dataset.max_rows ?? null,
      sample: dataset.sample,
      ...(dataset.slice === null ? {} : { slice: dataset.slice }),
      ...(dataset.delimiter === undefined ? {} : { delimiter: dataset.delimiter }),
      license: dataset.license,
      map: dataset.map.map(mapProjection),
    })),
  };
}

/** Without the usual origin: maps from before there was such a key keep their digest. */
function mapProjection({ origin, ...rest }: DatasetMap): unknown {
  return origin === "real" ? rest : { ...rest, origin };
}

/**
 * What decides the rows of a dataset, besides the config: the digests of its files, in the order in which
 * they are read, and what the Hub says of them.
 */
export function sourceProjection({ source, hub }: ResolvedDataset) {
  const files = source.files.map(({ format, gzip, bytes, sha256 }) => ({ format, gzip, bytes, sha256 }));
  return hub === null ? { files } : { hub: hubProjection(hub), files };
}

function hubProjection(hub: HubPin) {
  return {
    dataset_id: hub.datasetId,
    config: hub.config,
    split: hub.split,
    ref: hub.ref,
    commit: hub.commit,
    license: hub.license,
    class_labels: [...hub.classLabels].map(([column, names]) => ({ column, names })),
  };
}

/** Names of the datasets that were left out; why is the run's affair, and in run.json. */
export function skippedNames({ skipped }: PrepareInputs): { readonly dataset: string }[] {
  return skipped.map(({ dataset }) => ({ dataset: dataset.name }));
}

/** Everything that decides the bytes of a dataset version. */
export function datasetInputs(
  config: PipelineConfig,
  inputs: PrepareInputs,
  options: { readonly sample: number | null; readonly accepted: UsedRows | null },
): unknown {
  return {
    kind: "dataset",
    ...producer(),
    files: [DATA_CARD],
    config: prepareProjection(config),
    sample: options.sample,
    sources: inputs.datasets.map((resolved) => ({
      dataset: resolved.dataset.name,
      ...sourceProjection(resolved),
    })),
    bootstrap: inputs.bootstrap.map(({ name, sha256 }) => ({ name, sha256 })),
    skipped: skippedNames(inputs),
    ...backfillProjection(options.accepted),
  };
}

/** The accepted rows of the backfill as digests and manifests have them; nothing where there are none. */
export function backfillProjection(accepted: UsedRows | null): { readonly backfill?: UsedRows } {
  return accepted === null ? {} : { backfill: { ...accepted } };
}
