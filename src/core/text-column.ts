// SPDX-License-Identifier: Apache-2.0

const CHUNK_BYTES = 1 << 22;

/**
 * Texts as UTF-8 bytes in chunks with offsets: outside the JavaScript heap, without an object a text, and
 * cheap to hand to a worker.
 */
export interface TextColumn {
  /** Number of texts. */
  readonly length: number;
  readonly chunks: readonly Uint8Array[];
  /** For text i: its chunk, and its first byte and length in that chunk. */
  readonly chunk: Uint32Array;
  readonly start: Uint32Array;
  readonly bytes: Uint32Array;
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** Text `i` of a column, 0-based. */
export function textAt(column: TextColumn, i: number): string {
  const chunk = column.chunks[column.chunk[i] as number];
  if (chunk === undefined) throw new RangeError(`text ${i} of ${column.length}`);
  const start = column.start[i] as number;
  return decoder.decode(chunk.subarray(start, start + (column.bytes[i] as number)));
}

function grow(a: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  const next = new Uint32Array(length);
  next.set(a);
  return next;
}

/** Collects texts; unpaired surrogates become U+FFFD, as in any UTF-8. */
export class TextColumnBuilder {
  length = 0;
  readonly #chunks: Uint8Array[] = [];
  #used = CHUNK_BYTES;
  #chunk = new Uint32Array(1024);
  #start = new Uint32Array(1024);
  #bytes = new Uint32Array(1024);

  push(text: string): void {
    const most = text.length * 3;
    let into = this.#chunks[this.#chunks.length - 1];
    if (into === undefined || into.length - this.#used < most) {
      into = new Uint8Array(Math.max(CHUNK_BYTES, most));
      this.#chunks.push(into);
      this.#used = 0;
    }
    const { written } = encoder.encodeInto(text, into.subarray(this.#used));
    const i = this.length;
    if (i === this.#start.length) {
      this.#chunk = grow(this.#chunk, i * 2);
      this.#start = grow(this.#start, i * 2);
      this.#bytes = grow(this.#bytes, i * 2);
    }
    this.#chunk[i] = this.#chunks.length - 1;
    this.#start[i] = this.#used;
    this.#bytes[i] = written;
    this.#used += written;
    this.length = i + 1;
  }

  /** The column so far; pushing more leaves what was returned as it is. */
  build(): TextColumn {
    const n = this.length;
    return {
      length: n,
      chunks: this.#chunks.slice(),
      chunk: this.#chunk.slice(0, n),
      start: this.#start.slice(0, n),
      bytes: this.#bytes.slice(0, n),
    };
  }
}

/** A column of the given texts. */
export function textColumn(texts: Iterable<string>): TextColumn {
  const builder = new TextColumnBuilder();
  for (const text of texts) builder.push(text);
  return builder.build();
}

/** A column of one text, in memory of its own size: a builder's first chunk has megabytes. */
export function singleText(text: string): TextColumn {
  const bytes = encoder.encode(text);
  return {
    length: 1,
    chunks: [bytes],
    chunk: new Uint32Array(1),
    start: new Uint32Array(1),
    bytes: Uint32Array.of(bytes.length),
  };
}

/** The texts of several columns as one, in the order given; the bytes are shared, not copied. */
export function joinTexts(columns: readonly TextColumn[]): TextColumn {
  const length = columns.reduce((sum, column) => sum + column.length, 0);
  const [chunk, start, bytes] = [new Uint32Array(length), new Uint32Array(length), new Uint32Array(length)];
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (const column of columns) {
    for (let i = 0; i < column.length; i++) chunk[at + i] = (column.chunk[i] as number) + chunks.length;
    start.set(column.start, at);
    bytes.set(column.bytes, at);
    chunks.push(...column.chunks);
    at += column.length;
  }
  return { length, chunks, chunk, start, bytes };
}
