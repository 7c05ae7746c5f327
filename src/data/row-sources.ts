// SPDX-License-Identifier: Apache-2.0
import type { Split } from "../core/example.ts";
import { type Engine, type Lend, withEngine } from "./engine.ts";
import { numberedRows } from "./split-file.ts";

/** Which row of a task in a split: its number among the task's rows, as in `Examples`. */
export interface RowPlace {
  readonly task: string;
  readonly row: number;
}

/** What a row's file says of it besides its text and label. */
export interface RowSource {
  /** 32 hex digits. */
  readonly id: string;
  /** Name of the dataset that it comes from. */
  readonly source: string;
}

/** Ids and sources of a split's rows, in the order of `places`; `folder` is a verified version. */
export async function readRowSources(
  folder: string,
  family: string,
  split: Split,
  places: readonly RowPlace[],
  lend: Lend = withEngine,
): Promise<RowSource[]> {
  if (places.length === 0) return [];
  const rows = numberedRows(folder, family, split);
  return lend(async (engine) => {
    const starts = await firstRows(engine, rows);
    const numbers = places.map(({ task, row }) => (starts.get(task) ?? 0) + row);
    const found = new Map<number, RowSource>();
    const sql = `SELECT file_row_number::INTEGER, encode(id), encode(source) FROM ${rows} WHERE file_row_number IN (${numbers.join(", ")})`;
    for await (const batch of engine.stream(sql)) {
      const [at, ids, sources] = [batch.integers(0), batch.texts(1), batch.texts(2)];
      for (let i = 0; i < batch.rows; i++)
        found.set(at[i] ?? -1, { id: ids[i] ?? "", source: sources[i] ?? "" });
    }
    return numbers.map((number) => found.get(number) ?? { id: "", source: "" });
  });
}

/** Where a task's rows begin: they stand together in the file, in the order in which they are read. */
async function firstRows(engine: Engine, rows: string): Promise<Map<string, number>> {
  const starts = new Map<string, number>();
  const sql = `SELECT encode(task), min(file_row_number)::INTEGER FROM ${rows} GROUP BY task`;
  for await (const batch of engine.stream(sql)) {
    const [tasks, firsts] = [batch.texts(0), batch.integers(1)];
    for (let i = 0; i < batch.rows; i++) starts.set(tasks[i] ?? "", firsts[i] ?? 0);
  }
  return starts;
}
