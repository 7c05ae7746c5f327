// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import type { AnnotatedFile, Annotation } from "./annotation.ts";
import type { Engine, MadeValue } from "./engine.ts";
import { writeJoined, writeLines } from "./line-writer.ts";

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
  if (out.format === "json") await writeJoined(lines, "[\n", ",\n", "\n]\n", out);
  else await writeLines(lines, out);
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
