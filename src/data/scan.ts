// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import type { Delimiter } from "../config/form.ts";
import { ModelpackError } from "../core/error.ts";
import { checkText } from "./binary-check.ts";
import { type ClassLabel, classLabels, FEATURES_KEY } from "./class-labels.ts";
import { withClassNames } from "./class-names.ts";
import { type Column, quoteText, typeWithoutGuesses } from "./column.ts";
import { checkCsv, MAX_ROW_BYTES } from "./csv-check.ts";
import { delimiterOf } from "./delimiter.ts";
import { type Engine, filePath, MAX_COLUMNS } from "./engine.ts";
import { checkJson } from "./json-check.ts";
import { placeOf, unreadable } from "./refusal.ts";
import type { Source, SourceFile } from "./source.ts";

/** The table or view that the SQL of a map reads. */
export const SOURCE = "source";

/** How DuckDB reads a source: `from` stands after FROM, with columns of known types. */
export interface Scan {
  readonly from: string;
  readonly columns: readonly Column[];
  /** Rows that the files hold, where checking them has counted. */
  readonly rows: number | null;
  /** Of JSON, the same rows as they are written, in a column `json`; stands after FROM. */
  readonly objects?: string;
  /** Columns that could not keep the name that the file gives them, and what they are called instead. */
  readonly renamed?: readonly (readonly [from: string, to: string])[];
  /** Of CSV with one column, the delimiter that its name speaks for, where it is read with another. */
  readonly likelier?: Delimiter | null;
}

/** The longest object of JSON, in bytes: DuckDB holds several at once, and no text to classify comes near. */
const MAX_OBJECT_BYTES = 1 << 24;
/**
 * Bytes of a file that DuckDB holds at once, two such buffers at a time. By itself it takes 16 of the longest rows, and two of
 * these are more than the engine's memory: a CSV file of 256 MB could not be read.
 */
const CSV_BUFFER_BYTES = 2 * MAX_ROW_BYTES;
/** Rows of JSON whose keys are counted before their types are looked at. */
const KEY_ROWS = 20_480;

/** Looks at a source's files and says how to read them. Throws for what is not as its name says. */
export async function scanSource(engine: Engine, source: Source): Promise<Scan> {
  try {
    return await scanFormat(engine, source);
  } catch (error) {
    // Of what is no text at all, the first quote that is wrong says nothing.
    if (error instanceof ModelpackError && error.code === "SOURCE_UNREADABLE") await checkText(source);
    throw error;
  }
}

async function scanFormat(engine: Engine, source: Source): Promise<Scan> {
  switch (source.files[0]?.format) {
    case "parquet":
      return scanParquet(engine, source);
    case "csv":
    case "tsv":
      return named(engine, source, await scanCsv(source));
    case "json":
      return named(engine, source, await scanJson(engine, source, "auto"));
    case "jsonl":
      return named(engine, source, await scanJson(engine, source, "newline_delimited"));
    case "arrow":
      return scanArrow(engine, source);
    default:
      throw new ModelpackError("SOURCE_MISSING", "the source has no files", { where: placeOf(source) });
  }
}

function pathsOf(files: readonly SourceFile[]): string {
  return `[${files.map((file) => filePath(file.path)).join(", ")}]`;
}

// By what the names say; where some files are compressed and some are not, DuckDB looks at the names too.
function compression(files: readonly SourceFile[]): string {
  if (files.every((file) => file.gzip)) return "'gzip'";
  return files.some((file) => file.gzip) ? "'auto_detect'" : "'uncompressed'";
}

async function scanParquet(engine: Engine, source: Source): Promise<Scan> {
  let first: readonly Column[] | undefined;
  let labels: ReadonlyMap<string, ClassLabel> | undefined;
  for (const file of source.files) {
    const from = `read_parquet(${filePath(file.path)}, hive_partitioning = false)`;
    const columns = await describe(engine, source, file, from);
    first ??= columns;
    sameColumns(source, first, file, columns);
    const found = classLabels(await parquetMetadata(engine, file));
    labels ??= found;
    if (JSON.stringify([...found]) !== JSON.stringify([...labels])) {
      throw new ModelpackError(
        "SOURCE_UNREADABLE",
        `the class names of ${file.name} differ from the first file's`,
        {
          where: placeOf(source, file),
          hint: "make two datasets of them",
        },
      );
    }
  }
  const files = `read_parquet(${pathsOf(source.files)}, union_by_name = true, hive_partitioning = false)`;
  const names = new Map([...(source.classLabels ?? []), ...namesOnly(labels ?? new Map())]);
  const from = withClassNames(files, first ?? [], names);
  return { from, columns: await describe(engine, source, undefined, from), rows: null };
}

function namesOnly(
  labels: ReadonlyMap<string, ClassLabel>,
): readonly (readonly [string, readonly string[]])[] {
  return [...labels].map(([column, { names }]) => [column, names] as const);
}

/** The scan of a format that does not name classes itself, with the names that the source has from elsewhere. */
async function named(engine: Engine, source: Source, scan: Scan): Promise<Scan> {
  if (source.classLabels === undefined) return scan;
  const from = withClassNames(scan.from, scan.columns, source.classLabels);
  return { ...scan, from, columns: await describe(engine, source, undefined, from) };
}

async function parquetMetadata(engine: Engine, file: SourceFile): Promise<string | undefined> {
  const rows = await engine.rows(
    `SELECT decode(value) FROM parquet_kv_metadata(${filePath(file.path)}) WHERE decode(key) = '${FEATURES_KEY}'`,
  );
  return rows[0]?.[0] ?? undefined;
}

async function describe(
  engine: Engine,
  source: Source,
  file: SourceFile | undefined,
  from: string,
): Promise<readonly Column[]> {
  const { columnCount, columns } = await engine.inspect(`SELECT * FROM ${from}`).catch((error: unknown) => {
    throw unreadable(source, file, error);
  });
  if (columnCount > MAX_COLUMNS) throw tooManyColumns(source, file, columnCount);
  return columns;
}

function tooManyColumns(source: Source, file: SourceFile | undefined, count: number): ModelpackError {
  return new ModelpackError("SOURCE_UNREADABLE", `${count} columns are too many (${MAX_COLUMNS})`, {
    where: placeOf(source, file),
    hint: "check that the file holds one row for each example",
  });
}

function sameColumns(
  source: Source,
  first: readonly Column[],
  file: SourceFile,
  columns: readonly Column[],
): void {
  const names = new Set(columns.map((column) => column.name));
  const expected = new Set(first.map((column) => column.name));
  const missing = [...expected].filter((name) => !names.has(name));
  const extra = [...names].filter((name) => !expected.has(name));
  if (missing.length === 0 && extra.length === 0) return;
  const says = [
    ...(missing.length > 0
      ? [
          `it lacks ${missing
            .slice(0, 5)
            .map((name) => JSON.stringify(name))
            .join(", ")}`,
        ]
      : []),
    ...(extra.length > 0
      ? [
          `it adds ${extra
            .slice(0, 5)
            .map((name) => JSON.stringify(name))
            .join(", ")}`,
        ]
      : []),
  ];
  throw new ModelpackError(
    "SOURCE_UNREADABLE",
    `the columns of ${file.name} differ from the first file's: ${says.join("; ")}`,
    {
      where: placeOf(source, file),
      hint: "make two datasets of them, or name the files that belong together",
    },
  );
}

async function scanCsv(source: Source): Promise<Scan> {
  const delimiter = delimiterOf(source);
  let first: readonly Column[] | undefined;
  let rows = 0;
  let renamed: Scan["renamed"] = [];
  let likelier: Scan["likelier"] = null;
  const reads: string[] = [];
  for (const file of source.files) {
    const found = await checkCsv(source, file, delimiter);
    ({ renamed, likelier } = found);
    const columns = found.header.map(textColumn);
    first ??= columns;
    sameColumns(source, first, file, columns);
    rows += found.rows;
    reads.push(`SELECT * FROM ${readCsv(file, delimiter, found.header)}`);
  }
  return { from: `(${reads.join(" UNION ALL BY NAME ")})`, columns: first ?? [], rows, renamed, likelier };
}

// Every column is text, so that 010, TRUE and 2020-01-01 stay as they are. The file is RFC 4180 by our
// own check, and DuckDB's strict mode would refuse mixed ends of line.
function readCsv(file: SourceFile, delimiter: string, header: readonly string[]): string {
  const columns = header.map((name) => `${quoteText(name)}: 'VARCHAR'`).join(", ");
  return (
    `read_csv(${filePath(file.path)}, auto_detect = false, header = true, columns = {${columns}}, ` +
    `delim = ${quoteText(delimiter)}, quote = '"', escape = '"', comment = '', nullstr = '', strict_mode = false, ` +
    `max_line_size = ${MAX_ROW_BYTES}, buffer_size = ${CSV_BUFFER_BYTES}, parallel = false, hive_partitioning = false, compression = ${compression([file])})`
  );
}

function textColumn(name: string): Column {
  return { name, type: { kind: "text", sql: "VARCHAR" } };
}

async function scanJson(engine: Engine, source: Source, format: string): Promise<Scan> {
  for (const file of source.files) await checkJson(source, file);
  const options = `${jsonOptions(format)}, compression = ${compression(source.files)}`;
  const paths = pathsOf(source.files);
  const objects = `read_json_objects(${paths}, ${options})`;
  await checkKeys(engine, source, objects);
  // Every row is looked at for the types (0.3 s for 1.5 million): a key that first comes after a sample
  // would be dropped without a word. MAPs are off: an object with many keys is an object.
  const guess = `read_json(${paths}, ${options}, sample_size = -1, map_inference_threshold = -1, union_by_name = true)`;
  const guessed = await describe(engine, source, undefined, guess);
  // The second reading has no dates: DuckDB guesses them from texts, and writes them another way.
  const from = `read_json(${paths}, ${options}, auto_detect = false, columns = {${jsonTypes(guessed)}})`;
  return { from, columns: await describe(engine, source, undefined, from), rows: null, objects };
}

// DuckDB takes 10 s and all of its memory to find that there are 100,000 keys, so they are counted first,
// in as many rows as it would look at by itself.
async function checkKeys(engine: Engine, source: Source, objects: string): Promise<void> {
  const rows = `SELECT json FROM ${objects} LIMIT ${KEY_ROWS}`;
  const keys = `SELECT unnest(json_keys(json)) AS key FROM (${rows}) WHERE json_type(json) = 'OBJECT'`;
  const count = await engine.count(`SELECT count(DISTINCT key) FROM (${keys})`).catch((error: unknown) => {
    throw unreadable(source, undefined, error);
  });
  if (count > MAX_COLUMNS) throw tooManyColumns(source, undefined, count);
}

async function scanArrow(engine: Engine, source: Source): Promise<Scan> {
  let first: readonly Column[] | undefined;
  let rows = 0;
  const others = new Map(source.classLabels ?? []);
  const reads: string[] = [];
  // Arrow takes a sixth of a second to load: only where there is such a file.
  const { arrowToJson } = await import("./arrow.ts");
  for (const [i, file] of source.files.entries()) {
    const path = join(engine.folder, `${i}.jsonl`);
    const found = await arrowToJson(file.path, path).catch((error: unknown) => {
      throw unreadable(source, file, error);
    });
    if (found.columns.length > MAX_COLUMNS) throw tooManyColumns(source, file, found.columns.length);
    first ??= found.columns;
    sameColumns(source, first, file, found.columns);
    rows += found.rows;
    for (const column of found.named) others.delete(column);
    const types = jsonTypes(found.columns);
    reads.push(
      `SELECT * FROM read_json(${filePath(path)}, ${jsonOptions("newline_delimited")}, columns = {${types}})`,
    );
  }
  const from = `(${reads.join(" UNION ALL BY NAME ")})`;
  const scan = { from, columns: await describe(engine, source, undefined, from), rows };
  return named(engine, { ...source, classLabels: others }, scan);
}

function jsonTypes(columns: readonly Column[]): string {
  return columns
    .map(({ name, type }) => `${quoteText(name)}: ${quoteText(typeWithoutGuesses(type))}`)
    .join(", ");
}

function jsonOptions(format: string): string {
  return `format = ${quoteText(format)}, maximum_object_size = ${MAX_OBJECT_BYTES}, hive_partitioning = false`;
}
