// SPDX-License-Identifier: Apache-2.0
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type ErrorCode, ModelpackError } from "../core/error.ts";
import { type Examples, ORIGINS, type Origin, type Split } from "../core/example.ts";
import type { InputKind, TaskDefinition } from "../core/task.ts";
import { TextColumnBuilder } from "../core/text-column.ts";
import { quoteText } from "./column.ts";
import { GrowingColumn } from "./columns.ts";
import { type Batch, type Engine, withEngine } from "./engine.ts";
import { engineMessage } from "./refusal.ts";
import { splitColumns, splitFile } from "./split-file.ts";

/**
 * The rows of a family's split, for each of `tasks` those of the task in the order of their ids. A task
 * or label that `tasks` does not have, and a file that writeFamily did not write, are errors.
 */
export async function readExamples(
  folder: string,
  family: string,
  split: Split,
  tasks: readonly TaskDefinition[],
): Promise<ReadonlyMap<string, Examples>> {
  const name = splitFile(family, split);
  const path = join(folder, name);
  if (!(await stat(path).catch(() => undefined))?.isFile()) {
    throw refusal("DATASET_MISMATCH", `the dataset has no file ${name}`, path);
  }
  const input = tasks[0]?.input ?? "text";
  const collectors = new Map(tasks.map((task) => [task.name, new Collector(task, path)]));
  try {
    await withEngine((engine) => collect(engine, path, { input, split, collectors }));
  } catch (error) {
    if (error instanceof ModelpackError) throw error;
    throw refusal("DATASET_CORRUPT", `${name} can't be read: ${engineMessage(error)}`, path, error);
  }
  return new Map([...collectors].map(([task, collector]) => [task, collector.build()]));
}

interface Target {
  readonly input: InputKind;
  readonly split: Split;
  readonly collectors: ReadonlyMap<string, Collector>;
}

async function collect(engine: Engine, path: string, target: Target): Promise<void> {
  // In brackets, characters of a pattern stand for themselves.
  const from = `read_parquet(${quoteText(path.replace(/[*?[]/g, "[$&]"))}, hive_partitioning = false)`;
  await checkColumns(engine, from, path, target.input);
  const texts = target.input === "pair" ? ["text_a", "text_b"] : ["text"];
  const others = ["task", "label", "origin", "split", ...texts].map((name) => `encode("${name}")`);
  const sql = `SELECT unhex(id), unhex(group_id), "count", ${others.join(", ")} FROM ${from}`;
  for await (const batch of engine.stream(sql)) collectBatch(batch, path, target);
}

async function checkColumns(engine: Engine, from: string, path: string, input: InputKind): Promise<void> {
  const { columns } = await engine.inspect(`SELECT * FROM ${from}`);
  const found = columns.map((column) => `${column.name} ${column.type.sql}`).join(", ");
  const expected = splitColumns(input)
    .map((name) => `${name} ${name === "count" ? "INTEGER" : "VARCHAR"}`)
    .join(", ");
  if (found === expected) return;
  throw refusal("DATASET_MISMATCH", `the columns are ${found}, where ${expected} were expected`, path);
}

function collectBatch(batch: Batch, path: string, { collectors, split }: Target): void {
  const [ids, groups] = [batch.bytes(0), batch.bytes(1)];
  const counts = batch.integers(2);
  const [tasks, labels, origins, splits] = [batch.texts(3), batch.texts(4), batch.texts(5), batch.texts(6)];
  const texts = batch.texts(7);
  const textsB = batch.columns > 8 ? batch.texts(8) : undefined;
  for (let i = 0; i < batch.rows; i++) {
    const [id, group, count, text] = [ids[i], groups[i], counts[i], texts[i]];
    const [task, label, origin] = [tasks[i], labels[i], origins[i]];
    const textB = textsB === undefined ? null : textsB[i];
    const isWhole =
      id != null &&
      group != null &&
      text != null &&
      textB !== undefined &&
      (textsB === undefined || textB !== null);
    if (!isWhole || count == null || count < 1 || task == null || label == null || splits[i] !== split) {
      throw refusal("DATASET_CORRUPT", "a row lacks a value, or is of another split", path);
    }
    const collector = collectors.get(task);
    if (collector === undefined)
      throw refusal("DATASET_MISMATCH", `the TOML has no task ${JSON.stringify(task)}`, path);
    collector.push({ id: latin1(id), group: latin1(group), count, label, origin: origin ?? "", text, textB });
  }
}

// 16 bytes as a string of 16 characters: the smallest key that a Map compares by value.
function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

interface StoredRow {
  readonly id: string;
  readonly group: string;
  readonly count: number;
  readonly label: string;
  readonly origin: string;
  readonly text: string;
  readonly textB: string | null;
}

/** Collects the rows of one task. */
class Collector {
  readonly #task: TaskDefinition;
  readonly #path: string;
  readonly #labels: ReadonlyMap<string, number>;
  readonly #text = new TextColumnBuilder();
  readonly #textB: TextColumnBuilder | null;
  readonly #label = new GrowingColumn();
  readonly #count = new GrowingColumn();
  readonly #origin = new GrowingColumn();
  readonly #group = new GrowingColumn();
  readonly #groups = new Map<string, number>();
  #lastId = "";

  constructor(task: TaskDefinition, path: string) {
    this.#task = task;
    this.#path = path;
    this.#labels = new Map(task.labels.map((label, i) => [label.name, i]));
    this.#textB = task.input === "pair" ? new TextColumnBuilder() : null;
  }

  push(row: StoredRow): void {
    const label = this.#labels.get(row.label);
    if (label === undefined) {
      const name = `task ${JSON.stringify(this.#task.name)}`;
      throw refusal("DATASET_MISMATCH", `${name} has no label ${JSON.stringify(row.label)}`, this.#path);
    }
    const origin = ORIGINS.indexOf(row.origin as Origin);
    if (origin < 0)
      throw refusal("DATASET_CORRUPT", `there is no origin ${JSON.stringify(row.origin)}`, this.#path);
    // Latin-1 strings compare as their bytes do; official rows may share an id.
    if (row.id < this.#lastId)
      throw refusal("DATASET_CORRUPT", "the rows are not in the order of their ids", this.#path);
    this.#lastId = row.id;
    this.#text.push(row.text);
    this.#textB?.push(row.textB ?? "");
    this.#label.push(label);
    this.#count.push(row.count);
    this.#origin.push(origin);
    this.#group.push(this.#groupNumber(row.group));
  }

  #groupNumber(group: string): number {
    const known = this.#groups.get(group);
    if (known !== undefined) return known;
    const next = this.#groups.size;
    this.#groups.set(group, next);
    return next;
  }

  build(): Examples {
    return {
      rows: this.#text.length,
      text: this.#text.build(),
      textB: this.#textB?.build() ?? null,
      label: this.#label.build(),
      count: this.#count.build(),
      origin: Uint8Array.from(this.#origin.build()),
      group: this.#group.build(),
    };
  }
}

function refusal(code: ErrorCode, message: string, path: string, cause?: unknown): ModelpackError {
  return new ModelpackError(code, message, { where: path, hint: "run prepare again", cause });
}
