// SPDX-License-Identifier: Apache-2.0
import type { Split } from "../core/example.ts";
import type { InputKind } from "../core/task.ts";

/** Name of the file that holds a split of a family. */
export function splitFile(family: string, split: Split): string {
  return `${family}_${split}.parquet`;
}

/** The columns of a split's file, in order; `count` is an INTEGER and the others are VARCHARs. */
export function splitColumns(input: InputKind): readonly string[] {
  const texts = input === "pair" ? ["text_a", "text_b"] : ["text"];
  return ["id", "task", "label", ...texts, "source", "origin", "language", "count", "group_id", "split"];
}
