// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { PipelineConfig } from "../config/schema.ts";
import { readPointer, verifyVersion } from "../storage/commit.ts";
import type { DatasetManifest } from "./dataset-manifest.ts";
import { readDatasetManifest } from "./prepared-dataset.ts";
import { DATASET_POINTER, MODEL_POINTER } from "./workspace.ts";

/** A version in its folder. */
export interface VersionStatus {
  readonly version: string;
  readonly current: boolean;
  /** What is wrong with it; null when every file verifies. */
  readonly problem: string | null;
}

/** What is on disk of a pipeline. */
export interface PipelineStatus {
  readonly datasets: readonly VersionStatus[];
  readonly packs: readonly (VersionStatus & { readonly dataset: string | null })[];
  /** Of the current dataset; null where there is none that is whole. */
  readonly dataset: DatasetManifest | null;
  /** What is wrong with the pointer files: the datasets' and the packs'; null where nothing is. */
  readonly pointers: { readonly datasets: string | null; readonly packs: string | null };
}

/** What is on disk: versions, which of them are current and whole, and what the current dataset has. */
export async function readStatus(config: PipelineConfig): Promise<PipelineStatus> {
  const { prepared_dir, trained_models_dir } = config.paths;
  const datasets = await versionsIn(prepared_dir, DATASET_POINTER);
  const packs = await versionsIn(trained_models_dir, MODEL_POINTER);
  const pointers = {
    datasets: await pointerProblem(prepared_dir, DATASET_POINTER, datasets),
    packs: await pointerProblem(trained_models_dir, MODEL_POINTER, packs),
  };
  const current = datasets.find((version) => version.current && version.problem === null);
  return {
    datasets,
    packs: await Promise.all(
      packs.map(async (pack) => ({
        ...pack,
        dataset: await datasetOf(join(trained_models_dir, pack.version), pack),
      })),
    ),
    dataset: current === undefined ? null : await readDatasetManifest(join(prepared_dir, current.version)),
    pointers,
  };
}

async function pointerProblem(
  root: string,
  pointer: string,
  versions: readonly VersionStatus[],
): Promise<string | null> {
  try {
    const version = await readPointer(root, pointer);
    const isThere = version === null || versions.some((one) => one.version === version);
    return isThere ? null : `${pointer} names ${version}, which is not there`;
  } catch {
    return `${pointer} names no version`;
  }
}

async function versionsIn(root: string, pointer: string): Promise<VersionStatus[]> {
  const names = (await readdir(root).catch(() => [])).filter((name) => /^[0-9a-f]{12}$/.test(name)).sort();
  const current = await readPointer(root, pointer).catch(() => null);
  return Promise.all(
    names.map(async (version) => {
      const [first] = await verifyVersion(join(root, version));
      const problem = first === undefined ? null : `${first.file}: ${first.problem}`;
      return { version, current: version === current, problem };
    }),
  );
}

async function datasetOf(folder: string, { problem }: VersionStatus): Promise<string | null> {
  if (problem !== null) return null;
  const { dataset } = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as {
    dataset?: unknown;
  };
  return typeof dataset === "string" ? dataset : null;
}
