// SPDX-License-Identifier: Apache-2.0
import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { ModelpackError } from "../core/error.ts";
import { sha256 } from "../storage/digest.ts";
import { cleanCell } from "./cleaning.ts";
import { type Column, textPath } from "./column.ts";
import { withFoundDelimiter } from "./delimiter.ts";
import { withEngine } from "./engine.ts";
import { normalizeText } from "./normalization.ts";
import { unreadable } from "./refusal.ts";
import { createSource } from "./sample.ts";
import { scanSource } from "./scan.ts";
import { formatOf, resolveLocalSource } from "./source.ts";
import { textLines } from "./text-lines.ts";

/** A text of a file, or two of a pair; clean. */
export interface UnlabelledText {
  readonly text: string;
  readonly textB: string | null;
}

export interface Unlabelled {
  /** Each once, in the order of the files. */
  readonly texts: readonly UnlabelledText[];
  /** Rows without a text that can be used, and rows whose text had come before. */
  readonly dropped: number;
  readonly repeated: number;
}

export interface UnlabelledOptions {
  /** One column of text, or the two of a pair. */
  readonly columns: readonly string[];
  /** Texts taken at most, the first ones; null takes all. */
  readonly limit: number | null;
  readonly signal: AbortSignal | undefined;
}

/** UTF-16 units of all texts: they are held in memory, and an LLM would be busy for months with more. */
const MAX_UNITS = 1 << 28;
/** Columns that an error names. */
const MOST_NAMED = 20;

/**
 * Reads the texts of files: `.txt` a line each, all other formats by the columns. They are cleaned as `prepare`
 * cleans them, and what it would take for the same text comes once.
 *
 * @throws ModelpackError SOURCE_, COLUMN_ and STORAGE codes, INTERRUPTED
 */
export async function readUnlabelled(
  files: readonly string[],
  { columns, limit, signal }: UnlabelledOptions,
): Promise<Unlabelled> {
  const collector = new TextCollector(columns.length, limit);
  for (const file of files) {
    if (collector.isFull) break;
    if (signal?.aborted === true) throw interrupted();
    const isLines = await checkedFile(file, columns.length);
    const work = isLines ? readLines(file, collector, signal) : readTable(file, columns, collector, signal);
    // The engine's own words for an interrupt say nothing.
    await work.catch((error: unknown) => {
      throw signal?.aborted === true ? interrupted() : error;
    });
  }
  return collector;
}

type Cells = readonly (string | null)[];

class TextCollector implements Unlabelled {
  readonly texts: UnlabelledText[] = [];
  dropped = 0;
  repeated = 0;
  readonly #columns: number;
  readonly #limit: number;
  /** Digests: the texts themselves would take twice the memory. */
  readonly #seen = new Set<string>();
  #units = 0;

  constructor(columns: number, limit: number | null) {
    this.#columns = columns;
    this.#limit = limit ?? Number.POSITIVE_INFINITY;
  }

  get isFull(): boolean {
    return this.texts.length >= this.#limit;
  }

  take(cells: Cells): void {
    const [text = null, textB = null] = cells.map((cell) => cleanCell(cell).text);
    if (text === null || (this.#columns > 1 && textB === null)) {
      this.dropped++;
      return;
    }
    const key = sha256([text, textB ?? ""].map(normalizeText).join("\0")).slice(0, 32);
    if (this.#seen.has(key)) {
      this.repeated++;
      return;
    }
    this.#seen.add(key);
    this.texts.push({ text, textB });
    this.#units += text.length + (textB?.length ?? 0);
    if (this.#units > MAX_UNITS)
      throw new ModelpackError("SOURCE_UNREADABLE", `the texts have more than ${MAX_UNITS} characters`, {
        hint: "label fewer at a time: name fewer files, or add --limit",
      });
  }
}

function interrupted(): ModelpackError {
  return new ModelpackError("INTERRUPTED", "stopped while the texts were read; nothing was asked", {
    hint: "run the same command again",
  });
}

/** Whether a file holds lines of text rather than a table; throws for one that can't be read. */
async function checkedFile(file: string, columns: number): Promise<boolean> {
  const bytes = await sizeOf(file);
  const isLines = file.toLowerCase().endsWith(".txt");
  if (!isLines && formatOf(file) === undefined)
    throw new ModelpackError("SOURCE_UNSUPPORTED", `${basename(file)} is of no format that is read`, {
      where: file,
      hint: "give a .txt file with a text a line, or .csv, .tsv, .jsonl, .json, .parquet or .arrow with a column of texts",
    });
  if (isLines && columns > 1)
    throw new ModelpackError(
      "SOURCE_UNSUPPORTED",
      "a .txt file holds one text a line, and the task compares two",
      { where: file, hint: "give a CSV, JSONL or Parquet file with the columns text_a and text_b" },
    );
  if (bytes === 0) throw new ModelpackError("SOURCE_EMPTY", `${basename(file)} is empty`, { where: file });
  return isLines;
}

async function sizeOf(file: string): Promise<number> {
  const found = await stat(file).catch(() => null);
  if (found?.isFile()) return found.size;
  const message = found?.isDirectory()
    ? `${file} is a folder`
    : found === null
      ? `there is no file ${file}`
      : `${file} is no regular file`;
  throw new ModelpackError("SOURCE_MISSING", message, {
    where: file,
    hint: "name files; a path is relative to the working directory",
  });
}

async function readLines(
  file: string,
  collector: TextCollector,
  signal: AbortSignal | undefined,
): Promise<void> {
  for await (const line of textLines(file)) {
    if (signal?.aborted === true) throw interrupted();
    collector.take([line]);
    if (collector.isFull) return;
  }
}

async function readTable(
  file: string,
  columns: readonly string[],
  collector: TextCollector,
  signal: AbortSignal | undefined,
): Promise<void> {
  const named = await resolveLocalSource({ name: basename(file), path: resolve(file) }, ".");
  const source = await withFoundDelimiter(named);
  await withEngine(async (engine) => {
    const scan = await scanSource(engine, source);
    await createSource(engine, source, scan, { maxRows: null, sample: "head" });
    await engine.lock(source.files.map(({ path }) => path));
    const items = columns.map((column) => `encode(${columnSql(scan.columns, column, file)})`);
    // In the order of the file: the engine has one thread, and keeps the order of insertion.
    const batches = engine.stream(`SELECT ${items.join(", ")} FROM source`);
    try {
      for await (const batch of batches) {
        if (signal?.aborted === true) throw interrupted();
        const texts = items.map((_, i) => batch.texts(i));
        for (let row = 0; row < batch.rows && !collector.isFull; row++)
          collector.take(texts.map((column) => column[row] ?? null));
        if (collector.isFull) return;
      }
    } catch (error) {
      throw unreadable(source, undefined, error);
    }
  }, signal);
}

function columnSql(columns: readonly Column[], name: string, where: string): string {
  const found = textPath(columns, name);
  if ("sql" in found) return found.sql;
  const names = columns.slice(0, MOST_NAMED).map((column) => JSON.stringify(column.name));
  const more = columns.length > names.length ? ` and ${columns.length - names.length} more` : "";
  throw new ModelpackError(
    found.problem === "type" ? "COLUMN_TYPE" : "COLUMN_MISSING",
    found.problem === "type"
      ? `column ${JSON.stringify(name)} holds ${found.type.sql}, which can't be text`
      : `there is no column ${JSON.stringify(name)}; there are ${names.join(", ")}${more}`,
    { where, hint: "name the column with --text, or the two of a pair with --text-a and --text-b" },
  );
}
