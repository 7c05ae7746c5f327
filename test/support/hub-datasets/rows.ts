// SPDX-License-Identifier: Apache-2.0
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Random, seededRandom } from "../../../src/core/random.ts";
import { quoteName, quoteText } from "../../../src/data/column.ts";
import { writeParquet } from "../../data/parquet.ts";

// Rows of made-up texts, and Parquet files of them with the schema and the metadata of the real ones.

/** A row as the dataset has it: class labels are numbers. */
export type Row = Readonly<Record<string, unknown>>;

const OPENINGS = [
  "I think that",
  "Could you say whether",
  "We were told that",
  "Nobody knew why",
  "Please note that",
];
const WHO = [
  "my neighbour",
  "the old baker",
  "a tired pilot",
  "our accountant",
  "the night nurse",
  "a young clerk",
];
const DOES = ["painted", "forgot", "sold", "repaired", "borrowed", "counted", "photographed", "carried"];
const WHAT = [
  "the blue bicycle",
  "three umbrellas",
  "a box of nails",
  "the garden gate",
  "her brass lamp",
  "two ladders",
];
const WHERE = [
  "behind the station",
  "near the harbour",
  "in the attic",
  "at the market",
  "on the ferry",
  "by the mill",
];
const WHEN = [
  "before breakfast",
  "last winter",
  "on a Tuesday",
  "after the storm",
  "twice a year",
  "at noon",
];

/** Makes texts of one dataset; no two are the same. */
export class Texts {
  readonly #random: Random;
  readonly #name: string;
  #count = 0;

  constructor(name: string) {
    this.#name = name;
    this.#random = seededRandom(7, name);
  }

  #pick(from: readonly string[]): string {
    return from[this.#random.below(from.length)] ?? "";
  }

  /** One clause with a number of its own. */
  next(about = this.#name): string {
    const number = this.#count++;
    const parts = [OPENINGS, WHO, DOES, WHAT, WHERE, WHEN].map((list) => this.#pick(list));
    return `${parts.join(" ")}, ${about} ${number}.`;
  }

  below(bound: number): number {
    return this.#random.below(bound);
  }
}

export function range<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i));
}

/** The feature of a class label as `datasets` writes it. */
export function classLabel(names: readonly string[]): object {
  return { names, _type: "ClassLabel" };
}

/** Name to DuckDB's type of each column, in order. */
export type Columns = Readonly<Record<string, string>>;

let files = 0;

/** A Parquet file of the rows; `labels` are the features of columns that are no plain values. */
export async function parquetOf(
  rows: readonly Row[],
  columns: Columns,
  labels: Readonly<Record<string, object>> = {},
): Promise<Buffer> {
  const base = join(tmpdir(), `modelpack-rows-${process.pid}-${files++}`);
  const types = Object.entries(columns).map(([name, type]) => `${quoteText(name)}: ${quoteText(type)}`);
  const plain = Object.keys(columns).map((name) => [name, { dtype: "string", _type: "Value" }] as const);
  const features = { ...Object.fromEntries(plain), ...labels };
  try {
    writeFileSync(`${base}.jsonl`, jsonl(rows));
    const from = `read_json(${quoteText(`${base}.jsonl`)}, format = 'newline_delimited', columns = {${types.join(", ")}})`;
    const names = Object.keys(columns).map(quoteName).join(", ");
    await writeParquet(`${base}.parquet`, `SELECT ${names} FROM ${from}`, {
      huggingface: JSON.stringify({ info: { features } }),
    });
    return readFileSync(`${base}.parquet`);
  } finally {
    for (const ending of ["jsonl", "parquet"]) rmSync(`${base}.${ending}`, { force: true });
  }
}

export function jsonl(rows: readonly Row[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

/** The class label of a card's `dataset_info`. */
export function cardLabel(names: readonly string[]): object {
  return { class_label: { names: Object.fromEntries(names.map((name, i) => [String(i), name])) } };
}

/** A config of a card: split to pattern. */
export function cardConfig(
  name: string,
  splits: Readonly<Record<string, string>>,
  more: object = {},
): object {
  const dataFiles = Object.entries(splits).map(([split, path]) => ({ split, path }));
  return { config_name: name, data_files: dataFiles, ...more };
}
