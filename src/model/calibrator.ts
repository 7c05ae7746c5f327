// SPDX-License-Identifier: Apache-2.0
import { exp, log } from "../core/elementary.ts";

/** How the raw scores z of a task's K labels become probabilities. Plain JSON; lists are in label order. */
export type Calibration =
  | { readonly method: "none" }
  /** softmax(z / temperature): Guo et al., "On calibration of modern neural networks", ICML 2017. */
  | { readonly method: "temperature"; readonly temperature: number; readonly confidence?: Confidence }
  /** 1 / (1 + e^-(slope z_k + intercept)) for each label by itself (Platt, 1999), then renormalised. */
  | { readonly method: "sigmoid"; readonly slope: readonly number[]; readonly intercept: readonly number[] }
  /**
   * For each label by itself, its softmax probability goes through the straight lines between the points
   * (x, y), level beyond the ends (Zadrozny and Elkan, KDD 2002), then renormalised.
   */
  | {
      readonly method: "isotonic";
      readonly x: readonly (readonly number[])[];
      readonly y: readonly (readonly number[])[];
    };

/**
 * A correction of the most probable label's probability c that leaves this label the most probable one. With
 * x = ln(c / (1 - c)), its log-odds become slopes[0] min(x, 2) + slopes[1] max(x - 2, 0) + offset of that label; the
 * other labels keep their shares of the rest. Both slopes are over 0.
 */
export interface Confidence {
  readonly slopes: readonly [number, number];
  /** One a label. */
  readonly offset: readonly number[];
}

/** Log-odds at which the second slope of a {@link Confidence} begins: a probability of 0.88. */
export const BEND = 2;

type Scores = Float64Array | Float32Array;

/** Most points of one label's isotonic curve: finer steps than 1 in 128 change no figure, and cost bytes. */
export const MAX_POINTS = 256;

/**
 * Scores (K) to probabilities (K) that sum to 1 up to rounding. Any finite scores will do; where one is NaN
 * or Infinity, every label gets 1 / K. `out` may not be `scores`.
 */
export function softmax(scores: Scores, out: Float64Array): void {
  scaledSoftmax(scores, 1, out);
}

/**
 * Scores (K) to calibrated probabilities (K), finite, in [0, 1], sum 1 up to rounding. Where a sigmoid or
 * isotonic calibration leaves every label at zero, the plain softmax answers. `calibration` must be one for
 * K labels (see {@link parseCalibration}). Allocates nothing.
 */
export function calibrate(calibration: Calibration, scores: Scores, out: Float64Array): void {
  switch (calibration.method) {
    case "none":
      softmax(scores, out);
      return;
    case "temperature":
      if (scaledSoftmax(scores, calibration.temperature, out) && calibration.confidence)
        correctTop(calibration.confidence, scores, out);
      return;
    case "sigmoid":
      for (let k = 0; k < out.length; k++) {
        const margin = (calibration.slope[k] as number) * (scores[k] as number);
        out[k] = 1 / (1 + exp(-(margin + (calibration.intercept[k] as number))));
      }
      break;
    case "isotonic":
      softmax(scores, out);
      for (let k = 0; k < out.length; k++) {
        const x = calibration.x[k] as readonly number[];
        out[k] = interpolate(x, calibration.y[k] as readonly number[], out[k] as number);
      }
  }
  if (!normalize(out)) softmax(scores, out);
}

/**
 * Moves probabilities (K) towards an even guess where a text is unlike those that taught the model: where the task knows a
 * `share` of its n-grams that is under the `usual` one, (share / usual)^3 of them stays, and the rest is 1 / K a label. They
 * keep their order.
 */
export function moderate(out: Float64Array, share: number, usual: number): void {
  if (share >= usual) return;
  const part = share / usual;
  const even = 1 / out.length;
  for (let k = 0; k < out.length; k++) out[k] = even + part * part * part * ((out[k] as number) - even);
}

/**
 * The label that a prediction reports: the highest probability; among equal ones (isotonic curves have level
 * stretches) the highest raw score; among equal scores the lowest index. K entries each; -1 for none.
 */
export function topLabel(probabilities: Float64Array, scores: Scores): number {
  let best = probabilities.length - 1;
  for (let k = best - 1; k >= 0; k--) {
    const gain = (probabilities[k] as number) - (probabilities[best] as number);
    if (gain > 0 || (gain === 0 && (scores[k] as number) >= (scores[best] as number))) best = k;
  }
  return best;
}

/**
 * A calibration from untrusted JSON, for `labels` labels, with unknown keys left out; null unless every list
 * has its length, every number is finite, temperature and slopes are positive, and each isotonic curve has 1 to
 * {@link MAX_POINTS} points, x strictly rising and y never falling, both in [0, 1].
 */
export function parseCalibration(value: unknown, labels: number): Calibration | null {
  if (typeof value !== "object" || value === null) return null;
  const { method, temperature, confidence, slope, intercept, x, y } = value as Record<string, unknown>;
  switch (method) {
    case "none":
      return { method };
    case "temperature":
      if (!(isNumber(temperature) && temperature > 0)) return null;
      if (confidence === undefined) return { method, temperature };
      return isConfidence(confidence, labels)
        ? { method, temperature, confidence: { slopes: confidence.slopes, offset: confidence.offset } }
        : null;
    case "sigmoid":
      return isNumbers(slope, labels) && isNumbers(intercept, labels) ? { method, slope, intercept } : null;
    case "isotonic":
      return isCurves(x, labels, true) &&
        isCurves(y, labels, false) &&
        x.every((points, k) => points.length === y[k]?.length)
        ? { method, x, y }
        : null;
    default:
      return null;
  }
}

/** False where there is no softmax; 11 ns a label, for `exp`. Differences from the maximum, because those neither overflow nor all underflow. */
function scaledSoftmax(scores: Scores, temperature: number, out: Float64Array): boolean {
  let highest = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < out.length; k++) if ((scores[k] as number) > highest) highest = scores[k] as number;
  for (let k = 0; k < out.length; k++) out[k] = exp(((scores[k] as number) - highest) / temperature);
  if (normalize(out)) return true;
  out.fill(1 / out.length);
  return false;
}

/** {@link Confidence}. The rest is summed, not taken from 1, so that it is exact where c is nearly 1. */
function correctTop({ slopes, offset }: Confidence, scores: Scores, out: Float64Array): void {
  const top = topLabel(out, scores);
  let rest = 0;
  let second = 0;
  for (let k = 0; k < out.length; k++) {
    if (k === top) continue;
    rest += out[k] as number;
    second = Math.max(second, out[k] as number);
  }
  if (rest === 0) return;
  const x = log((out[top] as number) / rest);
  const odds = slopes[0] * Math.min(x, BEND) + slopes[1] * Math.max(x - BEND, 0) + (offset[top] as number);
  // No more than what leaves the second label at most even with the first.
  const wrong = Math.min(1 / (1 + exp(odds)), 1 / (1 + second / rest));
  for (let k = 0; k < out.length; k++) out[k] = ((out[k] as number) / rest) * wrong;
  out[top] = Math.max(1 - wrong, (second / rest) * wrong);
}

/** Divides by the sum; false, leaving the values alone, when there is no positive finite sum. */
function normalize(out: Float64Array): boolean {
  let sum = 0;
  for (let k = 0; k < out.length; k++) sum += out[k] as number;
  if (!(sum > 0 && sum < Number.POSITIVE_INFINITY)) return false;
  for (let k = 0; k < out.length; k++) out[k] = (out[k] as number) / sum;
  return true;
}

/** The y at `at` on the lines through (x, y), x strictly rising, level beyond the ends. */
function interpolate(x: readonly number[], y: readonly number[], at: number): number {
  let low = 0;
  let high = x.length - 1;
  if (!(at > (x[0] as number))) return y[0] as number;
  if (at >= (x[high] as number)) return y[high] as number;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if ((x[middle] as number) <= at) low = middle;
    else high = middle;
  }
  const left = y[low] as number;
  const part = (at - (x[low] as number)) / ((x[high] as number) - (x[low] as number));
  return left + ((y[high] as number) - left) * part;
}

function isNumber(value: unknown): value is number {
  return Number.isFinite(value);
}

function isNumbers(value: unknown, length: number): value is readonly number[] {
  return Array.isArray(value) && value.length === length && value.every(isNumber);
}

function isConfidence(value: unknown, labels: number): value is Confidence {
  if (typeof value !== "object" || value === null) return false;
  const { slopes, offset } = value as Record<string, unknown>;
  return isNumbers(slopes, 2) && slopes.every((slope) => slope > 0) && isNumbers(offset, labels);
}

/** One list of points for each label, all in [0, 1], none below the one before it (above, if `rising`). */
function isCurves(value: unknown, labels: number, rising: boolean): value is readonly (readonly number[])[] {
  return Array.isArray(value) && value.length === labels && value.every((points) => isCurve(points, rising));
}

function isCurve(points: unknown, rising: boolean): boolean {
  if (!Array.isArray(points) || points.length < 1 || points.length > MAX_POINTS) return false;
  return points.every((point, i) => {
    const before = i === 0 ? 0 : points[i - 1];
    return isNumber(point) && point <= 1 && (rising && i > 0 ? point > before : point >= before);
  });
}
