// SPDX-License-Identifier: Apache-2.0
import type { TextColumn } from "../core/text-column.ts";
import { GrowingColumn } from "./columns.ts";

const CHUNK_BYTES = 1 << 22;

/** Collects texts that are UTF-8 already, without making strings of them. */
export class Utf8ColumnBuilder {
  readonly #chunks: Uint8Array[] = [];
  #used = CHUNK_BYTES;
  readonly #chunk = new GrowingColumn();
  readonly #start = new GrowingColumn();
  readonly #bytes = new GrowingColumn();

  /** Copies `text`. */
  push(text: Uint8Array): void {
    let into = this.#chunks[this.#chunks.length - 1];
    if (into === undefined || into.length - this.#used < text.length) {
      into = new Uint8Array(Math.max(CHUNK_BYTES, text.length));
      this.#chunks.push(into);
      this.#used = 0;
    }
    into.set(text, this.#used);
    this.#chunk.push(this.#chunks.length - 1);
    this.#start.push(this.#used);
    this.#bytes.push(text.length);
    this.#used += text.length;
  }

  build(): TextColumn {
    return {
      length: this.#bytes.length,
      chunks: this.#chunks.slice(),
      chunk: this.#chunk.build(),
      start: this.#start.build(),
      bytes: this.#bytes.build(),
    };
  }
}
