// SPDX-License-Identifier: Apache-2.0
import { ORIGINS, type Origin } from "../core/example.ts";
import type { SplitCount } from "../data/split-counts.ts";
import type { SourceReport, SplitRows, TaskRows } from "../report/pack-report.ts";
import type { DatasetManifest, SourceEntry, TaskEntry } from "./dataset-manifest.ts";

/** A task's rows as the report shows them: what the dataset's manifest says, and the sources from the rows. */
export function rowsOfTask(task: string, manifest: DatasetManifest, counts: readonly SplitCount[]): TaskRows {
  const entry = manifest.tasks.find((one) => one.task === task);
  const own = counts.filter((count) => count.task === task);
  return {
    labels: (entry?.labels ?? []).map(({ label, train, test, eval: held, official, deficit }) => ({
      label,
      train: sumOf(train),
      test: sumOf(test) + official.test,
      eval: sumOf(held) + official.eval,
      deficit,
    })),
    sources: bySplit(own, ({ source, origin }) => [source, origin]).map(({ of, ...rows }) => ({
      source: of.source,
      origin: of.origin,
      ...rows,
    })),
    labelSources: bySplit(own, ({ label, source, origin }) => [label, source, origin]).map(
      ({ of, ...rows }) => ({ label: of.label, source: of.source, origin: of.origin, ...rows }),
    ),
    drops: entry?.drops ?? [],
    deduplication: entry === undefined ? [] : deduplicationOf(entry),
    steppedAside: Object.entries(entry?.backfill?.stepped_aside ?? {}).filter(([, rows]) => rows > 0),
    cut: (entry?.labels ?? []).reduce((sum, { cut }) => sum + cut, 0),
    outOfScope: entry?.out_of_scope ?? 0,
  };
}

function sumOf(origins: Readonly<Record<Origin, number>>): number {
  return ORIGINS.reduce((sum, origin) => sum + origins[origin], 0);
}

/** The counts of rows that `keyOf` gives one key, split by split, in the order in which the keys come up. */
function bySplit(
  counts: readonly SplitCount[],
  keyOf: (count: SplitCount) => readonly string[],
): (SplitRows & { readonly of: SplitCount })[] {
  const found = new Map<string, { of: SplitCount; train: number; test: number; eval: number }>();
  for (const count of counts) {
    const key = JSON.stringify(keyOf(count));
    const sums = found.get(key) ?? { of: count, train: 0, test: 0, eval: 0 };
    found.set(key, sums);
    sums[count.split] += count.rows;
  }
  return [...found.values()];
}

/** Counts of rows in the deduplication's record; those of nothing are left out. */
function deduplicationOf({ deduplication }: TaskEntry): TaskRows["deduplication"] {
  return Object.entries(deduplication).flatMap(([name, value]) =>
    typeof value === "number" && value > 0 ? [[name, value] as const] : [],
  );
}

/** A dataset of the manifest as the report lists it. */
export function sourceReport({
  dataset,
  license,
  hub,
  files,
  rows,
  sampled,
  maps,
}: SourceEntry): SourceReport {
  const from =
    hub === undefined
      ? [...new Set(files.map(({ format }) => format))].join(", ")
      : `${hub.dataset_id} ${hub.split} at ${hub.commit.slice(0, 12)}`;
  return {
    name: dataset,
    license,
    origin: from,
    rows,
    sampled,
    dropped: maps.reduce((sum, map) => sum + map.dropped, 0),
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    sha256: files.map((file) => file.sha256),
  };
}
