// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { ModelpackError } from "../core/error.ts";
import { ORIGINS, SPLITS, type Split } from "../core/example.ts";
import type { InputKind } from "../core/task.ts";
import type { TextColumn } from "../core/text-column.ts";
import { quoteText } from "./column.ts";
import { CHUNK_ROWS, type Engine, type Values, withEngine } from "./engine.ts";
import type { TaskRows } from "./rows.ts";
import { sortedBy } from "./sorting.ts";
import { splitColumns, splitFile } from "./split-file.ts";

export { readExamples } from "./examples.ts";

/** The rows of a task, and for each the index into SPLITS of its split, or NO_SPLIT. */
export interface SplitRows {
  readonly rows: TaskRows;
  readonly split: Uint8Array;
}

/** Rows of a Parquet row group: part of the bytes, so never left to DuckDB's default. */
const ROW_GROUP = 122_880;
/** The level of zstd, for the same reason. */
const ZSTD_LEVEL = 3;
const ID_BYTES = 16;

/**
 * Writes the three files of a family, also those without rows. Rows stand by task (in the order given)
 * and id; the same rows give the same bytes in every run.
 */
export async function writeFamily(
  folder: string,
  family: string,
  tasks: readonly SplitRows[],
): Promise<void> {
  const input = tasks[0]?.rows.task.input ?? "text";
  if (tasks.some(({ rows }) => rows.task.input !== input)) {
    throw new ModelpackError("INTERNAL", "a family has one kind of input", { where: family });
  }
  const orders = tasks.map(({ rows }) => orderById(rows));
  await withEngine(async (engine) => {
    for (const [code, split] of SPLITS.entries()) {
      await engine.run(`CREATE OR REPLACE TABLE rows (${tableColumns(input)})`);
      await engine.fill("rows", chunksOf(tasks, orders, code, input));
      await engine.run(copyStatement(input, split, join(folder, splitFile(family, split))));
    }
  });
}

// Bytes stay bytes until DuckDB writes them: DuckDB's own way from a string to a text stops at NUL.
function tableColumns(input: InputKind): string {
  return splitColumns(input)
    .filter((name) => name !== "split")
    .map((name) => `"${name}" ${name === "count" ? "INTEGER" : "BLOB"}`)
    .join(", ");
}

function copyStatement(input: InputKind, split: Split, path: string): string {
  const items = splitColumns(input).map((name) => {
    if (name === "split") return `${quoteText(split)} AS split`;
    if (name === "count") return `"count"`;
    return name === "id" || name === "group_id"
      ? `lower(hex("${name}")) AS "${name}"`
      : `decode("${name}") AS "${name}"`;
  });
  return (
    `COPY (SELECT ${items.join(", ")} FROM rows) TO ${quoteText(path)} (FORMAT parquet, PARQUET_VERSION V1, ` +
    `COMPRESSION zstd, COMPRESSION_LEVEL ${ZSTD_LEVEL}, ROW_GROUP_SIZE ${ROW_GROUP})`
  );
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
      if (picked.length > 0) return chunkValues(rows, picked, input);
    }
    return null;
  };
}

function chunkValues(rows: TaskRows, picked: readonly number[], input: InputKind): readonly Values[] {
  const coded = (names: readonly string[], codes: { readonly [row: number]: number }) => {
    const bytes = names.map((name) => Buffer.from(name));
    return picked.map((row) => bytes[codes[row] as number] as Uint8Array);
  };
  const task = Buffer.from(rows.task.name);
  const texts = [rows.text, ...(input === "pair" && rows.textB !== null ? [rows.textB] : [])];
  return [
    picked.map((row) => idBytes(rows, row)),
    picked.map(() => task),
    coded(
      rows.task.labels.map((label) => label.name),
      rows.label,
    ),
    ...texts.map((column) => picked.map((row) => textBytes(column, row))),
    coded(rows.sources, rows.source),
    coded(ORIGINS, rows.origin),
    coded(rows.languages, rows.language),
    Int32Array.from(picked, (row) => rows.count[row] as number),
    picked.map((row) => idBytes(rows, rows.group[row] as number)),
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
