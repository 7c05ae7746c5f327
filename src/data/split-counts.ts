// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { SPLITS, type Split } from "../core/example.ts";
import { type Engine, filePath, withEngine } from "./engine.ts";
import { splitFile } from "./split-file.ts";

/** Rows of a task and label in one split that have their source and origin in common. */
export interface SplitCount {
  readonly split: Split;
  readonly task: string;
  readonly label: string;
  readonly source: string;
  readonly origin: string;
  readonly rows: number;
}

/** Which row of a task in a split: its number among the task's rows, as in `Examples`. */
export interface RowPlace {
  readonly task: string;
  readonly row: number;
}

/** Where the rows of a prepared family come from. */
export interface FamilyRows {
  /** By split, then by names. */
  readonly counts: readonly SplitCount[];
  /** Sources of rows, by split, as many as were asked for. */
  readonly sources: Readonly<Partial<Record<Split, readonly string[]>>>;
}

/** Counts a family's rows, and looks up the sources of some; `folder` is a verified version. */
export function inspectFamily(
  folder: string,
  family: string,
  wanted: Readonly<Partial<Record<Split, readonly RowPlace[]>>>,
): Promise<FamilyRows> {
  return withEngine(async (engine) => {
    const counts: SplitCount[] = [];
    const sources: Partial<Record<Split, readonly string[]>> = {};
    for (const split of SPLITS) {
      const rows = `read_parquet(${filePath(join(folder, splitFile(family, split)))}, hive_partitioning = false, file_row_number = true)`;
      const found = await countRows(engine, rows);
      for (const { first: _first, ...count } of found) counts.push({ split, ...count });
      const places = wanted[split] ?? [];
      sources[split] = places.length === 0 ? [] : await sourcesOf(engine, rows, found, places);
    }
    return { counts, sources };
  });
}

type Found = Omit<SplitCount, "split"> & {
  /** Number in the file of the first of these rows. */
  readonly first: number;
};

async function countRows(engine: Engine, rows: string): Promise<Found[]> {
  const found: Found[] = [];
  const names = ["task", "label", "source", "origin"];
  const sql =
    `SELECT ${names.map((name) => `encode(${name})`).join(", ")}, count(*)::INTEGER, min(file_row_number)::INTEGER ` +
    `FROM ${rows} GROUP BY ${names.join(", ")} ORDER BY ${names.join(", ")}`;
  for await (const batch of engine.stream(sql)) {
    const [tasks, labels, sources, origins] = [0, 1, 2, 3].map((column) => batch.texts(column));
    const [counts, firsts] = [4, 5].map((column) => batch.integers(column));
    for (let i = 0; i < batch.rows; i++)
      found.push({
        task: tasks?.[i] ?? "",
        label: labels?.[i] ?? "",
        source: sources?.[i] ?? "",
        origin: origins?.[i] ?? "",
        rows: counts?.[i] ?? 0,
        first: firsts?.[i] ?? 0,
      });
  }
  return found;
}

/** A task's rows stand together in the file, in the order in which they are read. */
async function sourcesOf(
  engine: Engine,
  rows: string,
  found: readonly Found[],
  places: readonly RowPlace[],
): Promise<string[]> {
  const starts = new Map<string, number>();
  for (const { task, first } of found) starts.set(task, Math.min(first, starts.get(task) ?? first));
  const numbers = places.map(({ task, row }) => (starts.get(task) ?? 0) + row);
  const sourceOf = new Map<number, string>();
  const sql = `SELECT file_row_number::INTEGER, encode(source) FROM ${rows} WHERE file_row_number IN (${numbers.join(", ")})`;
  for await (const batch of engine.stream(sql)) {
    const [at, sources] = [batch.integers(0), batch.texts(1)];
    for (let i = 0; i < batch.rows; i++) sourceOf.set(at[i] ?? -1, sources[i] ?? "");
  }
  return numbers.map((number) => sourceOf.get(number) ?? "");
}
