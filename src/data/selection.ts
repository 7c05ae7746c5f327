// SPDX-License-Identifier: Apache-2.0
import type { TextColumn } from "../core/text-column.ts";
import { sharedBytes, sharedWords, shareWords } from "../storage/shared-array.ts";
import { ID_BYTES } from "./row-id.ts";
import type { TaskRows } from "./rows.ts";

/** The values at `indexes`, in that order; of 600,000 in 5 ms, where `from` with a function takes 120. */
function pick<Column extends Uint8Array | Uint16Array | Uint32Array>(
  values: Column,
  indexes: Uint32Array,
  into: Column,
): Column {
  for (let k = 0; k < indexes.length; k++) into[k] = values[indexes[k] as number] as number;
  return into;
}

/** The texts at `indexes`, in that order. The bytes are shared with `column`, not copied. */
export function selectTexts(column: TextColumn, indexes: Uint32Array): TextColumn {
  return {
    length: indexes.length,
    chunks: column.chunks,
    chunk: pick(column.chunk, indexes, new Uint32Array(indexes.length)),
    start: pick(column.start, indexes, new Uint32Array(indexes.length)),
    bytes: pick(column.bytes, indexes, new Uint32Array(indexes.length)),
  };
}

/** Bytes of a chunk of shared texts, but for a text that is longer. */
const SHARED_CHUNK = 1 << 26;

/** The same texts one behind the other in memory that threads share: a message hands it over, and copies nothing. */
export function shareTexts(column: TextColumn): TextColumn {
  const { length } = column;
  const [chunk, start, bytes] = [sharedWords(length), sharedWords(length), shareWords(column.bytes)];
  const chunks: Uint8Array[] = [];
  for (let from = 0; from < length; ) {
    let to = from;
    let size = 0;
    while (to < length && (to === from || size + (bytes[to] as number) <= SHARED_CHUNK)) {
      chunk[to] = chunks.length;
      start[to] = size;
      size += bytes[to++] as number;
    }
    const into = sharedBytes(size);
    for (let i = from; i < to; i++) {
      const held = column.chunks[column.chunk[i] as number] as Uint8Array;
      const at = column.start[i] as number;
      into.set(held.subarray(at, at + (bytes[i] as number)), start[i]);
    }
    chunks.push(into);
    from = to;
  }
  return { length, chunks, chunk, start, bytes };
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
  const source = sortNames(pick(rows.source, indexes, new Uint16Array(length)), rows.sources);
  const language = sortNames(pick(rows.language, indexes, new Uint16Array(length)), rows.languages);
  return {
    task: rows.task,
    length,
    text: selectTexts(rows.text, indexes),
    textB: rows.textB === null ? null : selectTexts(rows.textB, indexes),
    label: pick(rows.label, indexes, new Uint32Array(length)),
    source: source.codes,
    sources: source.names,
    role: pick(rows.role, indexes, new Uint8Array(length)),
    origin: pick(rows.origin, indexes, new Uint8Array(length)),
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
