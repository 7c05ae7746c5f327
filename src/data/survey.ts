// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import { type Column, quoteName, quoteText, textPath } from "./column.ts";
import { type Engine, withEngine } from "./engine.ts";
import { placeOf, unreadable } from "./refusal.ts";
import { type Scan, scanSource } from "./scan.ts";
import type { Source } from "./source.ts";

/** What the values of a column are, by their type or, in a file that has text alone, by their form. */
export type ValueKind = "text" | "boolean" | "integer" | "number" | "date" | "address" | "list";

/** What the sampled rows say of one column, or of one field of a STRUCT. */
export interface ColumnProfile {
  /** As a map names it: fields of a STRUCT after dots. */
  readonly path: string;
  readonly kind: ValueKind;
  /** DuckDB's name of its type. */
  readonly sqlType: string;
  /** SQL of its text; of a list's one item, NULL where it has more or none. */
  readonly sql: string;
  /** Values that are there and hold more than white space. Of a list, those of its items. */
  readonly filled: number;
  readonly distinct: number;
  /** Means over the filled values: characters, and runs of what is no white space. */
  readonly length: number;
  readonly words: number;
  /** The most frequent values, by rows, then by code point. */
  readonly frequent: readonly { readonly value: string; readonly rows: number }[];
}

export interface Survey {
  /** Rows of the source. */
  readonly rows: number;
  /** Rows that were looked at. */
  readonly sampled: number;
  readonly columns: readonly ColumnProfile[];
  /** Columns that have no text form: lists of lists, objects, bytes. */
  readonly nested: readonly string[];
}

/** Rows that are looked at: enough to meet each of 500 labels, and a second's work for 50 columns. */
const SAMPLE_ROWS = 20_000;
/** Levels of STRUCTs that are entered, and columns that are looked at in all. */
const MAX_DEPTH = 3;
const MAX_PROFILES = 200;
/** Values of a column that are shown or held against a list of words. */
const FREQUENT = 12;
/** A kind is that of nearly all values: a file has its stray cells. */
const NEARLY_ALL = 0.98;

/**
 * Looks at every column of a source. Text formats are read whole, and checked as `prepare` checks them;
 * the columns are judged by a sample.
 *
 * Throws SOURCE_UNREADABLE for a file that is not as its name says, SOURCE_EMPTY without rows.
 */
export function surveySource(source: Source, signal?: AbortSignal): Promise<Survey> {
  return withEngine(async (engine) => {
    const scan = await scanSource(engine, source);
    try {
      return await survey(engine, source, scan);
    } catch (error) {
      throw unreadable(source, undefined, error);
    }
  }, signal);
}

async function survey(engine: Engine, source: Source, scan: Scan): Promise<Survey> {
  const rows = scan.rows ?? (await engine.count(`SELECT count(*) FROM ${scan.from}`));
  if (rows === 0)
    throw new ModelpackError("SOURCE_EMPTY", "the files hold no rows", {
      where: placeOf(source),
      hint: "check that these are the files you mean",
    });
  // The seed fixes the sample: one thread draws it.
  const part = rows > SAMPLE_ROWS ? ` USING SAMPLE reservoir(${SAMPLE_ROWS} ROWS) REPEATABLE (42)` : "";
  await engine.run(`CREATE TABLE sampled AS SELECT * FROM ${scan.from}${part}`);
  const columns: ColumnProfile[] = [];
  for (const place of places(scan.columns).slice(0, MAX_PROFILES)) columns.push(await profile(engine, place));
  const nested = scan.columns
    .map(({ name }) => name)
    .filter((name) => !columns.some(({ path }) => isWithin(path, name)));
  return { rows, sampled: Math.min(rows, SAMPLE_ROWS), columns, nested };
}

function isWithin(path: string, column: string): boolean {
  return path === column || path.startsWith(`${column}.`);
}

interface Place {
  readonly path: string;
  readonly column: Column;
  /** As in {@link ColumnProfile.sql}. */
  readonly sql: string;
  /** Gives each value, or item of a list, as v. */
  readonly select: string;
}

/** Columns and fields that can be text, and lists of such. */
function places(columns: readonly Column[]): readonly Place[] {
  const enter = (inner: readonly Column[], before: string, depth: number): Place[] =>
    inner.flatMap((column): Place[] => {
      const path = `${before}${column.name}`;
      const { type } = column;
      if (type.kind === "struct") return depth < MAX_DEPTH ? enter(type.fields, `${path}.`, depth + 1) : [];
      if (type.kind === "list") {
        const isPlain = type.item.kind === "text" || type.item.kind === "scalar";
        const select = `SELECT CAST(unnest(${quoteName(path)}) AS VARCHAR) AS v FROM sampled`;
        return isPlain && depth === 0 ? [{ path, column, sql: onlyItem(path), select }] : [];
      }
      const found = textPath(columns, path);
      if (!("sql" in found)) return [];
      const sql = type.kind === "text" && depth === 0 ? quoteName(path) : found.sql;
      return [{ path, column, sql, select: `SELECT ${found.sql} AS v FROM sampled` }];
    });
  return enter(columns, "", 0);
}

/** A list that holds one label is a label; with more or none, a row has no one answer. */
function onlyItem(column: string): string {
  const name = quoteName(column);
  return `CASE WHEN len(${name}) = 1 THEN CAST(${name}[1] AS VARCHAR) END`;
}

/** Forms of values, as RE2 reads them. */
const FORMS: readonly (readonly [ValueKind, string])[] = [
  ["boolean", "(?i)true|false"],
  ["integer", "[-+]?[0-9]{1,18}"],
  ["number", "[-+]?([0-9]+([.,][0-9]*)?|[.][0-9]+)(e[-+]?[0-9]+)?"],
  ["date", "[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}([ T].*)?|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4}( .*)?"],
  ["address", "(?i)(https?|ftp)://\\S+|www[.]\\S+|\\S+@\\S+[.]\\S+"],
];

async function profile(engine: Engine, { path, column, sql, select }: Place): Promise<ColumnProfile> {
  const { kind, sql: sqlType } = column.type;
  const values = `(SELECT v FROM (${select}) WHERE trim(v, E' \\t\\r\\n') <> '')`;
  const forms = FORMS.map(([, form]) => `count(*) FILTER (regexp_full_match(v, ${quoteText(form)}))`);
  const figures = [
    "count(*)",
    "count(DISTINCT v)",
    "avg(length(v))",
    "avg(1 + length(trim(v)) - length(replace(trim(v), ' ', '')))",
  ];
  const empty: ColumnProfile = {
    path,
    kind: "text",
    sqlType,
    sql,
    filled: 0,
    distinct: 0,
    length: 0,
    words: 0,
    frequent: [],
  };
  // A JSON column whose rows hold objects has no text form.
  const rows = await engine
    .rows(`SELECT ${[...figures, ...forms].join(", ")} FROM ${values}`)
    .catch((error: unknown) => {
      if (kind === "json") return null;
      throw error;
    });
  if (rows === null) return empty;
  const [filled = 0, distinct = 0, length = 0, words = 0, ...counts] = (rows[0] ?? []).map(Number);
  if (filled === 0) return empty;
  const form = FORMS.find((_, i) => (counts[i] ?? 0) >= filled * NEARLY_ALL)?.[0] ?? "text";
  const frequent = await engine.rows(
    `SELECT left(v, 200), count(*) FROM ${values} GROUP BY v ORDER BY count(*) DESC, v LIMIT ${FREQUENT}`,
  );
  return {
    path,
    kind: kind === "list" ? "list" : kind === "temporal" ? "date" : form,
    sqlType,
    sql,
    filled,
    distinct,
    length,
    words,
    frequent: frequent.map(([value, count]) => ({ value: value ?? "", rows: Number(count) })),
  };
}
