// SPDX-License-Identifier: Apache-2.0
import { countConfusion, type LabelScores, labelScores } from "./confusion.ts";

/** scikit-learn's classification_report as lists: as object keys, labels such as `10` would change places. */
export interface ClassificationReport {
  /** Every label of the task, in its order. */
  readonly per_label: readonly ({ readonly label: string } & LabelScores)[];
  /** In [0, 1]; null without rows. */
  readonly accuracy: number | null;
  /** Means over the labels with support, and the number of rows as `support`; zeros without rows. */
  readonly macro_avg: LabelScores;
  /** The same, weighted by support. */
  readonly weighted_avg: LabelScores;
}

/**
 * Precision, recall and F1 of every label (0 where nothing is below the line). `truth` and `predicted` are
 * indices into `labels`; every row counts once.
 */
export function classificationReport(
  labels: readonly string[],
  truth: Uint32Array,
  predicted: Uint32Array,
): ClassificationReport {
  const confusion = countConfusion(truth, predicted, labels.length);
  const perLabel = labels.map((label, k) => ({ label, ...labelScores(confusion, labels.length, k) }));
  let right = 0;
  for (let k = 0; k < labels.length; k++) right += confusion[k * labels.length + k] as number;
  return {
    per_label: perLabel,
    accuracy: truth.length === 0 ? null : right / truth.length,
    macro_avg: average(perLabel, (scores) => (scores.support > 0 ? 1 : 0)),
    weighted_avg: average(perLabel, (scores) => scores.support),
  };
}

function average(all: readonly LabelScores[], weightOf: (scores: LabelScores) => number): LabelScores {
  const sum = { precision: 0, recall: 0, f1: 0, support: 0 };
  let total = 0;
  for (const scores of all) {
    const weight = weightOf(scores);
    total += weight;
    sum.precision += weight * scores.precision;
    sum.recall += weight * scores.recall;
    sum.f1 += weight * scores.f1;
    sum.support += scores.support;
  }
  const divisor = total === 0 ? 1 : total;
  return {
    precision: sum.precision / divisor,
    recall: sum.recall / divisor,
    f1: sum.f1 / divisor,
    support: sum.support,
  };
}
