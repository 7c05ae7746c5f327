// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import type { Split } from "../core/example.ts";
import type { InputKind, TaskDefinition } from "../core/task.ts";
import { filePath } from "./engine.ts";

/** Rows that a label of their task fits, or rows that none does, whose label is {@link OUT_OF_SCOPE_LABEL}. */
export type Scope = "in_scope" | "out_of_scope";

/** Stands for no label; no label of a task is empty. */
export const OUT_OF_SCOPE_LABEL = "";

/** A task as its out-of-scope rows have it. */
export function withoutLabels(task: TaskDefinition): TaskDefinition {
  return { ...task, labels: [{ name: OUT_OF_SCOPE_LABEL, description: "" }] };
}

/** Name of the file that holds a split of a family: `router_test.parquet`, `router_test_out_of_scope.parquet`. */
export function splitFile(family: string, split: Split, scope: Scope = "in_scope"): string {
  return `${family}_${split}${scope === "in_scope" ? "" : "_out_of_scope"}.parquet`;
}

/** The columns of a split's file, in order; `count` is an INTEGER and the others are VARCHARs. */
export function splitColumns(input: InputKind): readonly string[] {
  const texts = input === "pair" ? ["text_a", "text_b"] : ["text"];
  return ["id", "task", "label", ...texts, "source", "origin", "language", "count", "group_id", "split"];
}

/** A split's file in a version's folder as SQL reads it: its columns, and the number of each row in the file. */
export function numberedRows(folder: string, family: string, split: Split): string {
  return `read_parquet(${filePath(join(folder, splitFile(family, split)))}, hive_partitioning = false, file_row_number = true)`;
}
