// SPDX-License-Identifier: Apache-2.0
import { sortedByKey } from "./sorting.ts";

/** Rows of a part: what is kept of one stays in the first cache. */
const PART_ROWS = 256;
const MOST_PART_BITS = 11;
/** Counters of a part at least. */
const SEEN = 1024;
/** Rows up to which sorting by insertion is faster than passes over a table. */
const FEW = 128;

/** Rows that share a key, by ascending keys, and ascending where the key is one: valid until the next are asked for. */
export interface Buckets {
  readonly count: number;
  /** Where each bucket begins among the rows; then the end of the last. */
  readonly starts: Uint32Array;
  readonly rows: Uint32Array;
}

/**
 * Finds the rows that share a key, band after band, over columns of one length. Rows are dealt into parts by the upper bits
 * of their keys first, so that everything after works in the first cache.
 */
export class KeyBuckets {
  readonly #shift: number;
  /** Where the next row of each part goes. */
  readonly #places: Uint32Array;
  /** Key and row in turn, part after part; in a part in the order of the rows. */
  readonly #dealt: Uint32Array;
  /** By the lower bits of a key, how many rows of a part have it: 2 for more. */
  #seen = new Uint8Array(SEEN);
  readonly #starts: Uint32Array;
  readonly #rows: Uint32Array;
  readonly #keys: Uint32Array;

  constructor(length: number) {
    const bits = Math.max(1, Math.min(MOST_PART_BITS, Math.ceil(Math.log2(length / PART_ROWS + 1))));
    this.#shift = 32 - bits;
    this.#places = new Uint32Array(1 << bits);
    this.#dealt = new Uint32Array(length * 2);
    this.#starts = new Uint32Array((length >> 1) + 1);
    this.#rows = new Uint32Array(length);
    this.#keys = new Uint32Array(length);
  }

  /** The rows of each key that two rows or more have; `keys` are those of all rows. */
  find(keys: Uint32Array): Buckets {
    this.#deal(keys);
    const starts = this.#starts;
    let count = 0;
    let length = 0;
    let from = 0;
    for (const to of this.#places) {
      const end = this.#keepSharing(from, to, length);
      this.#sort(length, end);
      for (let start = length; start < end; ) {
        let next = start + 1;
        while (next < end && this.#keys[next] === this.#keys[start]) next++;
        if (next - start > 1) {
          // Rows that only seemed to share a key are written over.
          this.#rows.copyWithin(length, start, next);
          starts[count++] = length;
          length += next - start;
        }
        start = next;
      }
      from = to;
    }
    starts[count] = length;
    return { count, starts, rows: this.#rows };
  }

  /** Afterwards a part's place is where it ends. */
  #deal(keys: Uint32Array): void {
    const places = this.#places.fill(0);
    const dealt = this.#dealt;
    const shift = this.#shift;
    for (let i = 0; i < keys.length; i++) {
      const part = (keys[i] as number) >>> shift;
      places[part] = (places[part] as number) + 1;
    }
    for (let part = 0, sum = 0; part < places.length; part++) {
      const count = places[part] as number;
      places[part] = sum;
      sum += count;
    }
    for (let i = 0; i < keys.length; i++) {
      const key = keys[i] as number;
      const place = places[key >>> shift] as number;
      dealt[2 * place] = key;
      dealt[2 * place + 1] = i;
      places[key >>> shift] = place + 1;
    }
  }

  /**
   * Puts the rows of a part whose key is that of another one (or only seems to be) behind the first `length`, and returns how
   * many there are then. Three rows of four are alone in a band: passing over them here spares most of the sort.
   */
  #keepSharing(from: number, to: number, length: number): number {
    let size = SEEN;
    while (size < (to - from) * 4) size *= 2;
    if (size > this.#seen.length) this.#seen = new Uint8Array(size);
    const seen = this.#seen.fill(0, 0, size);
    const mask = size - 1;
    const dealt = this.#dealt;
    for (let k = 2 * from; k < 2 * to; k += 2) {
      const at = (dealt[k] as number) & mask;
      seen[at] = Math.min(2, (seen[at] as number) + 1);
    }
    let end = length;
    for (let k = 2 * from; k < 2 * to; k += 2) {
      const key = dealt[k] as number;
      if (seen[key & mask] !== 2) continue;
      this.#keys[end] = key;
      this.#rows[end++] = dealt[k + 1] as number;
    }
    return end;
  }

  /** Sorts rows by their keys, those of one key in their order. */
  #sort(start: number, end: number): void {
    const keys = this.#keys;
    const rows = this.#rows;
    if (end - start > FEW) {
      const order = sortedByKey(keys.subarray(start, end));
      keys.set(
        order.map((k) => keys[start + k] as number),
        start,
      );
      rows.set(
        order.map((k) => rows[start + k] as number),
        start,
      );
      return;
    }
    for (let k = start + 1; k < end; k++) {
      const key = keys[k] as number;
      const row = rows[k] as number;
      let at = k;
      for (; at > start && (keys[at - 1] as number) > key; at--) {
        keys[at] = keys[at - 1] as number;
        rows[at] = rows[at - 1] as number;
      }
      keys[at] = key;
      rows[at] = row;
    }
  }
}
