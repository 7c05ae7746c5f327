// SPDX-License-Identifier: Apache-2.0
import { exp, log } from "../core/elementary.ts";
import { confusionScores } from "./confusion.ts";
import type { SoftmaxSolver, SparseRows } from "./solver.ts";

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

/** Exact, uncalibrated figures of the solver's weights on held-out rows. */
export function heldOutFigures(
  x: SparseRows,
  truth: Uint32Array,
  head: SoftmaxSolver,
  labels: number,
): Figures {
  const confusion = new Float64Array(labels * labels);
  const z = new Float64Array(labels);
  let loss = 0;
  for (let i = 0; i < x.rows; i++) {
    head.score(x, i, z);
    const y = truth[i] as number;
    let best = 0;
    for (let k = 1; k < labels; k++) if ((z[k] as number) > (z[best] as number)) best = k;
    const top = z[best] as number;
    let sum = 0;
    for (let k = 0; k < labels; k++) sum += exp((z[k] as number) - top);
    loss += top + log(sum) - (z[y] as number);
    confusion[y * labels + best] = (confusion[y * labels + best] as number) + 1;
  }
  return figures(confusion, labels, loss);
}
