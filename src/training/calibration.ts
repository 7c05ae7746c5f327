// SPDX-License-Identifier: Apache-2.0
import type { Calibration } from "../model/calibration.ts";
import { calibrate } from "../model/calibrator.ts";
import { fitConfidence } from "./confidence.ts";
import { foldsOf } from "./folds.ts";
import { fitIsotonic } from "./isotonic.ts";
import { fitPlatt } from "./platt.ts";
import { RowReader } from "./row-reader.ts";
import { fitTemperature } from "./temperature.ts";

export type CalibrationMethod = Calibration["method"];

/** Weights of rows, not negative; null is 1 for all. */
export type Weight = Float64Array | Uint32Array | null;

/** Calibrations of which none was fitted on the rows that it is for. */
export interface CrossFit {
  readonly calibrationOf: (row: number) => Calibration;
  /** How many fits made them; 0 when there were too few groups, and they are the uncalibrated softmax. */
  readonly folds: number;
}

/** Folds that rows are cross-fitted in. */
const FOLDS = 5;
/** A temperature and what corrects its confidence are five numbers: from so many rows on half of them are enough to fit these on. */
const MANY_ROWS = 2 ** 15;
const FOLDS_OF_MANY = 2;

/**
 * Fits a calibration on the scores of rows that the model was not trained on. `scores` is rows x K,
 * row-major, finite; `truth` holds label indices below K. Without a row of positive weight the answer is `none`, since
 * nothing speaks for any other. `temperature` corrects the top label's probability as well: {@link fitConfidence}.
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
): Calibration {
  const total = totalWeight(truth.length, weight);
  if (method === "none" || !(total > 0)) return { method: "none" };
  const labels = scores.length / truth.length;
  if (method === "temperature") {
    const tempered = { method, temperature: fitTemperature(scores, truth, weight) };
    const weights = Float64Array.from(truth, (_, row) => weight?.[row] ?? 1);
    const confidence = fitConfidence({ ...tempered, scores, truth, weight: weights });
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
  const own = new Float64Array(labels);
  const raw = new RowReader(scores, labels);
  for (let row = 0; row * labels < scores.length; row++) {
    calibrate(calibration, raw.read(row), own);
    out.set(own, row * labels);
  }
  return out;
}

/**
 * Calibrations for figures about the rows that calibrate: each row gets that of a fit on the other folds.
 * Whole groups go to a fold, so that near-duplicates never calibrate each other. With fewer groups than `folds` each group is a fold; with fewer than two groups there is nothing to
 * fit on, and all rows get `none`, with `folds` 0.
 */
export function crossFit(
  method: CalibrationMethod,
  scores: Float32Array,
  truth: Uint32Array,
  weight: Weight,
  group: Uint32Array,
  folds = method === "temperature" && truth.length >= MANY_ROWS ? FOLDS_OF_MANY : FOLDS,
): CrossFit {
  const { fold, folds: used } = foldsOf(group, folds);
  if (used < 2) return { calibrationOf: () => ({ method: "none" }), folds: 0 };
  const fits = Array.from({ length: used }, (_, f) => {
    const others = takeOthers(scores, truth, weight, fold, f);
    return fitCalibration(method, others.scores, others.truth, others.weight);
  });
  return { calibrationOf: (row) => fits[fold[row] as number] as Calibration, folds: used };
}

/** The rows of all folds but one. */
function takeOthers(
  scores: Float32Array,
  truth: Uint32Array,
  weight: Weight,
  fold: Uint8Array,
  left: number,
): { readonly scores: Float32Array; readonly truth: Uint32Array; readonly weight: Float64Array } {
  const rows = fold.reduce((sum, f) => (f === left ? sum : sum + 1), 0);
  const labels = scores.length / truth.length;
  const taken = {
    scores: new Float32Array(rows * labels),
    truth: new Uint32Array(rows),
    weight: new Float64Array(rows),
  };
  const raw = new RowReader(scores, labels);
  let n = 0;
  for (let row = 0; row < fold.length; row++) {
    if (fold[row] === left) continue;
    taken.scores.set(raw.read(row), n * labels);
    taken.truth[n] = truth[row] as number;
    taken.weight[n++] = weight === null ? 1 : (weight[row] as number);
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
