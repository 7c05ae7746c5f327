// SPDX-License-Identifier: Apache-2.0
import type { Calibration } from "../model/calibration.ts";
import { calibrate } from "../model/calibrator.ts";
import { fitConfidence } from "./confidence.ts";
import { foldsOf } from "./folds.ts";
import { fitIsotonic } from "./isotonic.ts";
import { fitPlatt } from "./platt.ts";
import { fitTemperature } from "./temperature.ts";

export type CalibrationMethod = Calibration["method"];

/** Weights of rows, not negative; null is 1 for all. */
export type Weight = Float64Array | Uint32Array | null;

/** Probabilities (rows x K, row-major) that no row's own fit has seen. */
export interface CrossFit {
  readonly probabilities: Float64Array;
  /** How many fits made them; 0 when there were too few groups, and they are the uncalibrated softmax. */
  readonly folds: number;
}

/**
 * Fits a calibration on the scores of rows that the model was not trained on. `scores` is rows x K,
 * row-major, finite; `truth` holds label indices below K; `group` tells which rows are near-duplicates of
 * each other. Without a row of positive weight the answer is `none`, since nothing speaks for any other.
 * `temperature` corrects the top label's probability as well where that pays: {@link fitConfidence}.
 *
 * Labels without a positive row: temperature treats all labels alike; sigmoid gives such a label Platt's
 * constant, 1 / (N + 2) before renormalisation; isotonic leaves its softmax probability as it is, because a
 * curve at 0 would forbid the label. No isotonic curve goes under 1 / (K (N + 1)), one more row spread over
 * the labels: N rows can't show that something never happens.
 */
export function fitCalibration(
  method: CalibrationMethod,
  scores: Float32Array,
  truth: Uint32Array,
  weight: Weight,
  group: Uint32Array,
): Calibration {
  const total = totalWeight(truth.length, weight);
  if (method === "none" || !(total > 0)) return { method: "none" };
  const labels = scores.length / truth.length;
  if (method === "temperature") {
    const tempered = { method, temperature: fitTemperature(scores, truth, weight) };
    const chances = calibrateRows(tempered, scores, labels);
    const weights = Float64Array.from(truth, (_, row) => weight?.[row] ?? 1);
    const confidence = fitConfidence({ chances, scores, truth, weight: weights, group });
    return confidence === null ? tempered : { ...tempered, confidence };
  }
  const each = Array.from({ length: labels }, (_, k) => k);
  if (method === "sigmoid") {
    const fits = each.map((k) => fitPlatt(column(scores, labels, k), isLabel(truth, k), weight));
    return { method, slope: fits.map((fit) => fit.slope), intercept: fits.map((fit) => fit.intercept) };
  }
  const softmaxed = calibrateRows({ method: "none" }, scores, labels);
  const floor = 1 / (labels * (total + 1));
  const curves = each.map((k) => {
    const positive = Float64Array.from(isLabel(truth, k));
    const seen = positive.some((is, row) => is === 1 && (weight === null || (weight[row] as number) > 0));
    return seen ? fitIsotonic(column(softmaxed, labels, k), positive, weight) : { x: [0, 1], y: [0, 1] };
  });
  return {
    method,
    x: curves.map((curve) => curve.x),
    y: curves.map((curve) => curve.y.map((value) => Math.max(value, floor))),
  };
}

/** Probabilities (rows x `labels`, row-major) of every row of `scores`; `{method: "none"}` is the softmax. */
export function calibrateRows(calibration: Calibration, scores: Float32Array, labels: number): Float64Array {
  const out = new Float64Array(scores.length);
  for (let at = 0; at < scores.length; at += labels) {
    calibrate(calibration, scores.subarray(at, at + labels), out.subarray(at, at + labels));
  }
  return out;
}

/**
 * Probabilities for figures about the rows that calibrate: each row gets those of a fit on the other folds.
 * Whole groups go to a fold, so that near-duplicates never calibrate each other. With fewer groups than `folds` each group is a fold; with fewer than two groups there is nothing to
 * fit on, and the plain softmax comes back with `folds` 0.
 */
export function crossFitProbabilities(
  method: CalibrationMethod,
  scores: Float32Array,
  truth: Uint32Array,
  weight: Weight,
  group: Uint32Array,
  labels: number,
  folds = 5,
): CrossFit {
  const { fold, folds: used } = foldsOf(group, folds);
  if (used < 2) return { probabilities: calibrateRows({ method: "none" }, scores, labels), folds: 0 };
  const probabilities = new Float64Array(scores.length);
  for (let f = 0; f < used; f++) {
    const rows = Uint32Array.from(group.keys());
    const fit = rows.filter((row) => fold[row] !== f);
    const calibration = fitCalibration(
      method,
      takeRows(scores, labels, fit),
      fit.map((row) => truth[row] as number),
      weight === null ? null : Float64Array.from(fit, (row) => weight[row] as number),
      fit.map((row) => group[row] as number),
    );
    for (const row of rows) {
      if (fold[row] !== f) continue;
      const [from, to] = [row * labels, (row + 1) * labels];
      calibrate(calibration, scores.subarray(from, to), probabilities.subarray(from, to));
    }
  }
  return { probabilities, folds: used };
}

function takeRows(scores: Float32Array, labels: number, rows: Uint32Array): Float32Array {
  const taken = new Float32Array(rows.length * labels);
  for (const [i, row] of rows.entries()) {
    taken.set(scores.subarray(row * labels, (row + 1) * labels), i * labels);
  }
  return taken;
}

function totalWeight(rows: number, weight: Weight): number {
  if (weight === null) return rows;
  let total = 0;
  for (const w of weight) total += w;
  return total;
}

function column(values: Float32Array | Float64Array, labels: number, k: number): Float64Array {
  return Float64Array.from(
    { length: values.length / labels },
    (_, row) => values[row * labels + k] as number,
  );
}

function isLabel(truth: Uint32Array, k: number): Uint8Array {
  return Uint8Array.from(truth, (label) => (label === k ? 1 : 0));
}
