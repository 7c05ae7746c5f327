// SPDX-License-Identifier: Apache-2.0
import type { Diagnostic } from "./diagnostic.ts";
import type { Path } from "./fields.ts";
import type { Positions } from "./position.ts";
import { redact } from "./secret.ts";
import { nearest } from "./suggest.ts";
import { tomlKey } from "./toml.ts";

/** Something wrong with the config, said in terms of its keys; where they stand is found later. */
export interface Problem {
  readonly message: string;
  /** What to do; a function where it takes a search, which only a problem that is shown is worth. */
  readonly hint: string | null | (() => string | null);
  /** The keys that it is about, the one to point at first; where that is a default, the next. */
  readonly paths: readonly Path[];
  /** Whether the key is to be underlined rather than its value. */
  readonly key?: boolean;
  /** For a flag or variable that is wrong by itself. */
  readonly origin?: string;
}

/** `train.overrides."family.x".alpha`, `tasks[0].labels[2]`. */
export function pathName(path: Path): string {
  return path
    .map((step, i) => (typeof step === "number" ? `[${step}]` : (i > 0 ? "." : "") + tomlKey(step)))
    .join("");
}

/** A value from the file in a message: quoted, and cut where it is long. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (value instanceof Date) return "a date";
  if (typeof value === "object" && value !== null) return "a table";
  return value === undefined ? "nothing" : String(value);
}

/** What came from outside the file, by the name of its path: `train.max_iter` to `--set train.max_iter`. */
export type Origins = ReadonlyMap<string, string>;

function originOf(path: Path, origins: Origins): string | undefined {
  for (let n = path.length; n > 0; n--) {
    const origin = origins.get(pathName(path.slice(0, n)));
    if (origin !== undefined) return origin;
  }
  return undefined;
}

/** Gives a problem its place: the flag or variable that brought the value, or its line in the file. */
export function diagnose(problem: Problem, positions: Positions, origins: Origins): Diagnostic {
  const message = redact(problem.message);
  const hint = typeof problem.hint === "function" ? problem.hint() : problem.hint;
  const base = {
    severity: "error",
    message,
    hint,
    line: null,
    column: null,
    length: 1,
    origin: null,
  } as const;
  if (problem.origin !== undefined) return { ...base, origin: problem.origin };
  for (const path of problem.paths) {
    const origin = originOf(path, origins);
    if (origin !== undefined) return { ...base, origin };
    const position = positions.at(path);
    if (position !== undefined) return { ...base, ...(problem.key === true ? position.key : position.value) };
  }
  // A key that is missing: the table that lacks it.
  const [first = []] = problem.paths;
  for (let n = first.length - 1; n > 0; n--) {
    const position = positions.at(first.slice(0, n));
    if (position !== undefined) return { ...base, ...position.key };
  }
  return base;
}

/** "did you mean …?", or what there is. */
export function oneOf(word: string, known: readonly string[], what: string): string {
  const near = nearest(word, known);
  if (near !== undefined) return `did you mean ${show(near)}?`;
  const shown = known.slice(0, 8).map(show);
  const more = known.length > shown.length ? `, and ${known.length - shown.length} more` : "";
  return known.length === 0 ? `there are no ${what}` : `the ${what} are ${shown.join(", ")}${more}`;
}
