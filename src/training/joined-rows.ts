// SPDX-License-Identifier: Apache-2.0
import type { Examples } from "../core/example.ts";
import { joinTexts } from "../core/text-column.ts";

/** Rows of several splits of one task as one, in the order given; groups of different splits stay apart. */
export function joinRows(parts: readonly Examples[]): Examples {
  const sides = parts.map(({ textB }) => textB).filter((column) => column !== null);
  let groups = 0;
  const group = parts.map((part) => {
    const shifted = part.group.map((number) => number + groups);
    groups = shifted.reduce((most, number) => Math.max(most, number + 1), groups);
    return shifted;
  });
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  return {
    rows,
    text: joinTexts(parts.map(({ text }) => text)),
    textB: sides.length === 0 ? null : joinTexts(sides),
    label: joinColumns(parts.map(({ label }) => label)),
    count: joinColumns(parts.map(({ count }) => count)),
    origin: joinInto(
      new Uint8Array(rows),
      parts.map(({ origin }) => origin),
    ),
    group: joinColumns(group),
  };
}

/** Columns one after another. */
export function joinColumns(columns: readonly Uint32Array[]): Uint32Array {
  return joinInto(new Uint32Array(columns.reduce((sum, { length }) => sum + length, 0)), columns);
}

/** Fills `all` with columns, one after another. */
export function joinInto<Column extends Uint8Array | Uint32Array | Float32Array | Float64Array>(
  all: Column,
  columns: readonly Column[],
): Column {
  let at = 0;
  for (const column of columns) {
    all.set(column, at);
    at += column.length;
  }
  return all;
}
