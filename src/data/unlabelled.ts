// SPDX-License-Identifier: Apache-2.0
import { readFile, stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { ModelpackError } from "../core/error.ts";
import { cleanCell } from "./cleaning.ts";
import { type Column, textPath } from "./column.ts";
import { type Engine, withEngine } from "./engine.ts";
import { normalizeText } from "./normalization.ts";
import { createSource } from "./sample.ts";
import { scanSource } from "./scan.ts";
import { resolveLocalSource } from "./source.ts";

/** A text of a file, or two of a pair. */
export interface UnlabelledText {
  readonly text: string;
  readonly textB: string | null;
}

export interface Unlabelled {
  /** Clean, each once, in the order of the files. */
  readonly texts: readonly UnlabelledText[];
  /** Rows without a text that can be used, and rows whose text had come before. */
  readonly dropped: number;
  readonly repeated: number;
}

/** A file of plain text, a text a line; larger ones are no list of texts. */
const MAX_LINES_BYTES = 1 << 28;

/** Reads the texts of files: `.txt` a line each, all other formats by the columns, one or two of a pair. */
export async function readUnlabelled(
  files: readonly string[],
  columns: readonly string[],
): Promise<Unlabelled> {
  const seen = new Set<string>();
  const texts: UnlabelledText[] = [];
  let [dropped, repeated] = [0, 0];
  for (const file of files) {
    for (const cells of await cellsOf(file, columns)) {
      const clean = cells.map(cleanCell);
      const [a, b] = clean.map(({ text }) => text);
      if (a == null || (columns.length > 1 && b == null)) {
        dropped++;
        continue;
      }
      const key = JSON.stringify([a, b ?? ""].map(normalizeText));
      if (seen.has(key)) repeated++;
      else texts.push({ text: a, textB: b ?? null });
      seen.add(key);
    }
  }
  return { texts, dropped, repeated };
}

async function cellsOf(file: string, columns: readonly string[]): Promise<(string | null)[][]> {
  if (file.toLowerCase().endsWith(".txt")) return linesOf(file, columns);
  const source = await resolveLocalSource({ name: basename(file), path: resolve(file) }, ".");
  return withEngine(async (engine) => {
    const scan = await scanSource(engine, source);
    await createSource(engine, source, scan, { maxRows: null, sample: "head" });
    await engine.lock(source.files.map(({ path }) => path));
    return selected(
      engine,
      columns.map((column) => columnSql(scan.columns, column, file)),
    );
  });
}

async function selected(engine: Engine, items: readonly string[]): Promise<(string | null)[][]> {
  const rows: (string | null)[][] = [];
  const sql = `SELECT ${items.map((item) => `encode(${item})`).join(", ")} FROM source`;
  for await (const batch of engine.stream(sql)) {
    const columns = items.map((_, i) => batch.texts(i));
    for (let row = 0; row < batch.rows; row++) rows.push(columns.map((column) => column[row] ?? null));
  }
  return rows;
}

function columnSql(columns: readonly Column[], name: string, where: string): string {
  const found = textPath(columns, name);
  if ("sql" in found) return found.sql;
  const names = columns.slice(0, 20).map((column) => JSON.stringify(column.name));
  throw new ModelpackError(
    found.problem === "type" ? "COLUMN_TYPE" : "COLUMN_MISSING",
    found.problem === "type"
      ? `column ${JSON.stringify(name)} holds ${found.type.sql}, which can't be text`
      : `there is no column ${JSON.stringify(name)}; there are ${names.join(", ")}`,
    { where, hint: "name the column with --text, or the two of a pair with --text-a and --text-b" },
  );
}

async function linesOf(file: string, columns: readonly string[]): Promise<(string | null)[][]> {
  const found = await stat(file).catch(() => null);
  if (found === null || !found.isFile())
    throw new ModelpackError("SOURCE_MISSING", `there is no file ${file}`, {
      where: file,
      hint: "check the path: it is relative to the working directory",
    });
  if (columns.length > 1)
    throw new ModelpackError(
      "SOURCE_UNSUPPORTED",
      "a .txt file holds one text a line, and the task reads pairs",
      {
        where: file,
        hint: "give a CSV, JSONL or Parquet file with the columns text_a and text_b",
      },
    );
  if (found.size > MAX_LINES_BYTES)
    throw new ModelpackError(
      "SOURCE_UNREADABLE",
      `${found.size} bytes; at most ${MAX_LINES_BYTES} of plain text are read`,
      {
        where: file,
        hint: "split the file, or write it as Parquet",
      },
    );
  const lines = (await readFile(file, "utf8")).split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => [line]);
}
