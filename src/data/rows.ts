// SPDX-License-Identifier: Apache-2.0
import { hash } from "node:crypto";
import { ORIGINS, type Origin } from "../core/example.ts";
import type { TaskDefinition } from "../core/task.ts";
import { type TextColumn, TextColumnBuilder } from "../core/text-column.ts";
import { cleanCell } from "./cleaning.ts";
import { GrowingColumn, NameTable } from "./columns.ts";
import { DropCounter, type DropCounts, type DropReason } from "./drops.ts";
import { KeyTable } from "./key-table.ts";
import { ID_BYTES, RowIdentity } from "./row-id.ts";
import { OUT_OF_SCOPE_LABEL, withoutLabels } from "./split-file.ts";

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

/** A row of {@link TextPool} that names no label. */
export const NO_LABEL = 0xffffffff;

/** Texts that enter no split: seeds for prompts. In the order they came. */
export interface TextPool {
  readonly length: number;
  readonly text: TextColumn;
  readonly textB: TextColumn | null;
  /** Index into the task's labels, or {@link NO_LABEL}. */
  readonly label: Uint32Array;
}

/** What {@link TaskRowsBuilder} collected. */
export interface CollectedRows {
  /** Rows of the roles train, test and eval. */
  readonly rows: TaskRows;
  readonly seeds: TextPool;
  /** Texts that no label fits; null without any. Their role is train, and their drops are their own. */
  readonly outOfScope: OutOfScopeRows | null;
  readonly drops: DropCounts;
}

/** Out-of-scope rows as they were collected. */
export interface OutOfScopeRows {
  readonly rows: TaskRows;
  readonly drops: DropCounts;
}

/** Where rows come from: the name of a dataset, and what its map is for. */
export interface RowOrigin {
  readonly source: string;
  readonly role: Role;
}

interface CleanRow {
  readonly text: string;
  readonly textB: string | null;
  readonly label: number;
}

class PoolBuilder {
  readonly #text = new TextColumnBuilder();
  readonly #textB: TextColumnBuilder | null;
  readonly #label = new GrowingColumn();

  constructor(pair: boolean) {
    this.#textB = pair ? new TextColumnBuilder() : null;
  }

  push(row: CleanRow): void {
    this.#text.push(row.text);
    this.#textB?.push(row.textB ?? "");
    this.#label.push(row.label);
  }

  build(): TextPool {
    return {
      length: this.#label.length,
      text: this.#text.build(),
      textB: this.#textB?.build() ?? null,
      label: this.#label.build(),
    };
  }
}

/** Collects the rows of one task: cleans them, gives them ids, and counts what it drops, and why. */
export class TaskRowsBuilder {
  readonly task: TaskDefinition;
  readonly #pair: boolean;
  readonly #labels: ReadonlyMap<string, number>;
  readonly #identity: RowIdentity;
  readonly #drops = new DropCounter();
  readonly #seeds: PoolBuilder;
  /** Of the same task without labels; null until a row comes. */
  #outOfScope: TaskRowsBuilder | null = null;

  #id = new Uint8Array(1024 * ID_BYTES);
  readonly #text = new TextColumnBuilder();
  readonly #textB: TextColumnBuilder | null;
  readonly #label = new GrowingColumn();
  readonly #source = new GrowingColumn();
  readonly #role = new GrowingColumn();
  readonly #origin = new GrowingColumn();
  readonly #language = new GrowingColumn();
  readonly #group = new GrowingColumn();
  readonly #sources = new NameTable("sources");
  readonly #languages = new NameTable("languages");
  readonly #groups = new KeyTable();

  constructor(task: TaskDefinition) {
    this.task = task;
    this.#pair = task.input === "pair";
    this.#labels = new Map(task.labels.map((label, index) => [label.name, index]));
    this.#identity = new RowIdentity(task.name);
    this.#seeds = new PoolBuilder(this.#pair);
    this.#textB = this.#pair ? new TextColumnBuilder() : null;
  }

  /** Rows kept so far for the splits. */
  get length(): number {
    return this.#label.length;
  }

  /** Takes a row, or drops it: false. */
  push(row: MappedRow, from: RowOrigin): boolean {
    if (from.role === "out_of_scope") return this.#pushOutOfScope(row, from.source);
    const clean = this.#clean(row, from.role);
    if (clean === null) return false;
    if (from.role === "seed") this.#seeds.push(clean);
    else this.#keep(clean, row, from);
    return true;
  }

  #pushOutOfScope(row: MappedRow, source: string): boolean {
    this.#outOfScope ??= new TaskRowsBuilder(withoutLabels(this.task));
    return this.#outOfScope.push({ ...row, label: OUT_OF_SCOPE_LABEL }, { source, role: "train" });
  }

  /** What was collected so far. */
  build(): CollectedRows {
    const length = this.length;
    const rows: TaskRows = {
      task: this.task,
      length,
      id: this.#id.slice(0, length * ID_BYTES),
      text: this.#text.build(),
      textB: this.#textB?.build() ?? null,
      label: this.#label.build(),
      source: Uint16Array.from(this.#source.build()),
      sources: this.#sources.names(),
      role: Uint8Array.from(this.#role.build()),
      origin: Uint8Array.from(this.#origin.build()),
      language: Uint16Array.from(this.#language.build()),
      languages: this.#languages.names(),
      count: new Uint32Array(length).fill(1),
      group: this.#group.build(),
    };
    return {
      rows,
      seeds: this.#seeds.build(),
      outOfScope: this.#outOfScope?.build() ?? null,
      drops: this.#drops.counts(),
    };
  }

  #clean(row: MappedRow, role: Role): CleanRow | null {
    const raw = row.text ?? "";
    const label = this.#labelOf(row.label, role);
    if (typeof label === "string")
      return this.#drop(label, raw, label === "unknown_label" ? (row.label ?? "") : raw);
    const a = cleanCell(row.text);
    if (a.reason !== null) return this.#drop(a.reason, raw);
    if (!this.#pair) return { text: a.text, textB: null, label };
    const b = cleanCell(row.textB);
    if (b.reason !== null) return this.#drop(b.reason, row.textB || raw);
    return { text: a.text, textB: b.text, label };
  }

  /** Index of a label, or why the row can't be used. Seeds may name one. */
  #labelOf(label: string | null, role: Role): number | DropReason {
    if (label === null) return role === "seed" ? NO_LABEL : "null_label";
    return this.#labels.get(label) ?? "unknown_label";
  }

  #drop(reason: DropReason, text: string, key = text): null {
    this.#drops.add(reason, text, key);
    return null;
  }

  #keep(clean: CleanRow, row: MappedRow, from: RowOrigin): void {
    const i = this.length;
    if ((i + 1) * ID_BYTES > this.#id.length) {
      const next = new Uint8Array(this.#id.length * 2);
      next.set(this.#id);
      this.#id = next;
    }
    this.#identity.write(
      this.#id,
      i * ID_BYTES,
      clean.text,
      clean.textB,
      this.task.labels[clean.label]?.name ?? "",
    );
    this.#text.push(clean.text);
    this.#textB?.push(clean.textB ?? "");
    this.#label.push(clean.label);
    const source = this.#sources.code(from.source);
    this.#source.push(source);
    this.#role.push(ROLES.indexOf(from.role));
    this.#origin.push(ORIGINS.indexOf(row.origin));
    this.#language.push(this.#languages.code(row.language ?? ""));
    this.#group.push(row.group === null ? i : this.#groupAnchor(row.group, source, from.role !== "train", i));
  }

  /**
   * First row with the same group value: values count within one source, and apart for official rows,
   * which tie nothing together. Values are held as 64 bits of sha256: at 1.5 million of them the odds that
   * any two meet, and two groups become one, are 1 in 10 million, and nobody can arrange it.
   */
  #groupAnchor(value: string, source: number, official: boolean, row: number): number {
    const hex = hash("sha256", `${source}${official ? "o" : "t"}${value}`, "hex");
    return this.#groups.claim(
      Number.parseInt(hex.slice(0, 8), 16),
      Number.parseInt(hex.slice(8, 16), 16),
      row,
    );
  }
}
