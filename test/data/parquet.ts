// SPDX-License-Identifier: Apache-2.0

import { quoteText } from "../../src/data/column.ts";
import { withEngine } from "../../src/data/engine.ts";

/** Writes a Parquet file of what `sql` selects, with the given key-value metadata. */
export async function writeParquet(
  path: string,
  sql: string,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const pairs = Object.entries(metadata).map(([key, value]) => `${key}: ${quoteText(value)}`);
  const options = pairs.length === 0 ? "" : `, KV_METADATA {${pairs.join(", ")}}`;
  await withEngine((engine) => engine.run(`COPY (${sql}) TO ${quoteText(path)} (FORMAT parquet${options})`));
}

/** All rows of a Parquet file, as DuckDB's text of each value. */
export function readParquet(
  path: string,
  sql = "SELECT * FROM file",
): Promise<readonly (readonly (string | null)[])[]> {
  return withEngine((engine) => engine.rows(sql.replace("file", `read_parquet(${quoteText(path)})`)));
}
