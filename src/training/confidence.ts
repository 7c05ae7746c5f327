// SPDX-License-Identifier: Apache-2.0
import { log } from "../core/elementary.ts";
import type { Confidence } from "../model/calibration.ts";
import { BEND, topLabel } from "../model/softmax-calibrator.ts";
import { foldsOf } from "./folds.ts";
import { fitLogistic, type LogisticRows, logisticLoss } from "./logistic.ts";

/** Two slopes, what is added for every label, and what is added for the rarity of the label. */
const START = [1, 1, 0, 0] as const;
const RIDGE = 5;
const FOLDS = 5;
/** Nats that the correction must gain on rows that it was not fitted on: by luck alone it rarely gains one. */
const LEAST_GAIN = 2;

/** Rows by what a temperature made of them. */
export interface TemperedRows {
  /** Rows x K, row-major: softmax(z / temperature). */
  readonly chances: Float64Array;
  readonly scores: Float32Array;
  readonly truth: Uint32Array;
  readonly weight: Float64Array;
  readonly group: Uint32Array;
}

/**
 * Fits the correction of the top label's probability: a logistic regression of "the label is right" on its log-odds, in
 * two straight pieces, and on the label's rarity. Noisy labels bend the first (no text is as certain as its words), and
 * training that lends weight to rare labels tilts the second: both leave a temperature alone with a wrong shape, while
 * the label itself must stay. Null where it gains less than 2 nats on rows of other groups, as on a few dozen rows, or
 * would not rise with the probability.
 */
export function fitConfidence(tempered: TemperedRows): Confidence | null {
  const labels = tempered.chances.length / tempered.truth.length;
  const rarity = rarities(tempered, labels);
  const { rows, of } = logisticRows(tempered, labels, rarity);
  const fitted = fitLogistic(rows, of, START, RIDGE);
  if (crossFittedGain(rows, of, fitted, tempered.group) < LEAST_GAIN) return null;
  const [low, high, shared, rare] = fitted as [number, number, number, number];
  if (!(low > 0 && high > 0)) return null;
  return { slopes: [low, high], offset: Array.from(rarity, (r) => shared + rare * r) };
}

/** ln of (mean rows of a label / rows of this label), with one row more for each. */
function rarities({ truth, weight }: TemperedRows, labels: number): Float64Array {
  const count = new Float64Array(labels).fill(1);
  let total = labels;
  truth.forEach((k, row) => {
    count[k] = (count[k] as number) + (weight[row] as number);
    total += weight[row] as number;
  });
  return count.map((n) => log(total / (labels * n)));
}

/** Rows where there is something to correct: not those of which every other label's probability is 0. */
function logisticRows(
  { chances, scores, truth, weight }: TemperedRows,
  labels: number,
  rarity: Float64Array,
): { readonly rows: LogisticRows; readonly of: Uint32Array } {
  const x = new Float64Array(truth.length * START.length);
  const target = new Uint8Array(truth.length);
  const of = Uint32Array.from(truth.keys()).filter((row) => {
    const chance = chances.subarray(row * labels, (row + 1) * labels);
    const top = topLabel(chance, scores.subarray(row * labels, (row + 1) * labels));
    let rest = 0;
    for (let k = 0; k < labels; k++) if (k !== top) rest += chance[k] as number;
    if (rest === 0) return false;
    const odds = log((chance[top] as number) / rest);
    x.set([Math.min(odds, BEND), Math.max(odds - BEND, 0), 1, rarity[top] as number], row * START.length);
    target[row] = top === truth[row] ? 1 : 0;
    return true;
  });
  return { rows: { x, target, weight }, of };
}

/**
 * Nats by which the correction lowers the log loss of "the label is right", each fold by a fit on the others; `near` is
 * the fit on all.
 */
function crossFittedGain(
  rows: LogisticRows,
  of: Uint32Array,
  near: readonly number[],
  group: Uint32Array,
): number {
  const { fold, folds } = foldsOf(group, FOLDS);
  if (folds < 2) return 0;
  let gain = 0;
  for (let f = 0; f < folds; f++) {
    const held = of.filter((row) => fold[row] === f);
    const others = of.filter((row) => fold[row] !== f);
    const fitted = fitLogistic(rows, others, START, RIDGE, near);
    gain += logisticLoss(rows, held, START) - logisticLoss(rows, held, fitted);
  }
  return gain;
}
