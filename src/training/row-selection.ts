// SPDX-License-Identifier: Apache-2.0
import { type Examples, ORIGINS, type Origin } from "../core/example.ts";
import type { TextColumn } from "../core/text-column.ts";

/** The numbers of so many rows: 0, 1, 2 and so on. */
export function numbersOf(rows: number): Uint32Array {
  const numbers = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) numbers[row] = row;
  return numbers;
}

/** Numbers of the rows whose code `takes` takes, in their order. */
export function rowsWhere(codes: Uint8Array, takes: (code: number) => boolean): Uint32Array {
  const rows = new Uint32Array(codes.length);
  let n = 0;
  for (let row = 0; row < codes.length; row++) if (takes(codes[row] as number)) rows[n++] = row;
  return rows.slice(0, n);
}

/** Numbers of the rows from one origin; `origins` are codes as in {@link Examples.origin}. */
export function rowsFrom(origin: Origin, origins: Uint8Array): Uint32Array {
  const own = ORIGINS.indexOf(origin);
  return rowsWhere(origins, (code) => code === own);
}

/** Rows of a split by their numbers, in the order of `rows`; the bytes of the texts stay where they are. */
export function selectRows(examples: Examples, rows: Uint32Array): Examples {
  const take = (column: Uint32Array) => rows.map((row) => column[row] as number);
  const texts = ({ chunks, chunk, start, bytes }: TextColumn): TextColumn => ({
    length: rows.length,
    chunks,
    chunk: take(chunk),
    start: take(start),
    bytes: take(bytes),
  });
  return {
    rows: rows.length,
    text: texts(examples.text),
    textB: examples.textB === null ? null : texts(examples.textB),
    label: take(examples.label),
    count: take(examples.count),
    origin: Uint8Array.from(rows, (row) => examples.origin[row] as number),
    group: take(examples.group),
  };
}
