// SPDX-License-Identifier: Apache-2.0

import type { DatasetMap } from "../config/schema.ts";
import { nearest } from "../config/suggest.ts";
import { ModelpackError } from "../core/error.ts";
import { type Column, quoteName, textPath } from "./column.ts";
import { delimiterHint } from "./delimiter.ts";
import { type Batch, type Engine, withEngine } from "./engine.ts";
import { engineMessage, placeOf, unreadable } from "./refusal.ts";
import type { MappedRow } from "./rows.ts";
import { createSource, type MapResult, type ReadOptions, readThrough } from "./sample.ts";
import { type Scan, scanSource } from "./scan.ts";
import type { Source } from "./source.ts";
import { checkCondition, checkSelect, refusedSql } from "./sql-guard.ts";

export type { MapResult, ReadOptions } from "./sample.ts";

/**
 * Rows of a map at most, and how many more for each row of the source: a document may be unnested into many,
 * and one small file into all of a dataset. Beyond it is a join gone wrong.
 */
const MOST_ROWS = 1_000_000;
const MOST_ROWS_OF_ONE = 1000;

/** Takes the rows that a map gives, a batch at a time. */
export type TakeRows = (map: DatasetMap, rows: readonly MappedRow[]) => void;

/** Reads a source once and gives `take` the rows of each map, in the order of the maps. */
export function readSource(
  source: Source,
  maps: readonly DatasetMap[],
  options: ReadOptions,
  take: TakeRows,
): Promise<MapResult> {
  return withEngine(async (engine) => {
    const scan = await scanSource(engine, source);
    const result = await createSource(engine, source, scan, options);
    await engine.lock(source.files.map((file) => file.path));
    const plans: Plan[] = [];
    // All of them before the first row: a slip in the last map shows at once.
    for (const [i, map] of maps.entries())
      plans.push(await planMap(engine, scan, map, placeOfMap(source, map, i)));
    const most = MOST_ROWS + MOST_ROWS_OF_ONE * result.sampledRows;
    for (const plan of plans) await runPlan(engine, source, scan.columns, plan, most, take);
    return result;
  }, options.signal);
}

function placeOfMap(source: Source, map: DatasetMap, i: number): string {
  const task = map.task === undefined ? "" : ` (task ${JSON.stringify(map.task)})`;
  return `${placeOf(source)}, map ${i + 1}${task}`;
}

/** The parts of a row that SQL gives, in the order in which they are selected. */
const PARTS = ["text", "textB", "label", "language", "group"] as const;
type Part = (typeof PARTS)[number];

interface Plan {
  readonly map: DatasetMap;
  readonly where: string;
  readonly sql: string;
  /** What each column of the result is. */
  readonly parts: readonly Part[];
}

async function planMap(engine: Engine, scan: Scan, map: DatasetMap, where: string): Promise<Plan> {
  const selected =
    map.sql === undefined
      ? columnParts(scan, map, where)
      : await sqlParts(engine, map, map.sql.replace(/;\s*$/, ""), where);
  const parts = PARTS.filter((part) => selected.parts.has(part));
  const items = parts.map((part, i) => `encode(${selected.parts.get(part)}) AS c${i}`);
  let sql = `SELECT ${items.join(", ")} FROM ${selected.from}`;
  if (map.where !== undefined) {
    await checkCondition(engine, map.where, where);
    sql += ` WHERE (\n${map.where}\n)`;
  }
  try {
    await engine.inspect(sql);
  } catch (error) {
    throw refusedSql(map.where === undefined ? "sql" : "where", error, where);
  }
  return { map, where, sql, parts };
}

interface Selected {
  readonly from: string;
  readonly parts: ReadonlyMap<Part, string>;
}

function columnParts({ columns, likelier }: Scan, map: DatasetMap, where: string): Selected {
  const parts = new Map<Part, string>();
  const add = (part: Part, key: string, path: string | undefined): void => {
    if (path !== undefined) parts.set(part, columnText(columns, key, path, where, likelier));
  };
  if (map.text_a === undefined) add("text", "text", map.text);
  else add("text", "text_a", map.text_a);
  add("textB", "text_b", map.text_b);
  if (map.label === undefined) add("label", "label_column", map.label_column);
  if (map.language === undefined) add("language", "language_column", map.language_column);
  add("group", "group_column", map.group_column);
  return { from: "source", parts };
}

function columnText(
  columns: readonly Column[],
  key: string,
  path: string,
  where: string,
  likelier: Scan["likelier"] = null,
): string {
  const found = textPath(columns, path);
  if ("sql" in found) return found.sql;
  if (found.problem === "missing") {
    const there = found.among
      .slice(0, 20)
      .map((name) => JSON.stringify(name))
      .join(", ");
    throw new ModelpackError(
      "COLUMN_MISSING",
      `${key}: there is no column ${JSON.stringify(path)}; there are ${there}`,
      {
        where,
        hint: likelier === null ? missingColumnHint(found.name, found.among) : delimiterHint(likelier),
      },
    );
  }
  throw new ModelpackError(
    "COLUMN_TYPE",
    `${key}: column ${JSON.stringify(found.name)} holds ${found.type.sql}, which can't be text`,
    {
      where,
      hint: "write the mapping as sql, with unnest(…), list_extract(…, 1) or the field that holds the text",
    },
  );
}

function missingColumnHint(name: string, among: readonly string[]): string {
  const near = nearest(name, among);
  return near === undefined ? "name one of these columns" : `did you mean ${JSON.stringify(near)}?`;
}

/** What the SELECT of a map may give, and what it is in a row. */
const SQL_NAMES: Readonly<Record<string, Part>> = {
  text: "text",
  text_a: "text",
  text_b: "textB",
  label: "label",
  language: "language",
  group: "group",
};

async function sqlParts(engine: Engine, map: DatasetMap, sql: string, where: string): Promise<Selected> {
  await checkSelect(engine, sql, where);
  const { columns } = await engine.inspect(sql).catch((error: unknown) => {
    throw refusedSql("sql", error, where);
  });
  const names = columns.map((column) => column.name);
  for (const name of requiredNames(map, names)) {
    if (names.filter((other) => other === name).length === 1) continue;
    const message = names.includes(name) ? `gives ${name} twice` : `gives no column ${name}`;
    throw new ModelpackError("MAPPING_INVALID", `sql ${message}; it gives ${names.slice(0, 20).join(", ")}`, {
      where,
      hint: `name the columns, for example SELECT title AS ${name}, … FROM source`,
    });
  }
  const parts = new Map<Part, string>();
  for (const [name, part] of Object.entries(SQL_NAMES)) {
    if (names.includes(name)) parts.set(part, columnText(columns, `sql, ${name}`, name, where));
  }
  if (map.label !== undefined) parts.delete("label");
  if (map.language !== undefined) parts.delete("language");
  return { from: `(\n${sql}\n) AS ${quoteName("mapped rows")}`, parts };
}

function requiredNames(map: DatasetMap, names: readonly string[]): readonly string[] {
  const isPair = !names.includes("text") && (names.includes("text_a") || names.includes("text_b"));
  const texts = isPair ? ["text_a", "text_b"] : ["text"];
  const hasLabels =
    map.label === undefined && (map.role === "train" || map.role === "test" || map.role === "eval");
  return hasLabels ? [...texts, "label"] : texts;
}

async function runPlan(
  engine: Engine,
  source: Source,
  columns: readonly Column[],
  plan: Plan,
  most: number,
  take: TakeRows,
): Promise<void> {
  const batches = engine.stream(plan.sql);
  let rows = 0;
  for (;;) {
    // Only what DuckDB says is wrapped, never what `take` throws.
    const next = await batches.next().catch(async (error: unknown) => {
      throw await failure(engine, source, columns, plan, error);
    });
    if (next.done === true) return;
    rows += next.value.rows;
    if (rows > most)
      throw new ModelpackError("MAPPING_INVALID", `sql gives more than ${most} rows`, {
        where: plan.where,
        hint: "check what its joins match",
      });
    take(plan.map, mappedRows(next.value, plan));
  }
}

// A statement that fails on the way fails for its own sake (a cast in `sql`), or because a Parquet file
// is damaged further on: reading the file alone tells.
async function failure(
  engine: Engine,
  source: Source,
  columns: readonly Column[],
  plan: Plan,
  error: unknown,
): Promise<ModelpackError> {
  try {
    await readThrough(engine, columns);
  } catch (cause) {
    return unreadable(source, undefined, cause);
  }
  const text = engineMessage(error);
  if (text.includes("which can't be text")) {
    return new ModelpackError("COLUMN_TYPE", text, {
      where: plan.where,
      hint: "write the mapping as sql",
      cause: error,
    });
  }
  return refusedSql(plan.map.sql === undefined ? "where" : "sql", error, plan.where);
}

function mappedRows(batch: Batch, plan: Plan): readonly MappedRow[] {
  const { map } = plan;
  const texts = (part: Part): readonly (string | null)[] | undefined => {
    const column = plan.parts.indexOf(part);
    return column < 0 ? undefined : batch.texts(column);
  };
  const [text, textB, label, language, group] = PARTS.map(texts);
  const constantLabel = map.label ?? null;
  const constantLanguage = map.language ?? null;
  const labels = label?.map((value) => (value === null ? null : (map.label_map?.get(value) ?? value)));
  const rows: MappedRow[] = new Array(batch.rows);
  for (let i = 0; i < batch.rows; i++) {
    rows[i] = {
      text: text?.[i] ?? null,
      textB: textB?.[i] ?? null,
      label: labels === undefined ? constantLabel : (labels[i] ?? null),
      language: language === undefined ? constantLanguage : (language[i] ?? null),
      group: group?.[i] ?? null,
      origin: map.origin,
    };
  }
  return rows;
}
