// SPDX-License-Identifier: Apache-2.0
import { exp, log } from "../core/elementary.ts";
import type { Calibration, Calibrator, Confidence, Scores } from "./calibration.ts";

/** Log-odds at which the second slope of a {@link Confidence} begins: a probability of 0.88. */
export const BEND = 2;

/**
 * Scores (K) to probabilities (K) that sum to 1 up to rounding. Any finite scores will do; where one is NaN
 * or Infinity, every label gets 1 / K. `out` may not be `scores`.
 */
export function softmax(scores: Scores, out: Float64Array): void {
  exponentials(scores, 1, out);
  normalizeOrEven(out);
}

/** The methods that are a softmax of the scores, `none` and `temperature`: others are loaded once a pack has them. */
export const softmaxCalibrator: Calibrator = { parseCalibration, calibrate };

type Temperature = Extract<Calibration, { method: "temperature" }>;

function calibrate(calibration: Calibration, scores: Scores, out: Float64Array): void {
  const { temperature = 1, confidence } = calibration as Partial<Temperature>;
  exponentials(scores, temperature, out);
  if (confidence) correctTop(confidence, scores, out);
  else normalizeOrEven(out);
}

function parseCalibration(value: unknown, labels: number): Calibration | null {
  const { method, temperature, confidence } = (value ?? {}) as Record<string, unknown>;
  if (method === "none") return { method };
  if (method !== "temperature" || !isNumber(temperature) || temperature <= 0) return null;
  if (confidence === undefined) return { method, temperature };
  return isConfidence(confidence, labels)
    ? { method, temperature, confidence: { slopes: confidence.slopes, offset: confidence.offset } }
    : null;
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
 * In proportion to the softmax, the highest 1; NaN where there is none. 10 ns a label, for `exp`. Differences from the maximum,
 * because those neither overflow nor all underflow.
 */
function exponentials(scores: Scores, temperature: number, out: Float64Array): void {
  let highest = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < out.length; k++) if ((scores[k] as number) > highest) highest = scores[k] as number;
  for (let k = 0; k < out.length; k++) out[k] = exp(((scores[k] as number) - highest) / temperature);
}

function normalizeOrEven(out: Float64Array): void {
  if (!normalize(out)) out.fill(1 / out.length);
}

/**
 * Makes {@link exponentials} probabilities with a {@link Confidence}. The rest is summed, not taken from 1, so that it is exact
 * where c is nearly 1.
 */
function correctTop({ slopes, offset }: Confidence, scores: Scores, out: Float64Array): void {
  const top = topLabel(out, scores);
  let rest = 0;
  let second = 0;
  for (let k = 0; k < out.length; k++) {
    if (k === top) continue;
    rest += out[k] as number;
    second = Math.max(second, out[k] as number);
  }
  // No rest, or no softmax at all.
  if (!(rest * (out[top] as number) > 0)) {
    normalizeOrEven(out);
    return;
  }
  const x = log((out[top] as number) / rest);
  const odds = slopes[0] * Math.min(x, BEND) + slopes[1] * Math.max(x - BEND, 0) + (offset[top] as number);
  // No more than what leaves the second label at most even with the first.
  const wrong = Math.min(1 / (1 + exp(odds)), 1 / (1 + second / rest));
  for (let k = 0; k < out.length; k++) out[k] = ((out[k] as number) / rest) * wrong;
  out[top] = Math.max(1 - wrong, (second / rest) * wrong);
}

/** Divides by the sum; false, leaving the values alone, when there is no positive finite sum. */
export function normalize(out: Float64Array): boolean {
  let sum = 0;
  for (let k = 0; k < out.length; k++) sum += out[k] as number;
  if (!(sum > 0 && sum < Number.POSITIVE_INFINITY)) return false;
  for (let k = 0; k < out.length; k++) out[k] = (out[k] as number) / sum;
  return true;
}

export function isNumber(value: unknown): value is number {
  return Number.isFinite(value);
}

export function isNumbers(value: unknown, length: number): value is readonly number[] {
  return Array.isArray(value) && value.length === length && value.every(isNumber);
}

function isConfidence(value: unknown, labels: number): value is Confidence {
  const { slopes, offset } = (value ?? {}) as Record<string, unknown>;
  return isNumbers(slopes, 2) && slopes.every((slope) => slope > 0) && isNumbers(offset, labels);
}
