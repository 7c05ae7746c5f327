// SPDX-License-Identifier: Apache-2.0
import type { PipelineConfig } from "../config/schema.ts";
import { type SnakeCased, snakeCase } from "../core/snake-case.ts";
import type { LabelBalance } from "../data/balancer.ts";
import type { DeduplicationReport } from "../data/deduplicator.ts";
import type { DropCounts } from "../data/drops.ts";
import type { OutOfScopeCounts } from "../data/out-of-scope.ts";
import { NO_SPLIT, type TaskRows } from "../data/rows.ts";
import { effectiveRatios, type SplitRatios } from "../data/splitter.ts";
import type { DatasetFacts, SourceFacts } from "../report/dataset-facts.ts";
import type { BootstrapReport, SourceReport } from "./collect.ts";
import {
  backfillProjection,
  type PrepareInputs,
  prepareProjection,
  type ResolvedDataset,
  skippedNames,
  sourceProjection,
} from "./inputs.ts";
import { type BackfillCounts, type PreparedTask, splitSettings } from "./prepared-task.ts";
import type { UsedRows } from "./used-rows.ts";
import { producer } from "./workspace.ts";

interface ManifestParts {
  readonly version: string;
  readonly config: PipelineConfig;
  readonly sample: number | null;
  readonly inputs: PrepareInputs;
  /** The accepted rows of the backfill that went into it. */
  readonly accepted: UsedRows | null;
  readonly sources: readonly SourceReport[];
  readonly bootstrap: readonly BootstrapReport[];
  readonly tasks: readonly PreparedTask[];
  readonly files: readonly { readonly name: string; readonly sha256: string; readonly bytes: number }[];
}

/** What a dataset's manifest says of one task. */
export interface TaskEntry {
  readonly task: string;
  readonly family: string;
  readonly labels: readonly LabelBalance[];
  readonly drops: DropCounts;
  readonly deduplication: SnakeCased<DeduplicationReport>;
  /** Shares by which its rows were dealt to the splits, official ones apart; their sum is 1. */
  readonly split_ratios: SplitRatios;
  readonly seeds: number;
  /** Texts that no label fits, before duplicates are merged. */
  readonly out_of_scope: number;
  /** What became of them; left out where there are none. */
  readonly out_of_scope_rows?: SnakeCased<OutOfScopeCounts> & { readonly drops: DropCounts };
  /** Rows in the splits by the language that they state, in the order of the names; none where none states one. */
  readonly languages: readonly { readonly language: string; readonly rows: number }[];
  /** Left out where there are no accepted rows for the task. */
  readonly backfill?: SnakeCased<BackfillCounts>;
}

/** What a dataset's manifest says of one source. */
export interface SourceEntry extends SourceFacts {
  readonly files: readonly { readonly format: string; readonly bytes: number; readonly sha256: string }[];
}

export interface DatasetManifest extends DatasetFacts {
  readonly sources: readonly SourceEntry[];
  readonly tasks: readonly TaskEntry[];
}

/**
 * Body of a dataset's manifest.json: where its rows come from, what was dropped and why, what is missing. The data card
 * reads it as {@link DatasetFacts}.
 */
export function datasetManifest(parts: ManifestParts): DatasetManifest & Readonly<Record<string, unknown>> {
  const reports = new Map(parts.sources.map((report) => [report.dataset, report]));
  return {
    kind: "dataset",
    version: parts.version,
    producer: producer(),
    config: prepareProjection(parts.config),
    sample: parts.sample,
    sources: parts.inputs.datasets.map((resolved) => sourceEntry(resolved, reports)),
    bootstrap: parts.inputs.bootstrap.map(({ name, sha256, bytes }, i) => ({
      name,
      sha256,
      bytes,
      rows: parts.bootstrap[i]?.rows ?? 0,
      used: parts.bootstrap[i]?.used ?? 0,
    })),
    skipped: skippedNames(parts.inputs),
    ...backfillProjection(parts.accepted),
    tasks: parts.tasks.map((task) => entryOf(task, parts.config)),
    files: parts.files,
  };
}

function sourceEntry(resolved: ResolvedDataset, reports: ReadonlyMap<string, SourceReport>) {
  const { dataset, hub } = resolved;
  const report = reports.get(dataset.name);
  return {
    dataset: dataset.name,
    license: dataset.license || (hub?.license ?? ""),
    ...sourceProjection(resolved),
    ...(hub === null
      ? {}
      : { hub_files: hub.files.slice(0, resolved.source.files.length).map(({ path }) => path) }),
    rows: report?.sourceRows ?? 0,
    sampled: report?.sampledRows ?? 0,
    maps: report?.maps ?? [],
  };
}

function entryOf(task: PreparedTask, config: PipelineConfig): TaskEntry {
  return {
    task: task.rows.task.name,
    family: task.rows.task.family,
    labels: task.labels,
    drops: task.drops,
    deduplication: snakeCase(task.deduplication),
    split_ratios: effectiveRatios(task.rows, splitSettings(config).ratios),
    seeds: task.seeds,
    out_of_scope: task.outOfScope?.collected ?? 0,
    ...(task.outOfScope === null
      ? {}
      : { out_of_scope_rows: { ...snakeCase(task.outOfScope.counts), drops: task.outOfScope.drops } }),
    languages: languagesOf(task.rows, task.split),
    ...(task.backfill === null ? {} : { backfill: snakeCase(task.backfill) }),
  };
}

function languagesOf(rows: TaskRows, split: Uint8Array): { language: string; rows: number }[] {
  const counts = new Uint32Array(rows.languages.length);
  for (let i = 0; i < rows.length; i++) {
    const code = rows.language[i] as number;
    if (split[i] !== NO_SPLIT) counts[code] = (counts[code] as number) + 1;
  }
  return rows.languages
    .map((language, code) => ({ language, rows: counts[code] as number }))
    .filter(({ language, rows: count }) => language !== "" && count > 0)
    .sort((a, b) => (a.language < b.language ? -1 : 1));
}
