// SPDX-License-Identifier: Apache-2.0
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { ModelpackError } from "../core/error.ts";
import type { AnnotatedFile, Annotation } from "./annotation.ts";
import type { Engine, MadeValue } from "./engine.ts";

/** Characters that are written at once. */
const WRITE_CHARACTERS = 1 << 20;

/**
 * Writes objects as they are, but for members added at their end: what DuckDB would make of them has other numbers
 * (1e3, 20 digits), lost members and nulls that were not there. `objects` stands after FROM and has them in a column
 * `json`; `texts` are SQL.
 */
export async function writeAnnotatedJson(
  engine: Engine,
  objects: string,
  texts: readonly string[],
  annotation: Annotation,
  out: AnnotatedFile,
): Promise<void> {
  const lines = annotatedObjects(engine, objects, texts, annotation);
  if (out.format === "json") await writeText(joined(lines, "[\n", ",\n", "\n]\n"), out);
  else await writeLines(lines, out);
}

/** Writes lines that come without their ends. */
export function writeLines(lines: AsyncIterable<string>, out: AnnotatedFile): Promise<void> {
  return writeText(joined(lines, "", "\n", "\n"), out);
}

async function writeText(source: AsyncIterable<string>, out: AnnotatedFile): Promise<void> {
  const file = createWriteStream(out.path, { flags: "wx" });
  if (out.gzip) await pipeline(source, createGzip(), file);
  else await pipeline(source, file);
}

async function* annotatedObjects(
  engine: Engine,
  objects: string,
  texts: readonly string[],
  { columns, valuesOf }: Annotation,
): AsyncGenerator<string> {
  const items = ["json", ...texts].map((sql) => `encode(CAST(${sql} AS VARCHAR))`);
  const keys = columns.map(({ name }) => `${JSON.stringify(name)}:`);
  let rows = 0;
  for await (const batch of engine.stream(`SELECT ${items.join(", ")} FROM ${objects}`)) {
    const values = valuesOf(texts.map((_, i) => batch.texts(i + 1).map((text) => text ?? "")));
    for (const [row, object] of batch.texts(0).entries()) {
      rows++;
      yield withMembers(object ?? "null", keys, values[row] ?? [], rows);
    }
  }
}

function withMembers(
  object: string,
  keys: readonly string[],
  values: readonly MadeValue[],
  row: number,
): string {
  // Between members a line end is white space, and in a text it can't be.
  const line = object.replace(/\s*[\r\n]+\s*/g, " ").trim();
  if (!line.startsWith("{"))
    throw new ModelpackError("SOURCE_UNREADABLE", `row ${row} is no JSON object`, {
      hint: "each row must be an object with a member for each column",
    });
  const added = keys.map((key, i) => key + JSON.stringify(values[i] ?? null)).join(",");
  const inside = line.slice(0, -1).trimEnd();
  return `${inside}${inside === "{" ? "" : ","}${added}}`;
}

/** The lines in pieces of some size, with what stands before, between and after them; neither where there is none. */
async function* joined(
  lines: AsyncIterable<string>,
  before: string,
  between: string,
  after: string,
): AsyncGenerator<string> {
  let text = before;
  let isFirst = true;
  for await (const line of lines) {
    text += isFirst ? line : between + line;
    isFirst = false;
    if (text.length < WRITE_CHARACTERS) continue;
    yield text;
    text = "";
  }
  yield isFirst && before === "" ? "" : text + after;
}
