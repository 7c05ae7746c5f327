// SPDX-License-Identifier: Apache-2.0
import type { DatasetConfig, PipelineConfig } from "../config/schema.ts";
import type { HubRequest } from "../data/hub-dataset.ts";
import type { LockKey } from "./lock-entry.ts";

/** What a dataset of kind "huggingface" is found by in the lock. */
export function lockKey(dataset: DatasetConfig): LockKey {
  const { dataset_id: datasetId = "", config, split, revision } = dataset;
  return { datasetId, config, split, revision };
}

/** What is asked of the Hub; `sample` is the rows of `--sample`, or null. */
export function hubRequest(
  config: PipelineConfig,
  dataset: DatasetConfig,
  sample: number | null,
): HubRequest {
  const rows = headRows(config, dataset, sample);
  const wanted =
    rows === null ? ({ sample: "hash", maxRows: 0 } as const) : ({ sample: "head", maxRows: rows } as const);
  return { ...lockKey(dataset), name: dataset.name, delimiter: dataset.delimiter, ...wanted };
}

/** How many of the split's first rows hold all that is wanted; null where only all of them do. */
export function headRows(
  config: PipelineConfig,
  dataset: DatasetConfig,
  sample: number | null,
): number | null {
  const { slice } = dataset;
  if (slice?.unit === "percent") return null;
  const end = slice?.to ?? Number.POSITIVE_INFINITY;
  const most = (slice?.from ?? 0) + rowLimit(config, dataset, sample);
  const rows = dataset.sample === "head" ? Math.min(end, most) : end;
  return rows === Number.POSITIVE_INFINITY ? null : rows;
}

/** Rows taken of a dataset at most. */
export function rowLimit(config: PipelineConfig, dataset: DatasetConfig, sample: number | null): number {
  const limits = [config.prepare.max_rows_per_source, dataset.max_rows, sample ?? undefined];
  return Math.min(...limits.filter((limit) => limit !== undefined));
}
