// SPDX-License-Identifier: Apache-2.0
import type { TextColumn } from "../core/text-column.ts";
import type { Engine } from "./engine.ts";

/** Rows whose texts come as one value, at most: a value costs a call of DuckDB's, 1 us, and joining 0.3 us a row. */
const GROUP_ROWS = 256;
/** Bytes of text that are read by one statement, unless a single text has more: DuckDB holds them in its memory. */
const WINDOW_BYTES = 2 ** 24;

/** The texts of some columns of a file, by the length of each in bytes. */
interface Lengths {
  readonly rows: number;
  readonly columns: readonly Uint32Array[];
}

/** Bytes of the texts of rows [from, to) that there are, over all columns. */
function bytesOf({ rows, columns }: Lengths, from: number, to: number): number {
  let sum = 0;
  for (const column of columns)
    for (let row = from; row < Math.min(to, rows); row++) sum += column[row] as number;
  return sum;
}

/** Rows that are joined: as many as make no group larger than a window. */
function groupRows(lengths: Lengths): number {
  let size = GROUP_ROWS;
  for (let from = 0; from < lengths.rows && size > 1; )
    if (bytesOf(lengths, from, from + size) > WINDOW_BYTES) size /= 2;
    else from += size;
  return size;
}

/** Where the next window ends: behind as many groups of `size` rows as have its bytes, and at least one. */
function endOfWindow(lengths: Lengths, from: number, size: number): number {
  let to = from + size;
  let bytes = bytesOf(lengths, from, to);
  while (to < lengths.rows) {
    bytes += bytesOf(lengths, to, to + size);
    if (bytes > WINDOW_BYTES) break;
    to += size;
  }
  return Math.min(to, lengths.rows);
}

/** Lays the texts of rows [from, to) one behind the other, in the next chunk of a column; returns how long that is. */
function layOut(column: TextColumn, from: number, to: number): number {
  let at = 0;
  for (let row = from; row < to; row++) {
    column.chunk[row] = column.chunks.length;
    column.start[row] = at;
    at += column.bytes[row] as number;
  }
  return at;
}

/**
 * The texts of columns of the view `rows`, which has `file_row_number`, in the order of the file: joined by DuckDB, which goes
 * through the rows in their order, and taken apart by the length in bytes of each.
 *
 * @param lengths of all texts of each column
 * @throws Error where the texts are not as long as that
 */
export async function readJoinedTexts(
  engine: Engine,
  names: readonly string[],
  columns: readonly Uint32Array[],
): Promise<TextColumn[]> {
  const lengths = { rows: columns[0]?.length ?? 0, columns };
  const { rows } = lengths;
  const size = groupRows(lengths);
  const texts = columns.map((bytes) => {
    const chunks: Uint8Array[] = [];
    return { length: rows, chunks, chunk: new Uint32Array(rows), start: new Uint32Array(rows), bytes };
  });
  const joined = names.map((name) => `encode(string_agg(${name}, ''))`).join(", ");
  for (let from = 0; from < rows; ) {
    const to = endOfWindow(lengths, from, size);
    const chunks = texts.map((column) => new Uint8Array(layOut(column, from, to)));
    const at = chunks.map(() => 0);
    const sql =
      `SELECT ${joined} FROM rows WHERE file_row_number >= ${from} AND file_row_number < ${to} ` +
      `GROUP BY file_row_number // ${size} ORDER BY file_row_number // ${size}`;
    for await (const batch of engine.stream(sql))
      chunks.forEach((chunk, c) => {
        for (const bytes of batch.bytes(c)) {
          chunk.set(bytes ?? [], at[c]);
          at[c] = (at[c] as number) + (bytes?.length ?? 0);
        }
      });
    chunks.forEach((chunk, c) => {
      if (at[c] !== chunk.length) throw new RangeError(`texts of ${at[c]} bytes, not of ${chunk.length}`);
      texts[c]?.chunks.push(chunk);
    });
    from = to;
  }
  return texts;
}
