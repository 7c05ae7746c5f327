// SPDX-License-Identifier: Apache-2.0
import type { Origin, Split } from "../core/example.ts";
import type { InputKind } from "../core/task.ts";
import type { AbstentionRecord } from "../training/abstention.ts";
import type { TaskEvidence } from "../training/evidence.ts";
import type { OverallMetrics, TaskMetrics } from "../training/metrics.ts";
import type { ClassificationReport } from "../training/report.ts";
import type { EpochStatistics } from "../training/task-trainer.ts";

/** Everything that the report of a pack shows. Texts, labels and names of datasets are as they came. */
export interface PackReport {
  readonly version: string;
  /** The prepared dataset's version. */
  readonly dataset: string;
  /** The version of modelpack that made the pack. */
  readonly producer: string;
  readonly families: readonly FamilyReport[];
  readonly sources: readonly SourceReport[];
  /** Of the pack, with what covers them: the report and the manifest are not among them. */
  readonly files: readonly FileReport[];
}

export interface FileReport {
  readonly name: string;
  readonly bytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

/** A setting by its name in the TOML. */
export type Setting = readonly [name: string, value: string];

export interface FamilyReport {
  readonly family: string;
  readonly input: InputKind;
  readonly overall: OverallMetrics;
  readonly features: number;
  readonly weights: number;
  /** The model file. */
  readonly file: FileReport;
  readonly settings: readonly Setting[];
  /** In the model's order. */
  readonly tasks: readonly TaskReport[];
  /** Tasks of the config that had no train rows. */
  readonly missing: readonly string[];
}

/** A task's figures on one split. */
export interface SplitReport {
  readonly split: Split;
  readonly metrics: TaskMetrics;
  readonly perLabel: ClassificationReport;
  readonly evidence: TaskEvidence;
}

export interface TaskReport {
  readonly task: string;
  readonly description: string;
  readonly labels: readonly string[];
  readonly default: string | null;
  /** Null without one. */
  readonly minConfidence: number | null;
  /** How the threshold came to be and what it does on test; null without threshold, target and out-of-scope rows. */
  readonly abstention: AbstentionRecord | null;
  readonly calibration: string;
  readonly alpha: number;
  readonly features: number;
  /** Test; eval (cross-fitted) where there are no test rows; null where there are neither. */
  readonly measured: SplitReport | null;
  readonly epochs: readonly EpochStatistics[];
  readonly mistakes: readonly MistakeReport[];
  readonly rows: TaskRows;
  /** What of the settings is other than the family's. */
  readonly settings: readonly Setting[];
}

export interface MistakeReport {
  readonly text: string;
  /** Null for tasks of one text. */
  readonly textB: string | null;
  /** The dataset's name. */
  readonly source: string;
  readonly truth: string;
  readonly predicted: string;
  readonly confidence: number;
  /** What the predicted label was held against: the one that came second; null where there is no other. */
  readonly runnerUp: string | null;
  /** The n-grams that spoke most for the predicted label against the runner-up, and most against it. */
  readonly reasons: readonly Reason[];
}

export interface Reason {
  readonly kind: string;
  readonly text: string;
  /** What it adds to the score of the predicted label, less what it adds to the runner-up's. */
  readonly weight: number;
}

export type SplitRows = Readonly<Record<Split, number>>;

/** Where rows come from: a dataset, and whether an LLM had a part in them. */
export interface RowsFrom {
  readonly source: string;
  readonly origin: Origin;
}

/** A task's rows in the prepared dataset. */
export interface TaskRows {
  /** In the task's order. */
  readonly labels: readonly (SplitRows & { readonly label: string; readonly deficit: number })[];
  /** Every source and origin of its rows. */
  readonly sources: readonly (SplitRows & RowsFrom)[];
  /** The same of each label. */
  readonly labelSources: readonly (SplitRows & RowsFrom & { readonly label: string })[];
  readonly drops: readonly {
    readonly reason: string;
    readonly rows: number;
    readonly examples: readonly string[];
  }[];
  /** What deduplication found, by its names in the dataset's manifest. */
  readonly deduplication: readonly (readonly [name: string, rows: number])[];
  /** Rows that an LLM wrote or labelled and that stood aside, by the reason. */
  readonly steppedAside: readonly (readonly [reason: string, rows: number])[];
  /** Rows over `max_per_task_label`. */
  readonly cut: number;
  readonly outOfScope: number;
}

/** A dataset that rows came from. */
export interface SourceReport {
  readonly name: string;
  readonly license: string;
  /** Commit, id and split on the Hub, or the formats of local files. */
  readonly origin: string;
  readonly rows: number;
  readonly sampled: number;
  /** Rows that cleaning dropped. */
  readonly dropped: number;
  readonly bytes: number;
  /** Of its files, in hexadecimal, one after the other. */
  readonly sha256: readonly string[];
}
