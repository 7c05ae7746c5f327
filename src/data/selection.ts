// SPDX-License-Identifier: Apache-2.0
import type { TextColumn } from "../core/text-column.ts";
import { ID_BYTES } from "./row-id.ts";
import type { TaskRows } from "./rows.ts";

/** The texts at `indexes`, in that order. The bytes are shared with `column`, not copied. */
export function selectTexts(column: TextColumn, indexes: Uint32Array): TextColumn {
  return {
    length: indexes.length,
    chunks: column.chunks,
    chunk: indexes.map((i) => column.chunk[i] as number),
    start: indexes.map((i) => column.start[i] as number),
    bytes: indexes.map((i) => column.bytes[i] as number),
  };
}

/** The texts of `a`, then those of `b`, over the same bytes. */
export function concatenateTexts(a: TextColumn, b: TextColumn): TextColumn {
  const chunk = new Uint32Array(a.length + b.length);
  const start = new Uint32Array(chunk.length);
  const bytes = new Uint32Array(chunk.length);
  chunk.set(a.chunk);
  chunk.set(
    b.chunk.map((k) => k + a.chunks.length),
    a.length,
  );
  start.set(a.start);
  start.set(b.start, a.length);
  bytes.set(a.bytes);
  bytes.set(b.bytes, a.length);
  return { length: chunk.length, chunks: [...a.chunks, ...b.chunks], chunk, start, bytes };
}

/** Codes of a column of names, renumbered so that the names are sorted and those without a row are gone. */
function sortNames(
  codes: Uint16Array,
  names: readonly string[],
): { codes: Uint16Array; names: readonly string[] } {
  const used = new Set(codes);
  const sorted = [...used].map((code) => names[code] as string).sort((a, b) => (a < b ? -1 : 1));
  const place = new Map(sorted.map((name, index) => [name, index]));
  const next = Uint16Array.from(names, (name) => place.get(name) ?? 0);
  return { codes: codes.map((code) => next[code] as number), names: sorted };
}

/**
 * The rows at `indexes`, in that order; `ids`, `count` and `group` are those of the new rows. Nothing in
 * the result follows from the order of `rows`: the names are sorted too.
 */
export function selectRows(
  rows: TaskRows,
  indexes: Uint32Array,
  columns: { readonly id: Uint8Array; readonly count: Uint32Array; readonly group: Uint32Array },
): TaskRows {
  const length = indexes.length;
  const source = sortNames(
    Uint16Array.from(indexes, (i) => rows.source[i] as number),
    rows.sources,
  );
  const language = sortNames(
    Uint16Array.from(indexes, (i) => rows.language[i] as number),
    rows.languages,
  );
  return {
    task: rows.task,
    length,
    text: selectTexts(rows.text, indexes),
    textB: rows.textB === null ? null : selectTexts(rows.textB, indexes),
    label: indexes.map((i) => rows.label[i] as number),
    source: source.codes,
    sources: source.names,
    role: Uint8Array.from(indexes, (i) => rows.role[i] as number),
    origin: Uint8Array.from(indexes, (i) => rows.origin[i] as number),
    language: language.codes,
    languages: language.names,
    ...columns,
  };
}

/** The 16-byte ids at `indexes`, one after the other. */
export function selectIds(ids: Uint8Array, indexes: Uint32Array): Uint8Array<ArrayBuffer> {
  const selected = new Uint8Array(indexes.length * ID_BYTES);
  for (let k = 0; k < indexes.length; k++) {
    const from = (indexes[k] as number) * ID_BYTES;
    for (let b = 0; b < ID_BYTES; b++) selected[k * ID_BYTES + b] = ids[from + b] as number;
  }
  return selected;
}
