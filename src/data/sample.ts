// SPDX-License-Identifier: Apache-2.0
import type { RowSlice } from "../config/split.ts";
import { ModelpackError } from "../core/error.ts";
import { type Column, quoteName } from "./column.ts";
import type { Engine } from "./engine.ts";
import { placeOf, unreadable } from "./refusal.ts";
import { type Scan, SOURCE } from "./scan.ts";
import type { Source } from "./source.ts";

export interface ReadOptions {
  /** Rows taken at most; null takes all. */
  readonly maxRows: number | null;
  /** Which ones: those with the smallest digests, or the first. */
  readonly sample: "hash" | "head";
  /** The part of the rows, in the order of the files, that the sample is taken from; absent or null is all of them. */
  readonly slice?: RowSlice | null;
  /** Ends the reading, in the middle of a statement too; what is thrown then says nothing. */
  readonly signal?: AbortSignal;
}

/** What is there (of a slice: in the slice), and what was taken of it. */
export interface MapResult {
  readonly sourceRows: number;
  readonly sampledRows: number;
}

/**
 * Makes `source` of a scan: all rows, or a sample. Every map sees the same one. A sample and text
 * formats become a table (which spills to disk where it is large), so that they are parsed once and are
 * known to be whole before the first row is used; Parquet stays a view, which reads only the columns
 * that a map names.
 */
export async function createSource(
  engine: Engine,
  source: Source,
  scan: Scan,
  options: ReadOptions,
): Promise<MapResult> {
  try {
    const part = await sliced(engine, source, scan, options.slice ?? null);
    const result = await create(engine, source, part, options);
    if (result.sourceRows === 0) {
      throw new ModelpackError("SOURCE_EMPTY", "the files hold no rows", {
        where: placeOf(source),
        hint: "check that these are the files you mean, or set enabled = false",
      });
    }
    return result;
  } catch (error) {
    throw unreadable(source, undefined, error);
  }
}

/** A scan of nothing but the slice. */
async function sliced(engine: Engine, source: Source, scan: Scan, slice: RowSlice | null): Promise<Scan> {
  if (slice === null) return scan;
  const rows = await engine.count(`SELECT count(*) FROM ${scan.from}`);
  checkCount(source, scan, rows);
  const at = (end: number) => (slice.unit === "rows" ? end : Math.round((rows * end) / 100));
  const from = Math.min(at(slice.from), rows);
  const to = slice.to === null ? rows : Math.min(at(slice.to), rows);
  const part = `(SELECT * FROM ${scan.from} LIMIT ${Math.max(to - from, 0)} OFFSET ${from})`;
  return { ...scan, from: part, rows: Math.max(to - from, 0) };
}

async function create(engine: Engine, source: Source, scan: Scan, options: ReadOptions): Promise<MapResult> {
  const limit = options.maxRows ?? Number.POSITIVE_INFINITY;
  if ((scan.rows ?? Number.POSITIVE_INFINITY) > limit) {
    const buckets = options.sample === "hash" ? await digestBuckets(engine, scan) : null;
    const sourceRows = buckets?.rows ?? (await engine.count(`SELECT count(*) FROM ${scan.from}`));
    checkCount(source, scan, sourceRows);
    if (sourceRows > limit) {
      await createSample(engine, scan, limit, buckets?.ceiling(limit));
      return { sourceRows, sampledRows: limit };
    }
  }
  if (scan.from !== SOURCE) {
    const isParquet = source.files[0]?.format === "parquet";
    await engine.run(`CREATE ${isParquet ? "VIEW" : "TABLE"} ${SOURCE} AS SELECT * FROM ${scan.from}`);
  }
  const sourceRows = await engine.count(`SELECT count(*) FROM ${SOURCE}`);
  checkCount(source, scan, sourceRows);
  return { sourceRows, sampledRows: sourceRows };
}

// Two readers that disagree on the number of rows do not agree on where a row ends.
function checkCount(source: Source, scan: Scan, rows: number): void {
  if (scan.rows === null || scan.rows === rows) return;
  throw new ModelpackError("SOURCE_UNREADABLE", `${scan.rows} rows were counted, and DuckDB reads ${rows}`, {
    where: placeOf(source),
    hint: "write the file again with every field quoted and one kind of line end",
  });
}

async function createSample(
  engine: Engine,
  scan: Scan,
  limit: number,
  ceiling: number | undefined,
): Promise<void> {
  const { row, digest } = rowDigest(scan.columns);
  const select = `SELECT * FROM ${scan.from} AS ${row}`;
  if (ceiling === undefined) {
    await engine.run(`CREATE TABLE sampled AS ${select} LIMIT ${limit}`);
  } else {
    // Rows of whole buckets, in the order of the file, and then the few of the last bucket that are too
    // many go. Sorting the rows by digest instead would hold all of them in memory.
    await engine.run(`CREATE TABLE sampled AS ${select} WHERE ${digest} >> ${BUCKET_SHIFT} <= ${ceiling}`);
    const excess = (await engine.count("SELECT count(*) FROM sampled")) - limit;
    await engine.run(
      `DELETE FROM sampled WHERE rowid IN (SELECT rowid FROM sampled AS ${row} ` +
        `WHERE ${digest} >> ${BUCKET_SHIFT} = ${ceiling} ORDER BY ${digest} DESC, rowid DESC LIMIT ${excess})`,
    );
  }
  if (scan.from === SOURCE) await engine.run(`DROP TABLE ${SOURCE}`);
  await engine.run(`ALTER TABLE sampled RENAME TO ${SOURCE}`);
}

/** Digests are counted by their first 16 bits. */
const BUCKET_SHIFT = 112;

interface Buckets {
  readonly rows: number;
  /** The smallest bucket with which there are `limit` rows. */
  ceiling(limit: number): number;
}

async function digestBuckets(engine: Engine, scan: Scan): Promise<Buckets> {
  const { row, digest } = rowDigest(scan.columns);
  const buckets = await engine.rows(
    `SELECT bucket, count(*) FROM (SELECT ${digest} >> ${BUCKET_SHIFT} AS bucket FROM ${scan.from} AS ${row}) ` +
      "GROUP BY bucket ORDER BY bucket",
  );
  const counts = buckets.map(([bucket, count]) => [Number(bucket), Number(count)] as const);
  return {
    rows: counts.reduce((sum, [, count]) => sum + count, 0),
    ceiling: (limit) => {
      let rows = 0;
      for (const [bucket, count] of counts) {
        rows += count;
        if (rows >= limit) return bucket;
      }
      return 0;
    },
  };
}

// A digest of a row with all its columns; rows with one digest are equal, so it does not matter which of
// them is cut. The row needs a name that no column has, or to_json would take the column.
export function rowDigest(columns: readonly Column[]): { readonly row: string; readonly digest: string } {
  const names = new Set(columns.map((column) => column.name.toLowerCase()));
  let name = "row";
  while (names.has(name)) name += "_";
  const row = quoteName(name);
  return { row, digest: `md5_number(CAST(to_json(${row}) AS VARCHAR))` };
}

/** Reads every value of `source`, and throws where one can't be read. */
export async function readThrough(engine: Engine, columns: readonly Column[]): Promise<void> {
  const { row, digest } = rowDigest(columns);
  await engine.run(`SELECT max(${digest}) FROM ${SOURCE} AS ${row}`);
}
