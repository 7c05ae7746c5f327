// SPDX-License-Identifier: Apache-2.0
import type { Origin } from "../core/example.ts";
import type { TaskDefinition } from "../core/task.ts";
import type { TextColumn } from "../core/text-column.ts";

/** What a `[[datasets.map]]` can be for; the index is the code in {@link TaskRows.role}. */
export const ROLES = ["train", "test", "eval", "seed", "out_of_scope"] as const;
export type Role = (typeof ROLES)[number];

/** One row as a mapping gives it, before any cleaning; null is SQL's NULL. */
export interface MappedRow {
  readonly text: string | null;
  /** Null for single-text tasks. */
  readonly textB: string | null;
  readonly label: string | null;
  readonly language: string | null;
  /** Value of the map's `group_column`. */
  readonly group: string | null;
  /** Origin that the source states itself; real where it states none. */
  readonly origin: Origin;
}

/**
 * The rows of one task, column by column: what cleaning collects, deduplication merges and groups, and
 * splitting and balancing select from. Every column has `length` entries.
 */
export interface TaskRows {
  readonly task: TaskDefinition;
  readonly length: number;
  /** 16 bytes a row: 128 bits of sha256 over task, texts and label. */
  readonly id: Uint8Array;
  readonly text: TextColumn;
  readonly textB: TextColumn | null;
  /** Index into `task.labels`. */
  readonly label: Uint32Array;
  /** Index into `sources`, the names of datasets. */
  readonly source: Uint16Array;
  readonly sources: readonly string[];
  /** Index into ROLES. */
  readonly role: Uint8Array;
  /** Index into ORIGINS. */
  readonly origin: Uint8Array;
  /** Index into `languages`; "" is a row that states none. */
  readonly language: Uint16Array;
  readonly languages: readonly string[];
  /** How many source rows this one stands for. */
  readonly count: Uint32Array;
  /** Row whose id is the group_id of this row's group (the smallest id of the group). */
  readonly group: Uint32Array;
}

/** No split: the row was left out by a cap. */
export const NO_SPLIT = 255;
