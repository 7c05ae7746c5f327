// SPDX-License-Identifier: Apache-2.0
import { parse, TomlError } from "smol-toml";
import { safeText } from "../core/printable.ts";

// The one file that knows smol-toml.

/** A TOML table: no prototype, so that `__proto__` and `constructor` are keys like any other. */
export type Table = { readonly [key: string]: unknown };

/** Tables and arrays inside each other; a config needs six, and a parser's stack is finite. */
const MAX_DEPTH = 64;

/**
 * Keys and elements of a config in all. A thousand labels with descriptions are 3,000; beyond this a
 * hostile file would cost more than the 2 s and 300 MB that it may.
 */
export const MAX_VALUES = 20_000;

export interface SyntaxProblem {
  readonly message: string;
  /** 1-based. */
  readonly line: number;
  readonly column: number;
}

export type Parsed =
  | { readonly table: Table; readonly problem: null }
  | { readonly table: null; readonly problem: SyntaxProblem };

/** Parses a document; a syntax error comes back as a value. Integers beyond 2^53 are bigints. */
export function parseToml(source: string): Parsed {
  try {
    return { table: parse(source, { maxDepth: MAX_DEPTH, integersAsBigInt: "asNeeded" }), problem: null };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [first = ""] = error.message.split("\n", 1);
    const message = first.replace("Invalid TOML document: ", "");
    return { table: null, problem: { message, line: error.line, column: error.column } };
  }
}

/** A value as it stands after `=`; undefined where the text is no TOML value. */
export function parseTomlValue(source: string): unknown {
  // A line end would let the text hold further keys.
  if (/[\r\n]/.test(source)) return undefined;
  return parseToml(`value = ${source}`).table?.value;
}

/** The steps of a dotted key, `train.overrides."family.x".alpha`; undefined where the text is no key. */
export function parseTomlKey(source: string): readonly string[] | undefined {
  if (/[\r\n=]/.test(source)) return undefined;
  let at: unknown = parseToml(`${source} = 0`).table;
  const steps: string[] = [];
  while (isTable(at)) {
    const [key] = Object.keys(at);
    if (key === undefined) return undefined;
    steps.push(key);
    at = at[key];
  }
  return steps.length > 0 ? steps : undefined;
}

/** Whether a table holds more than {@link MAX_VALUES} keys and elements, at any depth. */
export function isTooLarge(table: Table): boolean {
  // Dotted keys nest without a bound, so there is no recursion here.
  const open: object[] = [table];
  let count = 0;
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const values: readonly unknown[] = Array.isArray(next) ? next : Object.values(next);
    count += values.length;
    if (count > MAX_VALUES) return true;
    for (const value of values) if (typeof value === "object" && value !== null) open.push(value);
  }
  return false;
}

/** Whether a parsed value is a table (not a list, not a date). */
export function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** What stands at a path of a parsed document; undefined where nothing does. */
export function valueAt(raw: unknown, path: readonly (string | number)[]): unknown {
  let at: unknown = raw;
  for (const step of path) {
    if (Array.isArray(at) && typeof step === "number") at = at[step];
    else if (isTable(at) && Object.hasOwn(at, step)) at = at[step];
    else return undefined;
  }
  return at;
}

/** A key as TOML writes it: bare where that is allowed. */
export function tomlKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : tomlString(key);
}

/**
 * A basic string: JSON's escapes are TOML's too. DEL, which TOML wants escaped, and what an editor might obey instead
 * of showing, such as marks that turn the direction of writing, are escaped as well.
 */
export function tomlString(text: string): string {
  return safeText(JSON.stringify(text));
}

/** The same as a multi-line basic string: line ends stay line ends. */
export function tomlLines(text: string): string {
  // A parser drops the line end after the opening quotes, and no other.
  const lines = text.split("\n").map((line) => tomlString(line).slice(1, -1));
  return `"""\n${lines.join("\n")}"""`;
}
