// SPDX-License-Identifier: Apache-2.0
import { confusionScores } from "./confusion.ts";

/** The figures of an epoch; each row counts once. Null where there are no rows. */
export interface Figures {
  /** Mean negative log-likelihood, nats. */
  readonly loss: number | null;
  readonly accuracy: number | null;
  readonly macroF1: number | null;
  readonly weightedF1: number | null;
}

/** Figures from a confusion matrix [truth * labels + predicted] and the sum of the rows' losses. */
export function figures(confusion: Float64Array, labels: number, loss: number): Figures {
  const scores = confusionScores(confusion, labels);
  const rows = confusion.reduce((sum, n) => sum + n, 0);
  return {
    loss: rows === 0 ? null : loss / rows,
    accuracy: scores.accuracy,
    macroF1: scores.macro_f1,
    weightedF1: scores.weighted_f1,
  };
}
