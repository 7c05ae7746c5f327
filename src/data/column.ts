// SPDX-License-Identifier: Apache-2.0

/** What a column holds, as far as a mapping needs to know; `sql` is DuckDB's name of the type. */
export type ColumnType = { readonly sql: string } & (
  | { readonly kind: "text" | "scalar" | "temporal" | "json" | "binary" | "map" | "other" }
  | { readonly kind: "list"; readonly item: ColumnType }
  | { readonly kind: "struct"; readonly fields: readonly Column[] }
);

/** A column of a source, or a field of a STRUCT. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
}

/** `name` as a SQL identifier: any character is allowed in one. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** `text` as a SQL string. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** The type's SQL with dates, times and UUIDs as text: JSON has none, DuckDB only guesses them. */
export function typeWithoutGuesses(type: ColumnType): string {
  if (type.kind === "temporal") return "VARCHAR";
  if (type.kind === "list") return `${typeWithoutGuesses(type.item)}[]`;
  if (type.kind !== "struct") return type.sql;
  const fields = type.fields.map((field) => `${quoteName(field.name)} ${typeWithoutGuesses(field.type)}`);
  return `STRUCT(${fields.join(", ")})`;
}

/** Why a path gives no text: it names nothing, or something that has no text form. */
export type PathProblem =
  | { readonly problem: "missing"; readonly name: string; readonly among: readonly string[] }
  | { readonly problem: "type"; readonly name: string; readonly type: ColumnType };

/** SQL for a text, and the members that lead to it from a row. */
export type Path = { readonly sql: string; readonly keys: readonly string[] } | PathProblem;

// DuckDB's names ignore case; ours do not, so that "Text" never silently reads "text".
function find(columns: readonly Column[], name: string): Column | undefined {
  return columns.find((column) => column.name === name);
}

function textOf(sql: string, name: string, type: ColumnType): Path {
  switch (type.kind) {
    case "text":
    case "scalar":
    case "temporal":
      return { sql: `CAST(${sql} AS VARCHAR)`, keys: [name] };
    case "json":
      return { sql: jsonText(sql, name), keys: [name] };
    default:
      return { problem: "type", name, type };
  }
}

// A JSON column is one whose rows differ in type: scalars have a text form, objects and arrays do not.
function jsonText(sql: string, name: string): string {
  const message = quoteText(`column ${JSON.stringify(name)} holds objects or arrays, which can't be text`);
  return `CASE WHEN json_type(${sql}) IN ('OBJECT', 'ARRAY') THEN error(${message}) ELSE ${sql} ->> '$' END`;
}

/**
 * SQL that gives the text of `path`: a column of that exact name, or else a column and fields of its
 * STRUCTs, split at dots. An exact name wins at every level, so that names with dots are reachable.
 */
export function textPath(columns: readonly Column[], path: string, parent = ""): Path {
  const exact = find(columns, path);
  if (exact !== undefined) return textOf(parent + quoteName(path), path, exact.type);
  let problem: PathProblem = { problem: "missing", name: path, among: columns.map((column) => column.name) };
  for (let dot = path.indexOf("."); dot > 0; dot = path.indexOf(".", dot + 1)) {
    const head = find(columns, path.slice(0, dot));
    if (head === undefined) continue;
    const found = pathInside(parent + quoteName(head.name), head, path.slice(dot + 1));
    if ("sql" in found) return found;
    problem = found;
  }
  return problem;
}

function pathInside(sql: string, head: Column, rest: string): Path {
  const { type } = head;
  if (type.kind === "struct") {
    const found = textPath(type.fields, rest, `${sql}.`);
    return "sql" in found ? { sql: found.sql, keys: [head.name, ...found.keys] } : found;
  }
  if (type.kind === "json")
    return { sql: textInJson(sql, rest.split("."), rest), keys: [head.name, ...rest.split(".")] };
  if (type.kind === "map")
    return { sql: `CAST(${sql}[${quoteText(rest)}] AS VARCHAR)`, keys: [head.name, rest] };
  return { problem: "type", name: head.name, type };
}

/** SQL for the text that `keys` lead to from JSON; `name` is for the error where it is no text. */
export function textInJson(sql: string, keys: readonly string[], name: string): string {
  const pointer = keys.map((key) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
  return jsonText(`json_extract(${sql}, ${quoteText(pointer)})`, name);
}
