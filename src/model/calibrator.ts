// SPDX-License-Identifier: Apache-2.0
import { exp } from "../core/elementary.ts";
import type { Calibration, Scores } from "./calibration.ts";
import { isNumber, isNumbers, normalize, softmax, softmaxCalibrator } from "./softmax-calibrator.ts";

// The calibrator of every method. The runtime loads it once a pack has one that treats each label by itself.

/** Most points of one label's isotonic curve: finer steps than 1 in 128 change no figure, and cost bytes. */
export const MAX_POINTS = 256;

/**
 * Scores (K) to calibrated probabilities (K), finite, in [0, 1], sum 1 up to rounding. Where a sigmoid or
 * isotonic calibration leaves every label at zero, the plain softmax answers. `calibration` must be one for
 * K labels (see {@link parseCalibration}). Allocates nothing.
 */
export function calibrate(calibration: Calibration, scores: Scores, out: Float64Array): void {
  switch (calibration.method) {
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
      break;
    default:
      softmaxCalibrator.calibrate(calibration, scores, out);
      return;
  }
  if (!normalize(out)) softmax(scores, out);
}

/**
 * A calibration from untrusted JSON, for `labels` labels, with unknown keys left out; null unless every list
 * has its length, every number is finite, temperature and slopes are positive, and each isotonic curve has 1 to
 * {@link MAX_POINTS} points, x strictly rising and y never falling, both in [0, 1].
 */
export function parseCalibration(value: unknown, labels: number): Calibration | null {
  const { method, slope, intercept, x, y } = (value ?? {}) as Record<string, unknown>;
  if (method === "sigmoid")
    return isNumbers(slope, labels) && isNumbers(intercept, labels) ? { method, slope, intercept } : null;
  if (method !== "isotonic") return softmaxCalibrator.parseCalibration(value, labels);
  return isCurves(x, labels, true) &&
    isCurves(y, labels, false) &&
    x.every((points, k) => points.length === y[k]?.length)
    ? { method, x, y }
    : null;
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
