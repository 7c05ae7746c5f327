// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import type { Engine } from "./engine.ts";
import { engineMessage } from "./refusal.ts";

// What a TOML's SQL may do. DuckDB's own lock (no files, no settings) is the second wall: it does not
// keep a SELECT from calling table functions such as enable_logging, which ends the process, nor from
// calls whose result changes from run to run.

/** Tables that SQL may make up by itself. */
const TABLE_FUNCTIONS = new Set(["unnest", "range", "generate_series", "json_each", "json_tree", "repeat"]);
/** What may stand after FROM. */
const TABLE_KINDS = new Set([
  "BASE_TABLE",
  "TABLE_FUNCTION",
  "SUBQUERY",
  "JOIN",
  "EXPRESSION_LIST",
  "EMPTY",
  "PIVOT",
]);
/** Changes from run to run, and stands without brackets, as a column would. */
const CLOCKS = new Set(["current_date", "current_timestamp", "current_time", "localtime", "localtimestamp"]);
/** Change from run to run, or with the machine, though DuckDB calls them consistent or takes them for macros. */
const UNDECLARED = [
  "ago",
  "current_localtime",
  "current_localtimestamp",
  "current_setting",
  "getvariable",
  "pg_conf_load_time",
  "pg_postmaster_start_time",
];
/** Volatile for DuckDB, but the same in every run. */
const HARMLESS = new Set(["error"]);
/** Nesting of the parsed statement: DuckDB itself stops at 1,000 expressions. */
const MAX_DEPTH = 5000;

type Tree = { readonly [key: string]: unknown };

/** Throws unless `sql` is one SELECT over `source` alone. */
export async function checkSelect(engine: Engine, sql: string, where: string): Promise<void> {
  const statements = await parse(engine, sql, where, "sql");
  if (statements.length !== 1) {
    throw refusal(`sql must be one SELECT statement, and holds ${statements.length}`, where);
  }
  await checkTree(engine, statements[0], where);
}

/** Throws unless `condition` is one expression that reads nothing but `source`. */
export async function checkCondition(engine: Engine, condition: string, where: string): Promise<void> {
  const statements = await parse(engine, `SELECT (\n${condition}\n) AS met`, where, "where");
  const node = asTree(asTree(statements[0])?.node);
  const items = node?.select_list;
  const isOne =
    statements.length === 1 &&
    node?.type === "SELECT_NODE" &&
    Array.isArray(items) &&
    items.length === 1 &&
    asTree(node.from_table)?.type === "EMPTY" &&
    node.where_clause === null;
  if (!isOne) throw refusal("where must be one SQL condition", where);
  await checkTree(engine, node, where);
}

async function parse(engine: Engine, sql: string, where: string, key: string): Promise<readonly unknown[]> {
  const rows = await engine.rows("SELECT json_serialize_sql($1::VARCHAR)", [sql]);
  const parsed = JSON.parse(rows[0]?.[0] ?? "{}") as Tree;
  if (parsed.error !== true) return parsed.statements as readonly unknown[];
  // What is not a SELECT can't be written as JSON.
  if (parsed.error_type === "not implemented") throw refusal(`${key} must be one SELECT statement`, where);
  throw refusal(`${key} is no valid SQL: ${String(parsed.error_message)}`, where);
}

async function checkTree(engine: Engine, tree: unknown, where: string): Promise<void> {
  const found = collect(tree, where);
  for (const name of found.tables) {
    if (name !== "source" && !found.named.has(name)) {
      throw refusal(`there is no table ${JSON.stringify(name)}: the rows are in source`, where);
    }
  }
  for (const name of found.tableFunctions) {
    if (!TABLE_FUNCTIONS.has(name)) throw refusal(`${name}() is not allowed here`, where);
  }
  const volatile = await volatileFunctions(engine);
  for (const name of found.functions) {
    if (volatile.has(name) && !HARMLESS.has(name)) {
      throw refusal(`${name}() is not allowed: it gives another result in another run`, where);
    }
  }
}

async function volatileFunctions(engine: Engine): Promise<ReadonlySet<string>> {
  const rows = await engine.rows(
    "SELECT DISTINCT function_name FROM duckdb_functions() WHERE stability <> 'CONSISTENT'",
  );
  return new Set([...CLOCKS, ...UNDECLARED, ...rows.map(([name]) => name ?? "")]);
}

interface Found {
  readonly tables: Set<string>;
  /** Names that WITH gives. */
  readonly named: Set<string>;
  readonly tableFunctions: Set<string>;
  readonly functions: Set<string>;
}

function collect(tree: unknown, where: string): Found {
  const found: Found = {
    tables: new Set(),
    named: new Set(),
    tableFunctions: new Set(),
    functions: new Set(),
  };
  const open: (readonly [unknown, number])[] = [[tree, 0]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [value, depth] = next;
    if (depth > MAX_DEPTH) throw refusal("the SQL is nested too deep", where);
    if (Array.isArray(value)) for (const item of value) open.push([item, depth + 1]);
    const node = asTree(value);
    if (node === undefined) continue;
    note(node, found, where);
    for (const child of Object.values(node)) open.push([child, depth + 1]);
  }
  return found;
}

// Each node of the parsed statement says what it is; a kind of table that is not known is refused.
function note(node: Tree, found: Found, where: string): void {
  const type = node.type;
  const isTable = "alias" in node && "sample" in node;
  if (isTable && !TABLE_KINDS.has(String(type)))
    throw refusal(`${String(type)} is not allowed after FROM`, where);
  if ((node.sample ?? null) !== null) {
    throw refusal("a SAMPLE is not allowed: it gives other rows in another run", where);
  }
  if (type === "RECURSIVE_CTE_NODE") throw refusal("WITH RECURSIVE is not allowed: it may never end", where);
  if (type === "BASE_TABLE") noteTable(node, found, where);
  if (type === "TABLE_FUNCTION") {
    found.tableFunctions.add(lower(asTree(node.function)?.function_name));
  } else if (node.class === "FUNCTION" || "function_name" in node)
    found.functions.add(lower(node.function_name));
  if (lower(node.function_name) === "age" && Array.isArray(node.children) && node.children.length === 1)
    throw refusal("age() of one value is not allowed: it counts from today", where);
  if (node.class === "PARAMETER") throw refusal("parameters such as ? and $1 have no value here", where);
  const names = node.column_names;
  if (
    node.class === "COLUMN_REF" &&
    Array.isArray(names) &&
    names.length === 1 &&
    CLOCKS.has(lower(names[0]))
  ) {
    found.functions.add(lower(names[0]));
  }
  const ctes = asTree(node.cte_map)?.map;
  if (Array.isArray(ctes)) for (const cte of ctes) found.named.add(lower(asTree(cte)?.key));
}

function noteTable(node: Tree, found: Found, where: string): void {
  if (node.schema_name !== "" || node.catalog_name !== "") {
    throw refusal("tables with a schema are not allowed: the rows are in source", where);
  }
  found.tables.add(lower(node.table_name));
}

function lower(name: unknown): string {
  return String(name).toLowerCase();
}

function asTree(value: unknown): Tree | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Tree) : undefined;
}

function refusal(message: string, where: string): ModelpackError {
  return new ModelpackError("MAPPING_INVALID", message, {
    where,
    hint: "write one SELECT … FROM source; see the DuckDB manual for its functions",
  });
}

/** The error for SQL that DuckDB refuses, with its message under ours. */
export function refusedSql(key: "sql" | "where", error: unknown, where: string): ModelpackError {
  if (error instanceof ModelpackError) return error;
  return new ModelpackError("MAPPING_INVALID", `DuckDB refuses ${key}: ${engineMessage(error)}`, {
    where,
    hint: "the columns of the view source are those of the files",
    cause: error,
  });
}
