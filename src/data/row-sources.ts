// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import type { Split } from "../core/example.ts";
import { exactText, filePath, withEngine } from "./engine.ts";
import { splitFile } from "./split-file.ts";

/** What a row's file says of it besides its text and label. */
export interface RowSource {
  /** 32 hex digits. */
  readonly id: string;
  /** Name of the dataset that it comes from. */
  readonly source: string;
}

/**
 * Ids and sources of rows of a task by their numbers among the task's rows of the split, which `readExamples` gives
 * them. `rows` ascends; so does the answer.
 */
export async function readRowSources(
  folder: string,
  family: string,
  split: Split,
  task: string,
  rows: readonly number[],
): Promise<RowSource[]> {
  if (rows.length === 0) return [];
  const path = filePath(join(folder, splitFile(family, split)));
  const ofTask = `SELECT id, source, file_row_number AS n FROM read_parquet(${path}, hive_partitioning = false, file_row_number = true) WHERE task = ${exactText(task)}`;
  // A task's rows stand together.
  const numbers = `SELECT unnest([${rows.join(", ")}]) + (SELECT min(n) FROM own) AS n`;
  const sql = `WITH own AS (${ofTask}) SELECT encode(id), encode(source) FROM own JOIN (${numbers}) USING (n) ORDER BY n`;
  return withEngine(async (engine) => {
    const found: RowSource[] = [];
    for await (const batch of engine.stream(sql)) {
      const [ids, sources] = [batch.texts(0), batch.texts(1)];
      for (let i = 0; i < batch.rows; i++) found.push({ id: ids[i] ?? "", source: sources[i] ?? "" });
    }
    return found;
  });
}
