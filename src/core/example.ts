// SPDX-License-Identifier: Apache-2.0
import type { TextColumn } from "./text-column.ts";

export const SPLITS = ["train", "test", "eval"] as const;
/** A part of the rows: to learn from, to measure on, and to stop and calibrate by. */
export type Split = (typeof SPLITS)[number];

/** Where a row comes from; the index is the code in {@link Examples.origin}. */
export const ORIGINS = ["real", "llm_labelled", "synthetic"] as const;
/** Where a row comes from: written by a person, written by one and labelled by an LLM, or written by an LLM. */
export type Origin = (typeof ORIGINS)[number];

/** The rows of one task and one split, column by column; every column has `rows` entries. */
export interface Examples {
  readonly rows: number;
  /** The text of a single-text task, or text_a of a pair. */
  readonly text: TextColumn;
  /** text_b of a pair; null for single-text tasks. */
  readonly textB: TextColumn | null;
  /** Index into the task's labels. */
  readonly label: Uint32Array;
  /** How many source rows this one stands for; train uses it as the row's weight. */
  readonly count: Uint32Array;
  /** Index into {@link ORIGINS}. */
  readonly origin: Uint8Array;
  /** A dense number per group_id: rows of a group belong together in any cross-fitting. */
  readonly group: Uint32Array;
}
