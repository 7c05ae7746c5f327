// SPDX-License-Identifier: Apache-2.0
import type { TextColumn } from "../core/text-column.ts";
import type { Batch, Engine } from "./engine.ts";

/** Rows whose texts come as one value: a value costs a call of DuckDB's, 1 us, and joining 0.3 us a row. */
const GROUP_ROWS = 256;
/** Bytes of the texts of a row that are worth joining, in the mean: longer ones take as long to join as to hand over. */
const SHORT_BYTES = 200;
/**
 * Bytes of text that are laid into one piece of memory, and joined by one statement: DuckDB holds them in its memory. Each
 * statement reads its group of rows of the file from the beginning, 122,880 of them: two statements, if texts are short.
 */
const WINDOW_BYTES = 2 ** 24;

/** The texts of some columns of a file, by the length of each in bytes. */
interface Lengths {
  readonly rows: number;
  readonly columns: readonly Uint32Array[];
}

/** Rows [from, to) of the file. */
type Window = readonly [from: number, to: number];

/** Bytes of the texts of rows [from, to) that there are, over all columns. */
function bytesOf({ rows, columns }: Lengths, from: number, to: number): number {
  let sum = 0;
  for (const column of columns)
    for (let row = from; row < Math.min(to, rows); row++) sum += column[row] as number;
  return sum;
}

/** Windows of whole groups of rows, as many to each as have its bytes, and at least one; and the bytes of the largest group. */
function windowsOf(lengths: Lengths): { readonly windows: readonly Window[]; readonly largest: number } {
  const { rows } = lengths;
  const windows: Window[] = [];
  let largest = 0;
  let from = 0;
  let bytes = 0;
  for (let at = 0; at < rows; at += GROUP_ROWS) {
    const more = bytesOf(lengths, at, at + GROUP_ROWS);
    largest = Math.max(largest, more);
    if (bytes > 0 && bytes + more > WINDOW_BYTES) {
      windows.push([from, at]);
      [from, bytes] = [at, 0];
    }
    bytes += more;
  }
  if (rows > 0) windows.push([from, rows]);
  return { windows, largest };
}

/** Values of the columns, one for each group of rows, in the order of the file: DuckDB goes through the rows in their order. */
async function* joined(
  engine: Engine,
  names: readonly string[],
  windows: readonly Window[],
): AsyncGenerator<Batch> {
  const items = names.map((name) => `encode(string_agg(${name}, ''))`).join(", ");
  const group = `file_row_number // ${GROUP_ROWS}`;
  for (const [from, to] of windows)
    yield* engine.stream(
      `SELECT ${items} FROM rows WHERE file_row_number >= ${from} AND file_row_number < ${to} ` +
        `GROUP BY ${group} ORDER BY ${group}`,
    );
}

/** Memory for the texts of a column, a piece for each window, that is filled from the beginning. */
class Pieces {
  readonly #chunks: readonly Uint8Array[];
  #piece = 0;
  #at = 0;
  /** Bytes that are still to come. */
  left: number;

  constructor(chunks: readonly Uint8Array[]) {
    this.#chunks = chunks;
    this.left = chunks.reduce((sum, { length }) => sum + length, 0);
  }

  /** @throws RangeError where there is no room for it: no value goes over the end of a piece */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    while (this.#at === this.#chunks[this.#piece]?.length) [this.#piece, this.#at] = [this.#piece + 1, 0];
    if (bytes.length > this.left) throw new RangeError("texts are longer than they were said to be");
    this.#chunks[this.#piece]?.set(bytes, this.#at);
    this.#at += bytes.length;
    this.left -= bytes.length;
  }
}

/** Where the texts of a column lie, one behind the other, in a piece of memory for each window. */
function layOut(bytes: Uint32Array, windows: readonly Window[]): TextColumn {
  const [chunk, start] = [new Uint32Array(bytes.length), new Uint32Array(bytes.length)];
  const chunks = windows.map(([from, to], window) => {
    let at = 0;
    for (let row = from; row < to; row++) {
      chunk[row] = window;
      start[row] = at;
      at += bytes[row] as number;
    }
    return new Uint8Array(at);
  });
  return { length: bytes.length, chunks, chunk, start, bytes };
}

/**
 * The texts of columns of the view `rows`, which has `file_row_number`, in the order of the file: short ones joined by DuckDB,
 * and taken apart by the length in bytes of each.
 *
 * @param columns the lengths of all texts of each
 * @throws Error where the texts are not as long as that
 */
export async function readTexts(
  engine: Engine,
  names: readonly string[],
  columns: readonly Uint32Array[],
): Promise<TextColumn[]> {
  const lengths = { rows: columns[0]?.length ?? 0, columns };
  const { windows, largest } = windowsOf(lengths);
  const isShort = bytesOf(lengths, 0, lengths.rows) <= lengths.rows * SHORT_BYTES && largest <= WINDOW_BYTES;
  const texts = columns.map((bytes) => layOut(bytes, windows));
  const pieces = texts.map(({ chunks }) => new Pieces(chunks));
  const batches = isShort
    ? joined(engine, names, windows)
    : engine.stream(`SELECT ${names.map((name) => `encode(${name})`).join(", ")} FROM rows`);
  for await (const batch of batches)
    for (const [c, piece] of pieces.entries())
      for (const bytes of batch.bytes(c)) if (bytes !== null) piece.push(bytes);
  if (pieces.some(({ left }) => left > 0))
    throw new RangeError("texts are shorter than they were said to be");
  return texts;
}
