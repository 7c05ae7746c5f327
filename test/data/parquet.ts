// SPDX-License-Identifier: Apache-2.0

import { quoteText } from "../../src/data/column.ts";
import { withEngine } from "../../src/data/engine.ts";

/** Writes a Parquet file of what `sql` selects. */
export async function writeParquet(path: string, sql: string): Promise<void> {
  await withEngine((engine) => engine.run(`COPY (${sql}) TO ${quoteText(path)} (FORMAT parquet)`));
}

/** All rows of a Parquet file, as DuckDB's text of each value. */
export function readParquet(
  path: string,
  sql = "SELECT * FROM file",
): Promise<readonly (readonly (string | null)[])[]> {
  return withEngine((engine) => engine.rows(sql.replace("file", `read_parquet(${quoteText(path)})`)));
}
