// SPDX-License-Identifier: Apache-2.0
import { mix32 } from "../core/hash.ts";

/**
 * Rows by the keys of their bands, to be added to one by one: a hash table whose chains lie in typed arrays.
 * An entry is row * bands + band. With 32 bands it takes 256 bytes a row, and the heads 128 to 256 more;
 * a Map of arrays, over 2,000.
 */
export class BandChains {
  readonly #bands: number;
  #rows = 0;
  #keys: Uint32Array;
  /** The entry before in its chain, + 1; 0 ends one. */
  #next: Int32Array;
  /** The last entry of each chain, + 1. */
  #heads: Int32Array;

  /** `rows` are those expected; more can come. */
  constructor(bands: number, rows: number) {
    this.#bands = bands;
    let size = 1024;
    while (size < rows * bands) size *= 2;
    this.#keys = new Uint32Array(size);
    this.#next = new Int32Array(size);
    this.#heads = new Int32Array(size);
  }

  /** Adds a row with these keys, one a band. */
  push(keys: Uint32Array): void {
    const from = this.#rows * this.#bands;
    const to = from + this.#bands;
    while (to > this.#keys.length) this.#grow();
    this.#keys.set(keys, from);
    this.#rows++;
    for (let entry = from; entry < to; entry++) this.#link(entry);
  }

  /** The last entry with this key; -1 where there is none. */
  first(key: number): number {
    return this.#withKey(key, (this.#heads[this.#slot(key)] as number) - 1);
  }

  /** The entry with the same key before `entry`; -1 where there is none. */
  after(entry: number): number {
    return this.#withKey(this.#keys[entry] as number, (this.#next[entry] as number) - 1);
  }

  /** The row of an entry. */
  rowOf(entry: number): number {
    return Math.floor(entry / this.#bands);
  }

  #withKey(key: number, from: number): number {
    let entry = from;
    while (entry >= 0 && this.#keys[entry] !== key) entry = (this.#next[entry] as number) - 1;
    return entry;
  }

  #slot(key: number): number {
    return mix32(key) & (this.#heads.length - 1);
  }

  #link(entry: number): void {
    const slot = this.#slot(this.#keys[entry] as number);
    this.#next[entry] = this.#heads[slot] as number;
    this.#heads[slot] = entry + 1;
  }

  // All links anew, in the order of the entries: chains come out as if the table had been of this size.
  #grow(): void {
    const size = this.#keys.length * 2;
    const keys = new Uint32Array(size);
    keys.set(this.#keys);
    this.#keys = keys;
    this.#next = new Int32Array(size);
    this.#heads = new Int32Array(size);
    for (let entry = 0; entry < this.#rows * this.#bands; entry++) this.#link(entry);
  }
}
