// SPDX-License-Identifier: Apache-2.0

/** Reads a table (rows x `width`, row-major) row by row into one array: a view of its own for each row takes longer. */
export class RowReader<Table extends Float32Array | Float64Array> {
  readonly #table: Table;
  readonly #row: Table;

  constructor(table: Table, width: number) {
    this.#table = table;
    const make = table.constructor as new (length: number) => Table;
    this.#row = new make(width);
  }

  /** The numbers of a row, until the next is read. */
  read(row: number): Table {
    const width = this.#row.length;
    const from = row * width;
    for (let k = 0; k < width; k++) this.#row[k] = this.#table[from + k] as number;
    return this.#row;
  }
}
