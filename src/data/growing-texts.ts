// SPDX-License-Identifier: Apache-2.0
import type { TextColumn } from "../core/text-column.ts";

const CHUNK_BYTES = 1 << 20;

const encoder = new TextEncoder();

function grown(values: Uint32Array, length: number): Uint32Array<ArrayBuffer> {
  const next = new Uint32Array(length);
  next.set(values);
  return next;
}

/**
 * The texts of a column, over the same bytes, and more behind them. Row `length` is a place to try a text
 * out: whatever reads a column can read it there, and it stays only where it is kept.
 */
export class GrowingTexts implements TextColumn {
  length: number;
  readonly chunks: Uint8Array[];
  chunk: Uint32Array;
  start: Uint32Array;
  bytes: Uint32Array;
  /** The last chunk, and how much of it is taken. */
  #into = new Uint8Array(0);
  #used = 0;

  constructor(base: TextColumn) {
    this.length = base.length;
    this.chunks = base.chunks.slice();
    const room = base.length + 1024;
    this.chunk = grown(base.chunk, room);
    this.start = grown(base.start, room);
    this.bytes = grown(base.bytes, room);
  }

  /** Puts a text in row `length`, in place of the one that was tried there before. */
  try(text: string): void {
    const i = this.length;
    if (i === this.chunk.length) this.#grow(i * 2);
    const most = text.length * 3;
    if (this.#into.length - this.#used <= most) {
      this.#into = new Uint8Array(Math.max(CHUNK_BYTES, most + 1));
      this.#used = 0;
      this.chunks.push(this.#into);
    }
    this.chunk[i] = this.chunks.length - 1;
    this.start[i] = this.#used;
    this.bytes[i] = encoder.encodeInto(text, this.#into.subarray(this.#used)).written;
  }

  /** Keeps the text that was tried last. */
  keep(): void {
    this.#used += this.bytes[this.length] as number;
    this.length++;
  }

  /** What is kept so far; keeping more leaves it as it is. */
  build(): TextColumn {
    const n = this.length;
    return {
      length: n,
      chunks: this.chunks.slice(),
      chunk: this.chunk.slice(0, n),
      start: this.start.slice(0, n),
      bytes: this.bytes.slice(0, n),
    };
  }

  #grow(length: number): void {
    this.chunk = grown(this.chunk, length);
    this.start = grown(this.start, length);
    this.bytes = grown(this.bytes, length);
  }
}
