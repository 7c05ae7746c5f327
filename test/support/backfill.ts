// SPDX-License-Identifier: Apache-2.0
import { type PromptPools, promptPools, type SeedTexts } from "../../src/backfill/pools.ts";
import type { Wording } from "../../src/backfill/wording.ts";
import { DEFAULT_AXES } from "../../src/config/axes.ts";
import { DEFAULT_PROMPTS } from "../../src/config/prompts.ts";
import { SPLITS, type Split } from "../../src/core/example.ts";
import type { InputKind, TaskDefinition } from "../../src/core/task.ts";
import { textColumn } from "../../src/core/text-column.ts";
import {
  type MappedRow,
  NO_LABEL,
  type TaskRows,
  TaskRowsBuilder,
  type TextPool,
} from "../../src/data/rows.ts";

/** A task of these labels, each with a line of guidance. */
export function taskOf(labels: readonly string[], input: InputKind = "text", name = "topic"): TaskDefinition {
  return {
    name,
    family: "router",
    input,
    objective: "classification",
    description: "What a message is about.",
    labels: labels.map((label) => ({ name: label, description: `About ${label}, in any way.` })),
    default: null,
    targetPrecision: null,
    targetOutOfScopeRecall: null,
    minConfidence: null,
  };
}

/** The wording of an empty config, with a few rows a request. */
export function wordingWith(more: Partial<Wording> = {}): Wording {
  return {
    prompts: DEFAULT_PROMPTS,
    axes: DEFAULT_AXES,
    languages: [],
    temperature: 1.35,
    topP: 0.95,
    maxTokens: 1024,
    batchSize: 8,
    model: "test-model",
    seed: 42,
    ...more,
  };
}

/** A row of a task with its split. */
export interface SplitRow {
  readonly text: string;
  readonly textB?: string;
  readonly label: string;
  readonly split?: Split;
  readonly role?: "train" | "test" | "eval";
}

/** Rows as `prepare` has them when it has split them: in the order given. */
export function splitTask(
  task: TaskDefinition,
  given: readonly SplitRow[],
): { readonly rows: TaskRows; readonly split: Uint8Array } {
  const builder = new TaskRowsBuilder(task);
  for (const { text, textB, label, role = "train" } of given) {
    const row: MappedRow = { text, textB: textB ?? null, label, language: null, group: null, origin: "real" };
    if (!builder.push(row, { source: "rows", role })) throw new Error(`dropped: ${text}`);
  }
  const { rows } = builder.build();
  return { rows, split: Uint8Array.from(given, ({ split = "train" }) => SPLITS.indexOf(split)) };
}

/** Seed texts without labels, or with these. */
export function seedPool(texts: readonly string[], labels?: readonly number[]): TextPool {
  return {
    length: texts.length,
    text: textColumn(texts),
    textB: null,
    label: Uint32Array.from(texts, (_, i) => labels?.[i] ?? NO_LABEL),
  };
}

/** The pools of a task's rows. */
export function poolsOf(
  task: TaskDefinition,
  given: readonly SplitRow[],
  seeds: Partial<SeedTexts> = {},
): PromptPools {
  const { rows, split } = splitTask(task, given);
  const empty = seedPool([]);
  return promptPools(rows, split, { own: empty, shared: empty, loose: [], ...seeds });
}
