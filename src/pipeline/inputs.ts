// SPDX-License-Identifier: Apache-2.0
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { DatasetConfig, PipelineConfig } from "../config/schema.ts";
import { ModelpackError } from "../core/error.ts";
import { SPLITS } from "../core/example.ts";
import type { Reporter } from "../core/reporter.ts";
import { resolveLocalSource, type Source } from "../data/source.ts";
import { digestFile } from "../storage/digest.ts";
import { errnoOf, guarded } from "../storage/failure.ts";
import { producer, taskProjection } from "./workspace.ts";

/** A dataset of the config with its files, or why it has none. */
export interface ResolvedDataset {
  readonly dataset: DatasetConfig;
  readonly source: Source;
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
  /** Optional datasets that could not be resolved, and why. */
  readonly skipped: readonly { readonly dataset: string; readonly reason: string }[];
}

export interface InputOptions {
  /** Leaves the bootstrap files on disk and out of the run. */
  readonly forceFull: boolean;
}

/** Finds and digests every file that the config names. */
export async function resolveInputs(
  config: PipelineConfig,
  folder: string,
  options: InputOptions,
  reporter: Reporter,
): Promise<PrepareInputs> {
  const datasets: ResolvedDataset[] = [];
  const skipped: { dataset: string; reason: string }[] = [];
  for (const dataset of config.datasets) {
    if (!dataset.enabled) continue;
    try {
      datasets.push({ dataset, source: await resolveDataset(dataset, folder) });
    } catch (error) {
      if (dataset.required || !(error instanceof ModelpackError)) throw error;
      reporter.warn(`dataset "${dataset.name}" is left out, since it is not required: ${error.message}`);
      skipped.push({ dataset: dataset.name, reason: error.code });
    }
  }
  const bootstrap = options.forceFull ? [] : await findBootstrap(config);
  if (datasets.length === 0 && bootstrap.length === 0)
    throw new ModelpackError("SOURCE_MISSING", "there is no dataset to prepare", {
      where: "[[datasets]]",
      hint: 'add one: [[datasets]] name = "mine", kind = "local", path = "rows.csv", and a [[datasets.map]]',
    });
  return { datasets, bootstrap, skipped };
}

function resolveDataset(dataset: DatasetConfig, folder: string): Promise<Source> {
  if (dataset.kind === "local") return resolveLocalSource(dataset, folder);
  throw new ModelpackError(
    "SOURCE_UNSUPPORTED",
    `this version of modelpack does not download from the Hugging Face Hub`,
    {
      where: `dataset "${dataset.name}"`,
      hint: 'save its files and use kind = "local" with their path, or set required = false',
    },
  );
}

async function findBootstrap(config: PipelineConfig): Promise<BootstrapFile[]> {
  const families = [...new Set(config.tasks.map((task) => task.family))];
  const wanted = new Set(families.flatMap((family) => SPLITS.map((split) => `${family}_${split}.parquet`)));
  const root = config.paths.bootstrap_prepared_dir;
  const present = await guarded("read", root, () =>
    readdir(root).catch((error: unknown) => {
      if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return [];
      throw error;
    }),
  );
  const found: BootstrapFile[] = [];
  for (const name of present.filter((file) => wanted.has(file)).sort()) {
    const path = join(root, name);
    found.push({ name, path, ...(await digestFile(path)) });
  }
  return found;
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
export function prepareProjection(config: PipelineConfig): unknown {
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
      license: dataset.license,
      map: dataset.map,
    })),
  };
}

/** The digests of the files behind each dataset, in the order in which they are read. */
export function sourceProjection(source: Source): unknown[] {
  return source.files.map(({ format, gzip, bytes, sha256 }) => ({ format, gzip, bytes, sha256 }));
}

/** Everything that decides the bytes of a dataset version. */
export function datasetInputs(
  config: PipelineConfig,
  inputs: PrepareInputs,
  options: { readonly sample: number | null },
): unknown {
  return {
    kind: "dataset",
    ...producer(),
    config: prepareProjection(config),
    sample: options.sample,
    sources: inputs.datasets.map(({ dataset, source }) => ({
      dataset: dataset.name,
      files: sourceProjection(source),
      // They stand beside the files, so no digest of a file covers them.
      ...(source.classLabels === undefined ? {} : { class_labels: [...source.classLabels] }),
    })),
    bootstrap: inputs.bootstrap.map(({ name, sha256 }) => ({ name, sha256 })),
    skipped: inputs.skipped,
  };
}
