// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { ModelpackError } from "../core/error.ts";
import { ORIGINS, SPLITS, type Split } from "../core/example.ts";
import type { InputKind } from "../core/task.ts";
import type { TextColumn } from "../core/text-column.ts";
import { quoteText } from "./column.ts";
import { CHUNK_ROWS, exactText, type Values, withEngine } from "./engine.ts";
import { unwritable } from "./refusal.ts";
import type { TaskRows } from "./rows.ts";
import { sortedBy } from "./sorting.ts";
import { type Scope, splitColumns, splitFile } from "./split-file.ts";

export { readExamples, readOutOfScope, splitBytes } from "./examples.ts";

/** The rows of a task, and for each the index into SPLITS of its split, or NO_SPLIT. */
export interface SplitRows {
  readonly rows: TaskRows;
  readonly split: Uint8Array;
}

/** Rows of a Parquet row group, at most: part of the bytes, so never left to DuckDB's default. */
const ROW_GROUP = 122_880;
/** Bytes of text of a row group, in the mean: DuckDB holds a group in its memory, and makes pages of up to 100 MB of it. */
const GROUP_BYTES = 2 ** 26;
/** The level of zstd, for the same reason. */
const ZSTD_LEVEL = 3;
const ID_BYTES = 16;

/**
 * Writes the three files of a family, also those without rows; of its out-of-scope rows only test and eval. Rows stand by task (in the order given)
 * and id; the same rows give the same bytes in every run.
 */
export async function writeFamily(
  folder: string,
  family: string,
  tasks: readonly SplitRows[],
  scope: Scope = "in_scope",
): Promise<void> {
  const input = tasks[0]?.rows.task.input ?? "text";
  if (tasks.some(({ rows }) => rows.task.input !== input)) {
    throw new ModelpackError("INTERNAL", "a family has one kind of input", { where: family });
  }
  const orders = tasks.map(({ rows }) => orderById(rows));
  const names = namesOf(tasks);
  const write = (code: number, split: Split, isFilled: () => void) =>
    withEngine(async (engine) => {
      await engine.run(`CREATE TABLE rows (${tableColumns(input, names)})`);
      await engine.fill("rows", chunksOf(tasks, orders, code, input));
      isFilled();
      const path = join(folder, splitFile(family, split, scope));
      const sql = copyStatement(input, names, split, path, groupRows(tasks, code));
      await engine.run(sql).catch((error: unknown) => {
        throw unwritable(path, error);
      });
    });
  // DuckDB writes one split, in a thread of its own, while the next is handed to it; none is left at work where one fails.
  const writing: Promise<void>[] = [];
  try {
    for (const [code, split] of SPLITS.entries()) {
      if (scope === "out_of_scope" && split === "train") continue;
      const before = writing.at(-1);
      await new Promise<void>((next) => {
        const one = write(code, split, next);
        one.then(next, next);
        writing.push(one);
      });
      await before;
    }
    await writing.at(-1);
  } finally {
    await Promise.allSettled(writing);
  }
}

/** Columns of names: here as codes, and in the file as the names. */
type Names = ReadonlyMap<string, readonly string[]>;

function namesOf(tasks: readonly SplitRows[]): Names {
  return new Map<string, readonly string[]>([
    ["task", tasks.map(({ rows }) => rows.task.name)],
    ["label", tasks.flatMap(({ rows }) => rows.task.labels.map((label) => label.name))],
    ["source", tasks.flatMap(({ rows }) => rows.sources)],
    ["origin", ORIGINS],
    ["language", tasks.flatMap(({ rows }) => rows.languages)],
  ]);
}

// Texts stay bytes until DuckDB writes them: its own way from a string to a text stops at NUL. Names are
// codes, and a group that is the row's own id is NULL: a value that is no number costs 0.4 us.
function tableColumns(input: InputKind, names: Names): string {
  return splitColumns(input)
    .filter((name) => name !== "split")
    .map((name) => `"${name}" ${name === "count" || names.has(name) ? "INTEGER" : "BLOB"}`)
    .join(", ");
}

/** Rows of a row group of a split: fewer where its texts are long, whole vectors of DuckDB's. */
function groupRows(tasks: readonly SplitRows[], code: number): number {
  let rows = 0;
  let bytes = 0;
  for (const { rows: of, split } of tasks)
    for (let i = 0; i < split.length; i++) {
      if (split[i] !== code) continue;
      rows++;
      bytes += (of.text.bytes[i] as number) + (of.textB?.bytes[i] ?? 0);
    }
  const most = Math.floor((GROUP_BYTES * rows) / bytes / CHUNK_ROWS) * CHUNK_ROWS;
  return bytes === 0 ? ROW_GROUP : Math.min(ROW_GROUP, Math.max(CHUNK_ROWS, most));
}

function copyStatement(input: InputKind, names: Names, split: Split, path: string, rowGroup: number): string {
  const items = splitColumns(input).map((name) => `${columnSql(name, names.get(name), split)} AS "${name}"`);
  return (
    `COPY (SELECT ${items.join(", ")} FROM rows) TO ${quoteText(path)} (FORMAT parquet, PARQUET_VERSION V1, ` +
    `COMPRESSION zstd, COMPRESSION_LEVEL ${ZSTD_LEVEL}, ROW_GROUP_SIZE ${rowGroup})`
  );
}

function columnSql(name: string, names: readonly string[] | undefined, split: Split): string {
  // The type is said: without a row there may be no name, and an empty list is one of integers.
  if (names !== undefined) return `CAST([${names.map(exactText).join(", ")}] AS VARCHAR[])["${name}" + 1]`;
  if (name === "split") return quoteText(split);
  if (name === "count") return '"count"';
  if (name === "id") return "lower(hex(id))";
  return name === "group_id" ? "lower(hex(coalesce(group_id, id)))" : `decode("${name}")`;
}

function orderById(rows: TaskRows): Uint32Array {
  const ids = Buffer.from(rows.id.buffer, rows.id.byteOffset, rows.id.byteLength);
  const keys = new Uint32Array(rows.length);
  for (let i = 0; i < rows.length; i++) keys[i] = ids.readUInt32BE(i * ID_BYTES);
  const end = (i: number) => (i + 1) * ID_BYTES;
  return sortedBy(keys, (i, j) => ids.compare(ids, j * ID_BYTES, end(j), i * ID_BYTES, end(i)) || i - j);
}

/** Gives chunk after chunk of the rows of one split, for {@link Engine.fill}. */
function chunksOf(
  tasks: readonly SplitRows[],
  orders: readonly Uint32Array[],
  code: number,
  input: InputKind,
): () => readonly Values[] | null {
  const bases = basesOf(tasks);
  let task = 0;
  let at = 0;
  return () => {
    for (; task < tasks.length; task++, at = 0) {
      const { rows, split } = tasks[task] as SplitRows;
      const order = orders[task] as Uint32Array;
      const picked: number[] = [];
      for (; at < order.length && picked.length < CHUNK_ROWS; at++) {
        const row = order[at] as number;
        if (split[row] === code) picked.push(row);
      }
      if (picked.length > 0) return chunkValues(rows, picked, bases[task] as Bases, input);
    }
    return null;
  };
}

/** Where a task's names begin among those of all tasks. */
interface Bases {
  readonly task: number;
  readonly label: number;
  readonly source: number;
  readonly language: number;
}

function basesOf(tasks: readonly SplitRows[]): readonly Bases[] {
  let [label, source, language] = [0, 0, 0];
  return tasks.map(({ rows }, task) => {
    const bases = { task, label, source, language };
    label += rows.task.labels.length;
    source += rows.sources.length;
    language += rows.languages.length;
    return bases;
  });
}

function chunkValues(
  rows: TaskRows,
  picked: readonly number[],
  bases: Bases,
  input: InputKind,
): readonly Values[] {
  type Codes = { readonly [row: number]: number };
  const codes = (of: Codes, base: number) => {
    const values = new Int32Array(picked.length);
    for (let i = 0; i < values.length; i++) values[i] = (of[picked[i] as number] as number) + base;
    return values;
  };
  const texts = [rows.text, ...(input === "pair" && rows.textB !== null ? [rows.textB] : [])];
  return [
    picked.map((row) => idBytes(rows, row)),
    new Int32Array(picked.length).fill(bases.task),
    codes(rows.label, bases.label),
    ...texts.map((column) => picked.map((row) => textBytes(column, row))),
    codes(rows.source, bases.source),
    codes(rows.origin, 0),
    codes(rows.language, bases.language),
    codes(rows.count, 0),
    picked.map((row) => (rows.group[row] === row ? null : idBytes(rows, rows.group[row] as number))),
  ];
}

function idBytes(rows: TaskRows, row: number): Uint8Array {
  return rows.id.subarray(row * ID_BYTES, (row + 1) * ID_BYTES);
}

function textBytes(column: TextColumn, row: number): Uint8Array {
  const start = column.start[row] as number;
  const chunk = column.chunks[column.chunk[row] as number] as Uint8Array;
  return chunk.subarray(start, start + (column.bytes[row] as number));
}
