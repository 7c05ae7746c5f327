// SPDX-License-Identifier: Apache-2.0
import { filePath, withEngine } from "./engine.ts";
import { scanSource } from "./scan.ts";
import type { Source } from "./source.ts";

/** Rows that a source's files hold: Parquet says it at its end, text has to be read. */
export function countRows(source: Source, signal?: AbortSignal): Promise<number> {
  return withEngine(async (engine) => {
    if (source.files[0]?.format === "parquet") {
      let rows = 0;
      for (const { path } of source.files)
        rows += await engine.count(`SELECT num_rows FROM parquet_file_metadata(${filePath(path)})`);
      return rows;
    }
    const scan = await scanSource(engine, source);
    return scan.rows ?? (await engine.count(`SELECT count(*) FROM ${scan.from}`));
  }, signal);
}
