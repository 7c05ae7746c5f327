// SPDX-License-Identifier: Apache-2.0
import type { Examples } from "../core/example.ts";
import type { TextColumn } from "../core/text-column.ts";

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
