// SPDX-License-Identifier: Apache-2.0
import { exp, log } from "../core/elementary.ts";
import type { SoftmaxSolver, SparseRows } from "./solver.ts";

/** The figures of an epoch; each row counts once. */
export interface Figures {
  /** Mean negative log-likelihood, nats. */
  readonly loss: number;
  readonly accuracy: number;
  readonly macroF1: number;
  readonly weightedF1: number;
}

/** Figures from a confusion matrix [truth * labels + predicted]; averages over labels with rows. */
export function figures(confusion: Float64Array, labels: number, loss: number): Figures {
  let rows = 0;
  let right = 0;
  let macro = 0;
  let weighted = 0;
  let present = 0;
  for (let k = 0; k < labels; k++) {
    let support = 0;
    let predicted = 0;
    for (let j = 0; j < labels; j++) {
      support += confusion[k * labels + j] as number;
      predicted += confusion[j * labels + k] as number;
    }
    if (support === 0) continue;
    const hit = confusion[k * labels + k] as number;
    const f1 = (2 * hit) / (support + predicted);
    rows += support;
    right += hit;
    macro += f1;
    weighted += f1 * support;
    present++;
  }
  return rows === 0
    ? { loss: 0, accuracy: 0, macroF1: 0, weightedF1: 0 }
    : { loss, accuracy: right / rows, macroF1: macro / present, weightedF1: weighted / rows };
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
  return figures(confusion, labels, x.rows === 0 ? 0 : loss / x.rows);
}
