// SPDX-License-Identifier: Apache-2.0

/** The figures of a confusion matrix. Null when it has no rows. */
export interface ConfusionScores {
  readonly accuracy: number | null;
  /** Mean F1 of the labels with support; a label that is never predicted right has F1 0. */
  readonly macro_f1: number | null;
  /** Mean F1 weighted by support. */
  readonly weighted_f1: number | null;
  /** F1 of all decisions together: equal to the accuracy, as every row has one label and one prediction. */
  readonly micro_f1: number | null;
}

/**
 * The figures of a confusion matrix: K x K, row-major, [truth x K + predicted], counts or weights. For the
 * statistics of an epoch, too, where one is filled as the rows go by.
 */
export function confusionScores(confusion: ArrayLike<number>, labels: number): ConfusionScores {
  let total = 0;
  let right = 0;
  let sum = 0;
  let weighted = 0;
  let supported = 0;
  for (let k = 0; k < labels; k++) {
    const { f1, support } = labelScores(confusion, labels, k);
    total += support;
    right += confusion[k * labels + k] as number;
    weighted += support * f1;
    if (support === 0) continue;
    supported += 1;
    sum += f1;
  }
  if (total === 0) return { accuracy: null, macro_f1: null, weighted_f1: null, micro_f1: null };
  const accuracy = right / total;
  return { accuracy, macro_f1: sum / supported, weighted_f1: weighted / total, micro_f1: accuracy };
}

/** Precision, recall, F1 and support of label k; a quotient with nothing below the line is 0. */
export interface LabelScores {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly support: number;
}

export function labelScores(confusion: ArrayLike<number>, labels: number, k: number): LabelScores {
  let support = 0;
  let chosen = 0;
  for (let j = 0; j < labels; j++) {
    support += confusion[k * labels + j] as number;
    chosen += confusion[j * labels + k] as number;
  }
  const right = confusion[k * labels + k] as number;
  return {
    precision: chosen === 0 ? 0 : right / chosen,
    recall: support === 0 ? 0 : right / support,
    f1: support + chosen === 0 ? 0 : (2 * right) / (support + chosen),
    support,
  };
}

/** Counts of [truth x K + predicted], row-major, over all rows or the given ones. */
export function countConfusion(
  truth: Uint32Array,
  predicted: Uint32Array,
  labels: number,
  rows: Iterable<number> = truth.keys(),
): Uint32Array {
  const confusion = new Uint32Array(labels * labels);
  for (const row of rows) {
    const cell = (truth[row] as number) * labels + (predicted[row] as number);
    confusion[cell] = (confusion[cell] as number) + 1;
  }
  return confusion;
}
