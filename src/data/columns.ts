// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";

/** A column of numbers that grows by doubling. */
export class GrowingColumn {
  #values = new Uint32Array(1024);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) {
      const next = new Uint32Array(this.length * 2);
      next.set(this.#values);
      this.#values = next;
    }
    this.#values[this.length++] = value;
  }

  /** The values so far, in an array of their own. */
  build(): Uint32Array<ArrayBuffer> {
    return this.#values.slice(0, this.length);
  }
}

/** Codes are stored in 16 bits; a column with more different values is no language and no source. */
const MAX_NAMES = 0xffff;

/** Gives names codes in the order of their first appearance. A Map: `__proto__` is a name like another. */
export class NameTable {
  readonly #codes = new Map<string, number>();
  readonly #what: string;
  #last = "";
  #lastCode = -1;

  constructor(what: string) {
    this.#what = what;
  }

  code(name: string): number {
    // Rows come in runs of one source and one language: most calls end here.
    if (name === this.#last && this.#lastCode >= 0) return this.#lastCode;
    let code = this.#codes.get(name);
    if (code === undefined) {
      code = this.#codes.size;
      if (code >= MAX_NAMES) {
        throw new ModelpackError("COLUMN_TYPE", `over ${MAX_NAMES} different ${this.#what}`, {
          where: name.slice(0, 80),
          hint: `check that the column named for ${this.#what} is the right one`,
        });
      }
      this.#codes.set(name, code);
    }
    this.#last = name;
    this.#lastCode = code;
    return code;
  }

  names(): readonly string[] {
    return [...this.#codes.keys()];
  }
}
