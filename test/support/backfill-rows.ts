// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { withEngine } from "../../src/data/engine.ts";

/** A row of a prepared dataset, as its Parquet files have it. */
export interface PreparedRow {
  readonly text: string;
  readonly label: string;
  readonly origin: string;
  readonly split: string;
  readonly group: string;
}

/** All rows of a single-text task in a dataset's version. */
export function readAllRows(folder: string, family: string, task: string): Promise<readonly PreparedRow[]> {
  return withEngine(async (engine) => {
    const from = join(folder, `${family}_*.parquet`).replaceAll("'", "''");
    const sql = `SELECT text, label, origin, split, group_id FROM read_parquet('${from}') WHERE task = ? ORDER BY id`;
    const rows = await engine.rows(sql, [task]);
    return rows.map(([text, label, origin, split, group]) => ({
      text: text ?? "",
      label: label ?? "",
      origin: origin ?? "",
      split: split ?? "",
      group: group ?? "",
    }));
  });
}
