// SPDX-License-Identifier: Apache-2.0
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { type ErrorCode, ModelpackError } from "../core/error.ts";
import { type Examples, ORIGINS, type Split } from "../core/example.ts";
import type { InputKind, TaskDefinition } from "../core/task.ts";
import type { TextColumn } from "../core/text-column.ts";
import { quoteText } from "./column.ts";
import { GrowingColumn } from "./columns.ts";
import { type Batch, type Engine, filePath, type Lend, withEngine } from "./engine.ts";
import { KeyTable } from "./key-table.ts";
import { engineMessage } from "./refusal.ts";
import { selectTexts } from "./selection.ts";
import { type Scope, splitColumns, splitFile, withoutLabels } from "./split-file.ts";
import { readTexts } from "./text-reading.ts";

/**
 * The rows of a family's split, for each of `tasks` those of the task in the order of their ids. A task
 * or label that `tasks` does not have, and a value that no file of writeFamily has, are errors; any text of 32 characters
 * is a group's id. `lend` gives the engine that reads.
 */
export async function readExamples(
  folder: string,
  family: string,
  split: Split,
  tasks: readonly TaskDefinition[],
  scope: Scope = "in_scope",
  lend: Lend = withEngine,
): Promise<ReadonlyMap<string, Examples>> {
  const name = splitFile(family, split, scope);
  const path = join(folder, name);
  if (!(await stat(path).catch(() => undefined))?.isFile()) {
    throw refusal("DATASET_MISMATCH", `the dataset has no file ${name}`, path);
  }
  try {
    return await lend((engine) => collect(engine, path, split, tasks));
  } catch (error) {
    if (error instanceof ModelpackError) throw error;
    throw refusal("DATASET_CORRUPT", `${name} can't be read: ${engineMessage(error)}`, path, error);
  }
}

/** Size of the file that holds a family's split; 0 where there is none. */
export async function splitBytes(folder: string, family: string, split: Split): Promise<number> {
  const found = await stat(join(folder, splitFile(family, split))).catch(() => undefined);
  return found?.size ?? 0;
}

/**
 * The out-of-scope rows of a family's split, by task; none where the dataset has no file of them. Their label is 0 and
 * means nothing.
 */
export async function readOutOfScope(
  folder: string,
  family: string,
  split: Split,
  tasks: readonly TaskDefinition[],
  lend: Lend = withEngine,
): Promise<ReadonlyMap<string, Examples>> {
  const path = join(folder, splitFile(family, split, "out_of_scope"));
  if (split === "train" || (await stat(path).catch(() => undefined)) === undefined) return new Map();
  return readExamples(folder, family, split, tasks.map(withoutLabels), "out_of_scope", lend);
}

async function collect(
  engine: Engine,
  path: string,
  split: Split,
  tasks: readonly TaskDefinition[],
): Promise<ReadonlyMap<string, Examples>> {
  const input = tasks[0]?.input ?? "text";
  await engine.run(
    `CREATE VIEW rows AS SELECT * FROM read_parquet(${filePath(path)}, hive_partitioning = false, file_row_number = true)`,
  );
  await checkColumns(engine, path, input);
  // Names become codes inside DuckDB: decoding four of them for each row took as long as all the rest.
  const taskNames = await engine.createEnum(
    "task_name",
    tasks.map((task) => task.name),
  );
  const labelNames = await engine.createEnum(
    "label_name",
    tasks.flatMap((task) => task.labels.map((label) => label.name)),
  );
  const byName = new Map(tasks.map((task) => [task.name, new Collector(task, labelNames)]));
  const collectors = taskNames.map((name) => byName.get(name) as Collector);
  const lengths = textColumns(input).map(() => new GrowingColumn());
  for await (const batch of engine.stream(selectRows(input, split))) {
    const bad = collectBatch(batch, collectors, lengths);
    if (bad) throw await reasonOf(engine, path, split, input, tasks);
  }
  const texts = await readTexts(
    engine,
    textColumns(input),
    lengths.map((column) => column.build()),
  );
  return new Map([...byName].map(([name, collector]) => [name, collector.build(texts)]));
}

async function checkColumns(engine: Engine, path: string, input: InputKind): Promise<void> {
  const { columns } = await engine.inspect("SELECT * EXCLUDE (file_row_number) FROM rows");
  const found = columns.map((column) => `${column.name} ${column.type.sql}`).join(", ");
  const typed = splitColumns(input).map((name) => `${name} ${name === "count" ? "INTEGER" : "VARCHAR"}`);
  if (found === typed.join(", ")) return;
  throw refusal(
    "DATASET_MISMATCH",
    `the columns are ${found}, where ${typed.join(", ")} were expected`,
    path,
  );
}

function textColumns(input: InputKind): readonly string[] {
  return input === "pair" ? ["text_a", "text_b"] : ["text"];
}

/** Numbers of each row, and the length of its texts in bytes. Every value that is not as it must be is NULL. */
function selectRows(input: InputKind, split: Split): string {
  const origins = ORIGINS.map((origin, i) => `WHEN ${quoteText(origin)} THEN ${i}`).join(" ");
  const items = [
    "enum_code(TRY_CAST(task AS task_name))::INTEGER",
    "enum_code(TRY_CAST(label AS label_name))::INTEGER",
    `CASE origin ${origins} END::INTEGER`,
    `CASE WHEN split = ${quoteText(split)} AND "count" > 0 THEN "count" END`,
    // 64 bits of the group for KeyTable: that two groups are taken for one happens once in 10^7 datasets of a million rows,
    // and then they share a fold.
    groupWord("hash(group_id) >> 32"),
    groupWord("hash(group_id) & 4294967295"),
    ...textColumns(input).map((name) => `strlen(${name})::INTEGER`),
  ];
  return `SELECT ${items.join(", ")} FROM rows`;
}

/** 32 bits as a number that fits an INTEGER; NULL where the group is none. */
function groupWord(bits: string): string {
  return `CASE length(group_id) WHEN 32 THEN (${bits})::BIGINT - 2147483648 END::INTEGER`;
}

/** Takes over the numbers of some rows; true where one of them is not as it must be. */
function collectBatch(
  batch: Batch,
  collectors: readonly Collector[],
  lengths: readonly GrowingColumn[],
): boolean {
  const [tasks = [], labels = [], origins = [], counts = [], high = [], low = [], ...bytes] = Array.from(
    { length: batch.columns },
    (_, column) => batch.integers(column),
  );
  for (let i = 0; i < batch.rows; i++) {
    const collector = collectors[tasks[i] ?? -1];
    const [label, origin, count] = [labels[i], origins[i], counts[i]];
    if (collector === undefined || label == null || origin == null || count == null) return true;
    if (high[i] == null || low[i] == null) return true;
    const row = lengths[0]?.length as number;
    for (let t = 0; t < bytes.length; t++) {
      const length = bytes[t]?.[i];
      if (length == null) return true;
      lengths[t]?.push(length);
    }
    const group = { high: high[i] as number, low: low[i] as number };
    if (!collector.push(row, label, origin, count, group)) return true;
  }
  return false;
}

/** What is wrong with the file, once a row of it is known to be. */
async function reasonOf(
  engine: Engine,
  path: string,
  split: Split,
  input: InputKind,
  tasks: readonly TaskDefinition[],
): Promise<ModelpackError> {
  const labels = new Map(tasks.map((task) => [task.name, new Set(task.labels.map((label) => label.name))]));
  const pairs = await engine.rows(
    "SELECT DISTINCT task, label FROM rows WHERE task IS NOT NULL AND label IS NOT NULL ORDER BY ALL",
  );
  for (const [task, label] of pairs) {
    const known = labels.get(task ?? "");
    if (known === undefined)
      return refusal("DATASET_MISMATCH", `the TOML has no task ${JSON.stringify(task)}`, path);
    if (known.has(label ?? "")) continue;
    return refusal(
      "DATASET_MISMATCH",
      `task ${JSON.stringify(task)} has no label ${JSON.stringify(label)}`,
      path,
    );
  }
  const missing = splitColumns(input)
    .map((name) => `"${name}" IS NULL`)
    .join(" OR ");
  const missed = await engine.count(`SELECT count(*) FROM rows WHERE ${missing}`);
  const says =
    missed > 0
      ? `${missed} rows lack a value`
      : `a row is not of the split ${split}, or its count, origin or group is none`;
  return refusal("DATASET_CORRUPT", says, path);
}

/** 64 bits that DuckDB makes of a group's id. */
interface GroupKey {
  readonly high: number;
  readonly low: number;
}

/** Collects the rows of one task. */
class Collector {
  /** Index into the task's labels of each code of the enum; -1 where it is another task's. */
  readonly #labels: Int32Array;
  /** Each row's number in the file. */
  readonly #row = new GrowingColumn();
  readonly #label = new GrowingColumn();
  readonly #count = new GrowingColumn();
  readonly #origin = new GrowingColumn();
  readonly #group = new GrowingColumn();
  readonly #groups = new KeyTable();
  #groupCount = 0;

  constructor(task: TaskDefinition, labelNames: readonly string[]) {
    const index = new Map(task.labels.map((label, i) => [label.name, i]));
    this.#labels = Int32Array.from(labelNames, (name) => index.get(name) ?? -1);
  }

  /** False where the label is not one of the task's. */
  push(row: number, label: number, origin: number, count: number, group: GroupKey): boolean {
    const index = this.#labels[label] ?? -1;
    if (index < 0) return false;
    this.#row.push(row);
    this.#label.push(index);
    this.#origin.push(origin);
    this.#count.push(count);
    this.#group.push(this.#groupNumber(group));
    return true;
  }

  #groupNumber({ high, low }: GroupKey): number {
    const number = this.#groups.claim(high >>> 0, low >>> 0, this.#groupCount);
    if (number === this.#groupCount) this.#groupCount++;
    return number;
  }

  /** `texts` are those of all rows of the file, by column. */
  build([text, textB]: readonly TextColumn[]): Examples {
    const rows = this.#row.build();
    return {
      rows: rows.length,
      text: selectTexts(text as TextColumn, rows),
      textB: textB === undefined ? null : selectTexts(textB, rows),
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
