// SPDX-License-Identifier: Apache-2.0

import { type Origin, SPLITS } from "../../src/core/example.ts";
import { mix32 } from "../../src/core/hash.ts";
import type { InputKind, TaskDefinition } from "../../src/core/task.ts";
import { textAt } from "../../src/core/text-column.ts";
import type { SplitRows } from "../../src/data/dataset.ts";
import { type MappedRow, ROLES, type Role, type TaskRows, TaskRowsBuilder } from "../../src/data/rows.ts";

/** A task with these labels. */
export function taskOf(labels: readonly string[], input: InputKind = "text", name = "task"): TaskDefinition {
  return {
    name,
    family: "family",
    input,
    objective: "classification",
    description: "",
    labels: labels.map((label) => ({ name: label, description: "" })),
    default: null,
    targetPrecision: null,
    targetOutOfScopeRecall: null,
    minConfidence: null,
  };
}

/** A row as a test writes it; what is left out is usual. */
export interface RowSpec {
  readonly text: string;
  readonly textB?: string;
  readonly label?: string;
  readonly role?: Role;
  readonly source?: string;
  readonly origin?: Origin;
  readonly language?: string;
  readonly group?: string;
}

/** What a mapping would give for a row. */
export function mapped(spec: Partial<MappedRow>): MappedRow {
  return { text: null, textB: null, label: null, language: null, group: null, origin: "real", ...spec };
}

/** Rows of a task with the labels `a`, `b` and `c`, through the builder. */
export function rowsOf(specs: readonly RowSpec[], task = taskOf(["a", "b", "c"], inputOf(specs))): TaskRows {
  const builder = new TaskRowsBuilder(task);
  for (const { role = "train", source = "source", textB, label = "a", ...rest } of specs) {
    builder.push(mapped({ ...rest, textB: textB ?? null, label }), { source, role });
  }
  return builder.build().rows;
}

function inputOf(specs: readonly RowSpec[]): InputKind {
  return specs.some((spec) => spec.textB !== undefined) ? "pair" : "text";
}

export function idOf(rows: TaskRows, i: number): string {
  return Buffer.from(rows.id.subarray(i * 16, i * 16 + 16)).toString("hex");
}

/** All that is known of row i, with names in place of codes. */
export function describeRow(rows: TaskRows, i: number) {
  return {
    id: idOf(rows, i),
    text: textAt(rows.text, i),
    textB: rows.textB === null ? null : textAt(rows.textB, i),
    label: rows.task.labels[rows.label[i] as number]?.name,
    source: rows.sources[rows.source[i] as number],
    role: ROLES[rows.role[i] as number],
    origin: rows.origin[i],
    language: rows.languages[rows.language[i] as number],
    count: rows.count[i],
    group: idOf(rows, rows.group[i] as number),
  };
}

export function describeRows(rows: TaskRows) {
  return Array.from({ length: rows.length }, (_, i) => describeRow(rows, i));
}

/** Texts of the rows by group, sorted: what the tests of grouping look at. */
export function groupsOf(rows: TaskRows): string[][] {
  const groups = new Map<number, string[]>();
  for (let i = 0; i < rows.length; i++) {
    const root = rows.group[i] as number;
    groups.set(root, [...(groups.get(root) ?? []), textAt(rows.text, i)].sort());
  }
  return [...groups.values()].sort((a, b) => ((a[0] ?? "") < (b[0] ?? "") ? -1 : 1));
}

/** Character 3-grams of a text that is normalized already: the plain definition, for oracles. */
export function gramsOf(text: string): Set<string> {
  if (text.length < 3) return new Set([text]);
  return new Set(Array.from({ length: text.length - 2 }, (_, k) => text.slice(k, k + 3)));
}

export function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let common = 0;
  for (const gram of a) if (b.has(gram)) common++;
  return common / (a.size + b.size - common);
}

/** A task whose rows, in the order of their ids, go to the splits in turn. */
export function dealt(name: string, specs: readonly RowSpec[], labels = ["a", "b", "c"]): SplitRows {
  const rows = rowsOf(specs, taskOf(labels, "text", name));
  return { rows, split: Uint8Array.from({ length: rows.length }, (_, i) => i % SPLITS.length) };
}

/** `words` words of five letters that hardly any other seed has. */
export function lettersOf(seed: number, words: number): string[] {
  return Array.from({ length: words }, (_, w) => {
    let bits = mix32(seed * 64 + w);
    let word = "";
    for (let k = 0; k < 5; k++, bits = Math.floor(bits / 26)) word += String.fromCharCode(97 + (bits % 26));
    return word;
  });
}
