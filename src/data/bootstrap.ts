// SPDX-License-Identifier: Apache-2.0
import { basename } from "node:path";
import { ModelpackError } from "../core/error.ts";
import { ORIGINS, type Origin } from "../core/example.ts";
import { textPath } from "./column.ts";
import { type Batch, filePath, type Statement, withEngine } from "./engine.ts";
import { engineMessage } from "./refusal.ts";
import type { MappedRow } from "./rows.ts";
import { rowDigest } from "./sample.ts";

/** A row of a bootstrap file, which names its task and its dataset itself. */
export interface BootstrapRow {
  readonly task: string;
  readonly source: string;
  readonly row: MappedRow;
}

/** What a bootstrap file may hold; those without a `?` must be there. */
const COLUMNS = ["task", "label", "source", "text?", "text_a?", "text_b?", "origin?", "language?"] as const;

/**
 * Reads a `<family>_<split>.parquet` of another pipeline of the same config keys, a batch at a time: all of
 * it, or the `most` rows with the smallest digests; returns their number. Its columns: task, label, source
 * and text, or text_a and text_b; origin and language where it has them. Rows without a task or source are
 * an error.
 */
export async function readBootstrap(
  file: string,
  most: number | null,
  take: (rows: readonly BootstrapRow[]) => void,
): Promise<number> {
  return withEngine(async (engine) => {
    const from = `read_parquet(${filePath(file)}, hive_partitioning = false)`;
    const statement = await engine.inspect(`SELECT * FROM ${from}`).catch((error: unknown) => {
      throw refusal(
        "SOURCE_UNREADABLE",
        `the file can't be read as parquet: ${engineMessage(error)}`,
        file,
        error,
      );
    });
    const selected = selectedColumns(statement, file);
    const items = [...selected.values()].map((sql) => `encode(${sql})`);
    const { row, digest } = rowDigest(statement.columns);
    const sampled =
      most === null ? from : `(SELECT * FROM ${from} AS ${row} ORDER BY ${digest} LIMIT ${most})`;
    const batches = engine.stream(`SELECT ${items.join(", ")} FROM ${sampled}`);
    let total = 0;
    for (;;) {
      const next = await batches.next().catch((error: unknown) => {
        throw refusal("SOURCE_UNREADABLE", `the file can't be read: ${engineMessage(error)}`, file, error);
      });
      if (next.done === true) return total;
      total += next.value.rows;
      take(bootstrapRows(next.value, [...selected.keys()], file));
    }
  });
}

function selectedColumns({ columns }: Statement, file: string): ReadonlyMap<string, string> {
  const names = columns.map((column) => column.name);
  const isPair = names.includes("text_a");
  const selected = new Map<string, string>();
  for (const column of COLUMNS) {
    const name = column.replace("?", "");
    const isText = name.startsWith("text");
    if (isText && (name === "text") === isPair) continue;
    if (!isText && column.endsWith("?") && !names.includes(name)) continue;
    const found = textPath(columns, name);
    if ("sql" in found) selected.set(name, found.sql);
    else if (found.problem === "type")
      throw refusal("COLUMN_TYPE", `column ${name} holds ${found.type.sql}, which can't be text`, file);
    else
      throw refusal(
        "COLUMN_MISSING",
        `there is no column ${name}; there are ${names.slice(0, 20).join(", ")}`,
        file,
      );
  }
  return selected;
}

function bootstrapRows(batch: Batch, names: readonly string[], file: string): readonly BootstrapRow[] {
  const texts = (name: string) => {
    const column = names.indexOf(name);
    return column < 0 ? undefined : batch.texts(column);
  };
  const [tasks, sources, text, textA, textB] = ["task", "source", "text", "text_a", "text_b"].map(texts);
  const [labels, origins, languages] = ["label", "origin", "language"].map(texts);
  return Array.from({ length: batch.rows }, (_, i) => {
    const [task, source] = [tasks?.[i], sources?.[i]];
    if (task == null || source == null)
      throw refusal("SOURCE_UNREADABLE", "a row has no task or no source", file);
    const row: MappedRow = {
      text: (text ?? textA)?.[i] ?? null,
      textB: textB?.[i] ?? null,
      label: labels?.[i] ?? null,
      // An empty language is none, as in the files that modelpack writes.
      language: languages?.[i] || null,
      group: null,
      origin: originOf(origins?.[i] ?? "real", file),
    };
    return { task, source, row };
  });
}

function originOf(name: string, file: string): Origin {
  const origin = ORIGINS.find((one) => one === name);
  if (origin !== undefined) return origin;
  throw refusal(
    "SOURCE_UNREADABLE",
    `there is no origin ${JSON.stringify(name)}; there are ${ORIGINS.join(", ")}`,
    file,
  );
}

function refusal(
  code: "SOURCE_UNREADABLE" | "COLUMN_MISSING" | "COLUMN_TYPE",
  message: string,
  file: string,
  cause?: unknown,
): ModelpackError {
  return new ModelpackError(code, `${basename(file)}: ${message}`, {
    where: file,
    hint: "leave the file out with --force-full, or write it again",
    cause,
  });
}
