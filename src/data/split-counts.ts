// SPDX-License-Identifier: Apache-2.0
import { ORIGINS, type Origin, SPLITS, type Split } from "../core/example.ts";
import type { Engine, Lend } from "./engine.ts";
import { numberedRows } from "./split-file.ts";

/** Rows of a task and label in one split that have their source and origin in common. */
export interface SplitCount {
  readonly split: Split;
  readonly task: string;
  readonly label: string;
  readonly source: string;
  readonly origin: Origin;
  readonly rows: number;
}

/** Counts the rows of a prepared family, by split, then by names; `folder` is a verified version. */
export function countFamily(folder: string, family: string, lend: Lend): Promise<SplitCount[]> {
  return lend(async (engine) => {
    const counts: SplitCount[] = [];
    for (const split of SPLITS) counts.push(...(await countRows(engine, folder, family, split)));
    return counts;
  });
}

async function countRows(
  engine: Engine,
  folder: string,
  family: string,
  split: Split,
): Promise<SplitCount[]> {
  const found: SplitCount[] = [];
  const names = ["task", "label", "source", "origin"];
  const sql =
    `SELECT ${names.map((name) => `encode(${name})`).join(", ")}, count(*)::INTEGER ` +
    `FROM ${numberedRows(folder, family, split)} GROUP BY ${names.join(", ")} ORDER BY ${names.join(", ")}`;
  for await (const batch of engine.stream(sql)) {
    const [tasks, labels, sources, origins] = [0, 1, 2, 3].map((column) => batch.texts(column));
    const counts = batch.integers(4);
    for (let i = 0; i < batch.rows; i++)
      found.push({
        split,
        task: tasks?.[i] ?? "",
        label: labels?.[i] ?? "",
        source: sources?.[i] ?? "",
        origin: ORIGINS.find((origin) => origin === origins?.[i]) ?? "real",
        rows: counts[i] ?? 0,
      });
  }
  return found;
}
