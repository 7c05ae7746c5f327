// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import type { Column } from "./column.ts";
import { quoteName } from "./column.ts";
import type { Engine } from "./engine.ts";
import { placeOf, unreadable } from "./refusal.ts";
import type { Scan } from "./scan.ts";
import type { Source } from "./source.ts";

export interface ReadOptions {
  /** Rows taken at most; null takes all. */
  readonly maxRows: number | null;
  /** Which ones: those with the smallest digests, or the first. */
  readonly sample: "hash" | "head";
}

/** What is there, and what was taken of it. */
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
    const result = await create(engine, source, scan, options);
    if (result.sourceRows === 0) {
      throw new ModelpackError("SOURCE_EMPTY", "the files hold no rows", { where: placeOf(source) });
    }
    return result;
  } catch (error) {
    throw unreadable(source, undefined, error);
  }
}

async function create(engine: Engine, source: Source, scan: Scan, options: ReadOptions): Promise<MapResult> {
  const limit = options.maxRows ?? Number.POSITIVE_INFINITY;
  const isTable = scan.from === "source";
  if (scan.rows === null ? Number.isFinite(limit) : scan.rows > limit) {
    const sourceRows = await engine.count(`SELECT count(*) FROM ${scan.from}`);
    checkCount(source, scan, sourceRows);
    if (sourceRows > limit) {
      await createSample(engine, scan, options.sample, limit);
      return { sourceRows, sampledRows: limit };
    }
  }
  if (isTable) return all(scan.rows ?? 0);
  const isParquet = source.files[0]?.format === "parquet";
  await engine.run(`CREATE ${isParquet ? "VIEW" : "TABLE"} source AS SELECT * FROM ${scan.from}`);
  const sourceRows = await engine.count("SELECT count(*) FROM source");
  checkCount(source, scan, sourceRows);
  return all(sourceRows);
}

function all(rows: number): MapResult {
  return { sourceRows: rows, sampledRows: rows };
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
  sample: "hash" | "head",
  limit: number,
): Promise<void> {
  const into = scan.from === "source" ? "sampled" : "source";
  if (sample === "head") {
    await engine.run(`CREATE TABLE ${into} AS SELECT * FROM ${scan.from} LIMIT ${limit}`);
  } else {
    const row = quoteName(unusedName(scan.columns));
    // The digest of the whole row; rows with one digest are equal, so it does not matter which is cut.
    const digest = `md5_number(CAST(to_json(${row}) AS VARCHAR))`;
    const ceiling = await digestCeiling(engine, scan.from, row, digest, limit);
    await engine.run(
      `CREATE TABLE ${into} AS SELECT * FROM ${scan.from} AS ${row} ` +
        `WHERE ${digest} >> ${BUCKET_SHIFT} <= ${ceiling} ORDER BY ${digest} LIMIT ${limit}`,
    );
  }
  if (into === "source") return;
  await engine.run("DROP TABLE source");
  await engine.run("ALTER TABLE sampled RENAME TO source");
}

/** Digests are counted by their first 16 bits. */
const BUCKET_SHIFT = 112;

// The smallest bucket below which there are `limit` rows. Only those are then sorted: sorting all rows
// of a large source would spill all of it to disk.
async function digestCeiling(
  engine: Engine,
  from: string,
  row: string,
  digest: string,
  limit: number,
): Promise<number> {
  const buckets = await engine.rows(
    `SELECT bucket, count(*) FROM (SELECT ${digest} >> ${BUCKET_SHIFT} AS bucket FROM ${from} AS ${row}) ` +
      "GROUP BY bucket ORDER BY bucket",
  );
  let rows = 0;
  for (const [bucket, count] of buckets) {
    rows += Number(count);
    if (rows >= limit) return Number(bucket);
  }
  return Number(buckets.at(-1)?.[0] ?? 0);
}

function unusedName(columns: readonly Column[]): string {
  const names = new Set(columns.map((column) => column.name.toLowerCase()));
  let name = "row";
  while (names.has(name)) name += "_";
  return name;
}
