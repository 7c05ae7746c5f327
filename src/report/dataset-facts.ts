// SPDX-License-Identifier: Apache-2.0
import { type Origin, SPLITS, type Split } from "../core/example.ts";
import type { InputKind } from "../core/task.ts";

// What the cards read of a dataset's manifest.json.

/** Rows by origin. */
export type OriginRows = Readonly<Record<Origin, number>>;

export interface LabelFacts {
  readonly label: string;
  /** Rows by origin, official ones apart. */
  readonly train: OriginRows;
  readonly test: OriginRows;
  readonly eval: OriginRows;
  readonly official: { readonly test: number; readonly eval: number };
  /** Rows over the cap, and rows that lack to the target. */
  readonly cut: number;
  readonly deficit: number;
}

/** Rows that were dropped or merged for one reason. */
export interface DropFacts {
  readonly reason: string;
  readonly rows: number;
}

export interface TaskFacts {
  readonly task: string;
  readonly family: string;
  readonly labels: readonly LabelFacts[];
  readonly drops: readonly DropFacts[];
  readonly deduplication: {
    readonly near_duplicate_rows: number;
    readonly groups: number;
    readonly largest_group: number;
    readonly official_rows_near_train: number;
    readonly pair_grouping: "both" | "text_a" | null;
  };
  /** Shares by which its rows were dealt to the splits, official ones apart. */
  readonly split_ratios: Readonly<Record<Split, number>>;
  /** What became of texts that no label fits; left out where there are none. */
  readonly out_of_scope_rows?: {
    readonly test: number;
    readonly eval: number;
    readonly exact_duplicates: number;
    readonly near_in_scope: number;
    readonly cut: number;
    readonly drops: readonly DropFacts[];
  };
  /** Rows that state a language, by what they state; a manifest from before there was such a list has none. */
  readonly languages?: readonly { readonly language: string; readonly rows: number }[];
  readonly backfill?: {
    readonly accepted: number;
    readonly stepped_aside: Readonly<Record<string, number>>;
  };
}

export interface SourceFacts {
  readonly dataset: string;
  /** Empty where none is stated. */
  readonly license: string;
  /** Of the Hub; local files have none. */
  readonly hub?: {
    readonly dataset_id: string;
    readonly config: string;
    readonly split: string;
    readonly commit: string;
  };
  readonly files: readonly { readonly sha256: string; readonly bytes: number }[];
  /** Rows in the files, and how many of them were taken. */
  readonly rows: number;
  readonly sampled: number;
  readonly maps: readonly {
    readonly task: string | null;
    readonly role: string;
    readonly rows: number;
    readonly dropped: number;
  }[];
}

export interface DatasetFacts {
  readonly version: string;
  readonly producer: { readonly modelpack: string; readonly duckdb: string };
  readonly config: {
    readonly prepare: {
      readonly seed: number;
      readonly train_ratio: number;
      readonly test_ratio: number;
      readonly eval_ratio: number;
      readonly max_per_task_label: number;
      readonly target_per_task_label: number;
      readonly near_duplicate_threshold: number;
      readonly min_real_holdout: number;
    };
    readonly tasks: readonly {
      readonly name: string;
      readonly family: string;
      readonly input: InputKind;
      readonly description: string;
      readonly labels: readonly { readonly name: string; readonly description: string }[];
    }[];
  };
  /** Rows of each source at most, of a quick run; null where all were taken. */
  readonly sample: number | null;
  readonly sources: readonly SourceFacts[];
  /** Files of an earlier pipeline. */
  readonly bootstrap: readonly { readonly name: string; readonly sha256: string; readonly used: number }[];
  /** Datasets that are not required and could not be had. */
  readonly skipped: readonly { readonly dataset: string }[];
  /** Rows that an LLM wrote; left out where there are none. */
  readonly backfill?: {
    readonly rows: number;
    readonly sha256: string;
    /** The models that wrote them, by the server's own names. */
    readonly models?: readonly { readonly model: string; readonly rows: number }[];
  };
  readonly tasks: readonly TaskFacts[];
}

/** Rows of a label in a split, by origin; official rows are real. */
export function rowsIn(label: LabelFacts, split: Split): OriginRows {
  const rows = label[split];
  return split === "train" ? rows : { ...rows, real: rows.real + label.official[split] };
}

/** Rows of a task in a split, by origin. */
export function taskRowsIn({ labels }: TaskFacts, split: Split): OriginRows {
  const sum = { real: 0, llm_labelled: 0, synthetic: 0 };
  for (const label of labels) {
    const rows = rowsIn(label, split);
    sum.real += rows.real;
    sum.llm_labelled += rows.llm_labelled;
    sum.synthetic += rows.synthetic;
  }
  return sum;
}

/** Rows of a task in all splits, by origin. */
export function rowsByOrigin(task: TaskFacts): OriginRows {
  const parts = SPLITS.map((split) => taskRowsIn(task, split));
  const sum = (origin: Origin) => parts.reduce((rows, part) => rows + part[origin], 0);
  return { real: sum("real"), llm_labelled: sum("llm_labelled"), synthetic: sum("synthetic") };
}

/** Rows of every origin together. */
export function totalOf({ real, llm_labelled, synthetic }: OriginRows): number {
  return real + llm_labelled + synthetic;
}

/** ISO 639 codes, two or three letters, of the languages that rows state; what is no code is left out. */
export function languageCodes(tasks: readonly TaskFacts[]): string[] {
  const stated = tasks.flatMap(({ languages = [] }) => languages.map(({ language }) => language));
  const codes = stated.flatMap(
    (text) => /^([a-z]{2,3})(?:[-_][A-Za-z0-9_-]*)?$/i.exec(text)?.[1]?.toLowerCase() ?? [],
  );
  return [...new Set(codes)].sort();
}

/** Ids of the Hub's datasets, each once. */
export function hubIds(sources: readonly SourceFacts[]): string[] {
  return [...new Set(sources.flatMap(({ hub }) => hub?.dataset_id ?? []))];
}
