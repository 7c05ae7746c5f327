// SPDX-License-Identifier: Apache-2.0
import { log } from "../core/elementary.ts";
import type { Origin } from "../core/example.ts";
import type { Answered } from "./abstention.ts";
import { measureAnswered } from "./answered.ts";
import { type Answers, calibrationError, calibrationErrorBand } from "./calibration-error.ts";
import { type ConfusionScores, confusionScores, countConfusion } from "./confusion.ts";
import type { RowAnswers } from "./row-answers.ts";
import { numbersOf, rowsFrom } from "./row-selection.ts";

/** What a model says about the rows of one task and one split. Every row counts once, whatever its `count`. */
export interface Predictions {
  /** The task's K labels, in its order. */
  readonly labels: readonly string[];
  /** The right label of each row, an index below K. */
  readonly truth: Uint32Array;
  readonly calibrated: RowAnswers;
  /** Before calibration (the softmax). */
  readonly uncalibrated: RowAnswers;
  /** Code of each row's origin, as in Examples. */
  readonly origin: Uint8Array;
  /** Confidence under which the default answers; null for none. */
  readonly minConfidence: number | null;
}

/** Figures that can be averaged over tasks: F1 and accuracy in [0, 1], log loss in nats. */
export interface Scores extends ConfusionScores {
  /** Mean of -ln p(truth), p not under 1e-15. */
  readonly log_loss: number | null;
  /** Expected calibration error in [0, 1]: top label, 10 equal bins: {@link calibrationError}. */
  readonly ece: number | null;
  readonly ece_uncalibrated: number | null;
}

export interface SubsetMetrics extends Scores {
  readonly rows: number;
  /** What `ece` would stay under 95 times in 100 if the same confidences were perfectly calibrated. */
  readonly ece_band_95: number | null;
  /** What the threshold does; null without one. */
  readonly answered: Answered | null;
  /** [truth][predicted], both in label order. */
  readonly confusion_matrix: readonly (readonly number[])[];
}

/** A task's figures over all rows, and over those of each origin (null where there are none). */
export interface TaskMetrics extends SubsetMetrics {
  readonly labels: readonly string[];
  readonly real: SubsetMetrics | null;
  readonly llm_labelled: SubsetMetrics | null;
  readonly synthetic: SubsetMetrics | null;
}

/** Unweighted means over `tasks` tasks that have `rows` rows between them. */
export interface OverallScores extends Scores {
  readonly tasks: number;
  readonly rows: number;
}

export interface OverallMetrics extends OverallScores {
  readonly real: OverallScores | null;
  readonly llm_labelled: OverallScores | null;
  readonly synthetic: OverallScores | null;
}

const LEAST_PROBABILITY = 1e-15;
/** A calibration error under this is small whatever the number of rows. */
export const SMALL_ECE = 0.02;

/** Whether a calibration error is more than small, and than a perfectly calibrated model would show. */
export function isMiscalibrated({ ece, ece_band_95 }: Pick<SubsetMetrics, "ece" | "ece_band_95">): boolean {
  return (ece ?? 0) > Math.max(ece_band_95 ?? 0, SMALL_ECE);
}

/** Every figure of one task and split. Without rows the figures are null. */
export function taskMetrics(p: Predictions): TaskMetrics {
  const all = numbersOf(p.truth.length);
  const whole = subsetMetrics(p, all);
  return {
    ...whole,
    labels: p.labels,
    ...byOrigin((origin) => {
      const rows = rowsFrom(origin, p.origin);
      if (rows.length === 0) return null;
      return rows.length === all.length ? whole : subsetMetrics(p, rows);
    }),
  };
}

/** Unweighted means over the tasks that have rows (of that origin); null where none has. */
export function overallMetrics(tasks: readonly TaskMetrics[]): OverallMetrics {
  return {
    ...average(tasks),
    ...byOrigin((origin) => {
      const subsets = tasks.map((task) => task[origin]).filter((subset) => subset !== null);
      return subsets.length === 0 ? null : average(subsets);
    }),
  };
}

function byOrigin<T>(of: (origin: Origin) => T): Readonly<Record<Origin, T>> {
  return { real: of("real"), llm_labelled: of("llm_labelled"), synthetic: of("synthetic") };
}

function subsetMetrics(p: Predictions, rows: Uint32Array): SubsetMetrics {
  const labels = p.labels.length;
  const confusion = countConfusion(p.truth, p.calibrated.predicted, labels, rows);
  const answers = answersOf(p.calibrated, p.truth, rows);
  return {
    rows: rows.length,
    ...confusionScores(confusion, labels),
    log_loss: logLoss(p.calibrated, rows),
    ece: calibrationError(answers),
    ece_band_95: calibrationErrorBand(answers.confidence),
    ece_uncalibrated: calibrationError(answersOf(p.uncalibrated, p.truth, rows)),
    answered: p.minConfidence === null ? null : measureAnswered(answers, p.minConfidence),
    confusion_matrix: p.labels.map((_, k) => [...confusion.subarray(k * labels, (k + 1) * labels)]),
  };
}

function logLoss({ chance }: RowAnswers, rows: Uint32Array): number | null {
  let sum = 0;
  for (const row of rows) sum -= log(Math.max(chance[row] as number, LEAST_PROBABILITY));
  return rows.length === 0 ? null : sum / rows.length;
}

/** Confidence in each of `rows`, and whether the label was right; `truth` of all rows that were answered. */
export function answersOf(
  { predicted, confidence }: Omit<RowAnswers, "chance">,
  truth: Uint32Array,
  rows: Uint32Array,
): Answers {
  const sure = new Float64Array(rows.length);
  const right = new Uint8Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i] as number;
    sure[i] = confidence[row] as number;
    right[i] = predicted[row] === truth[row] ? 1 : 0;
  }
  return { confidence: sure, right };
}

function average(subsets: readonly (Scores & { readonly rows: number })[]): OverallScores {
  const counted = subsets.filter((subset) => subset.rows > 0);
  const mean = (name: keyof Scores): number | null => {
    let sum = 0;
    for (const subset of counted) sum += subset[name] ?? 0;
    return counted.length === 0 ? null : sum / counted.length;
  };
  return {
    tasks: counted.length,
    rows: counted.reduce((sum, subset) => sum + subset.rows, 0),
    accuracy: mean("accuracy"),
    macro_f1: mean("macro_f1"),
    weighted_f1: mean("weighted_f1"),
    micro_f1: mean("micro_f1"),
    log_loss: mean("log_loss"),
    ece: mean("ece"),
    ece_uncalibrated: mean("ece_uncalibrated"),
  };
}
