// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import { writeAnnotatedJson } from "./annotated-json.ts";
import { writeAnnotatedLines } from "./annotated-lines.ts";
import type { AnnotatedFile, Annotation } from "./annotation.ts";
import { type Column, quoteName, quoteText, textInJson, textPath } from "./column.ts";
import { delimiterOf, usualDelimiter, withFoundDelimiter } from "./delimiter.ts";
import { CHUNK_ROWS, type Engine, filePath, withEngine } from "./engine.ts";
import { unreadable, unwritable } from "./refusal.ts";
import { scanSource } from "./scan.ts";
import { isDelimited, type Source } from "./source.ts";
import type { TableFiles, TableFormat } from "./table-files.ts";
import { textLines } from "./text-lines.ts";

export interface AnnotateOptions {
  readonly signal: AbortSignal | undefined;
  /** Rows that are there, null where nobody has counted. Called once, before the first row. */
  readonly onStart: (rows: number | null) => void;
  readonly onNote: (message: string) => void;
}

/** Columns that an error names. */
const MOST_NAMED = 20;

/**
 * Writes the rows of files, in their order, with columns added: all other columns keep their values, and, but where
 * one format can't hold what another can, their types. In bounded memory, some thousand rows at a time.
 *
 * @throws ModelpackError SOURCE_ and COLUMN_ codes, USAGE, STORAGE, INTERRUPTED
 */
export async function annotateFiles(
  tables: TableFiles,
  annotation: Annotation,
  out: AnnotatedFile,
  options: AnnotateOptions,
): Promise<void> {
  try {
    if (tables.format === "arrow" && out.format === "arrow")
      return await copyArrow(tables, annotation, out.path, options);
    if (out.format === "txt") return await copyLines(tables, annotation, out, options);
    await withEngine(async (engine) => {
      const table =
        tables.source === null
          ? await linesTable(engine, tables.paths)
          : await readTable(engine, await withFoundDelimiter(tables.source), options);
      if (tables.format === "arrow") refuseLost(table.columns, tables);
      checkNames(table.columns, annotation, tables.paths);
      options.onStart(table.rows);
      const paths = textsOf(table.columns, annotation, tables);
      if (table.objects !== null && (out.format === "jsonl" || out.format === "json")) {
        const texts = paths.map(({ keys }) => textInJson("json", keys, keys.join(".")));
        await writeAnnotatedJson(engine, table.objects, texts, annotation, out);
      } else {
        const texts = paths.map(({ sql }) => sql);
        await copy(engine, table, texts, annotation, out);
      }
    }, options.signal);
  } catch (error) {
    if (options.signal?.aborted === true) throw interrupted();
    throw placed(failure(error, tables.source, out.path), tables.paths);
  }
}

interface Table {
  /** Stands after FROM. */
  readonly from: string;
  readonly columns: readonly Column[];
  readonly rows: number | null;
  /** The same rows as unparsed objects in a column `json`; null for what is not JSON. */
  readonly objects: string | null;
  /** What the rows come from; null for lines of text. */
  readonly source: Source | null;
}

async function readTable(engine: Engine, source: Source, { onNote }: AnnotateOptions): Promise<Table> {
  const scan = await scanSource(engine, source);
  for (const [from, to] of scan.renamed ?? [])
    onNote(
      from === ""
        ? `a column without a name is ${JSON.stringify(to)} from here on`
        : `two columns are called ${JSON.stringify(from)}: the later one is ${JSON.stringify(to)} from here on`,
    );
  if (source.files[0]?.format !== "parquet") return { ...scan, objects: scan.objects ?? null, source };
  // As the files are: a scan for mappings puts names of classes in the place of their numbers.
  const paths = source.files.map(({ path }) => filePath(path)).join(", ");
  const from = `read_parquet([${paths}], union_by_name = true, hive_partitioning = false)`;
  const { columns } = await engine.inspect(`SELECT * FROM ${from}`);
  return { from, columns, rows: await engine.count(`SELECT count(*) FROM ${from}`), objects: null, source };
}

/** What lines of text have for columns. */
const LINE_COLUMNS: readonly Column[] = [{ name: "text", type: { kind: "text", sql: "VARCHAR" } }];

/** Lines of text as a table with the column `text`. */
async function linesTable(engine: Engine, paths: readonly string[]): Promise<Table> {
  await engine.run("CREATE TABLE lines (line BLOB)");
  let rows = 0;
  let chunk: Uint8Array[] = [];
  const flush = async () => {
    const full = [chunk];
    chunk = [];
    await engine.fill("lines", () => {
      const next = full.shift();
      return next === undefined || next.length === 0 ? null : [next];
    });
  };
  for (const path of paths)
    for await (const line of textLines(path)) {
      rows++;
      chunk.push(Buffer.from(line));
      if (chunk.length === CHUNK_ROWS) await flush();
    }
  await flush();
  return {
    from: "(SELECT decode(line) AS text FROM lines)",
    columns: LINE_COLUMNS,
    rows,
    objects: null,
    source: null,
  };
}

function refuseLost(columns: readonly Column[], { paths }: TableFiles): void {
  const lost = columns.find(({ type }) => type.kind === "binary" || type.kind === "other");
  if (lost === undefined) return;
  throw new ModelpackError(
    "SOURCE_UNSUPPORTED",
    `column ${JSON.stringify(lost.name)} holds what only an Arrow file can keep here`,
    { where: paths[0], hint: "write to a file whose name ends in .arrow" },
  );
}

function checkNames(
  columns: readonly { readonly name: string }[],
  annotation: Annotation,
  paths: readonly string[],
): void {
  // DuckDB's names ignore case.
  const names = new Map(columns.map(({ name }) => [name.toLowerCase(), name]));
  const taken = annotation.columns.flatMap(({ name }) => names.get(name.toLowerCase()) ?? []);
  if (taken.length === 0) return;
  throw new ModelpackError(
    "USAGE",
    `the rows have ${taken.map((name) => JSON.stringify(name)).join(", ")} already, and nothing is overwritten`,
    { where: paths[0], hint: "give the new columns other names: --prefix new_" },
  );
}

type Found = ReturnType<typeof textPath>;

/** Where each text is. */
function textsOf(
  columns: readonly Column[],
  { texts }: Annotation,
  { paths, format }: TableFiles,
): readonly Extract<Found, { readonly sql: string }>[] {
  return texts.map((name) => {
    const found = textPath(columns, name);
    if ("sql" in found) return found;
    throw columnProblem(found, name, columns, paths[0] ?? "", format === "txt");
  });
}

function columnProblem(
  found: Exclude<Found, { readonly sql: string }>,
  name: string,
  columns: readonly { readonly name: string }[],
  where: string,
  isLines: boolean,
): ModelpackError {
  const named = columns.slice(0, MOST_NAMED).map((column) => JSON.stringify(column.name));
  const more = columns.length > named.length ? ` and ${columns.length - named.length} more` : "";
  const hint = isLines
    ? "a .txt file has one column, text; for others give a CSV, JSONL, Parquet or Arrow file"
    : "name the column with --text, or the two of a pair with --text-a and --text-b";
  if (found.problem === "type")
    return new ModelpackError(
      "COLUMN_TYPE",
      `column ${JSON.stringify(name)} holds ${found.type.sql}, which can't be text`,
      { where, hint },
    );
  return new ModelpackError(
    "COLUMN_MISSING",
    `there is no column ${JSON.stringify(name)}; there are ${named.join(", ")}${more}`,
    { where, hint },
  );
}

/** Arrow to Arrow without DuckDB, which would lose types: dates, bytes, decimals, dictionaries. */
async function copyArrow(
  tables: TableFiles,
  annotation: Annotation,
  path: string,
  { signal, onStart }: AnnotateOptions,
): Promise<void> {
  onStart(null);
  const check = (columns: readonly Column[]) => {
    checkNames(columns, annotation, tables.paths);
    textsOf(columns, annotation, tables);
  };
  const { annotateArrow } = await import("./arrow.ts");
  await annotateArrow(tables.paths, annotation, path, check, signal);
}

/** Lines of text to lines of values. */
async function copyLines(
  tables: TableFiles,
  annotation: Annotation,
  out: AnnotatedFile,
  { signal, onStart }: AnnotateOptions,
): Promise<void> {
  onStart(null);
  textsOf(LINE_COLUMNS, annotation, tables);
  await writeAnnotatedLines(tables.paths, annotation, out, signal);
}

/** DuckDB reads, asks for the values of some rows at a time, and writes. */
async function copy(
  engine: Engine,
  table: Table,
  texts: readonly string[],
  { columns, valuesOf }: Annotation,
  { path, format, gzip }: AnnotatedFile,
): Promise<void> {
  engine.addFunction(
    "annotate",
    texts.length,
    columns.map(({ type }) => type),
    valuesOf,
  );
  const made = freeName(table.columns, "annotation");
  const kept = table.columns.map(({ name }) => quoteName(name));
  const added = columns.map(({ name }, i) => `${made}.f${i} AS ${quoteName(name)}`);
  const call = `annotate(${texts.map((sql) => `encode(${sql})`).join(", ")})`;
  const rows = `SELECT *, ${call} AS ${made} FROM ${table.from}`;
  const compression = format === "parquet" ? ", COMPRESSION zstd" : gzip ? ", COMPRESSION gzip" : "";
  await engine.run(
    `COPY (SELECT ${[...kept, ...added].join(", ")} FROM (${rows})) TO ${quoteText(path)} (${copyAs(format, table.source)}${compression})`,
  );
}

/** How DuckDB writes a format; a CSV file that comes from files of the same ending has their delimiter. */
function copyAs(format: TableFormat, source: Source | null): string {
  if (!isDelimited(format)) return COPY_AS[format];
  const isSame = source !== null && source.files[0]?.format === format;
  const delimiter = isSame ? delimiterOf(source) : usualDelimiter(format);
  return `FORMAT csv, HEADER true, DELIMITER ${quoteText(delimiter)}`;
}

const COPY_AS: Readonly<Record<Exclude<TableFormat, "csv" | "tsv">, string>> = {
  jsonl: "FORMAT json",
  json: "FORMAT json, ARRAY true",
  parquet: "FORMAT parquet",
  // Never: the caller lets only Arrow files become Arrow files, and text files text files.
  arrow: "FORMAT arrow",
  txt: "FORMAT txt",
};

function freeName(columns: readonly Column[], name: string): string {
  const names = new Set(columns.map((column) => column.name.toLowerCase()));
  let free = name;
  while (names.has(free)) free += "_";
  return free;
}

function interrupted(): ModelpackError {
  return new ModelpackError("INTERRUPTED", "stopped while the rows were predicted; no file was written", {
    hint: "run the same command again",
  });
}

/** The error with the file as its place: readers that serve datasets as well name a dataset. */
function placed(error: unknown, paths: readonly string[]): unknown {
  if (!(error instanceof ModelpackError) || !error.where?.startsWith("dataset ") || paths.length > 1)
    return error;
  const { code, message, hint, cause } = error;
  return new ModelpackError(code, message, { where: paths[0], hint, cause });
}

function failure(error: unknown, source: Source | null, path: string): unknown {
  if (error instanceof ModelpackError) return error;
  const text = error instanceof Error ? error.message : String(error);
  if (text.includes(path)) return unwritable(path, error);
  return source === null ? error : unreadable(source, undefined, error);
}
