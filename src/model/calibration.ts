// SPDX-License-Identifier: Apache-2.0

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

/** Raw scores or probabilities, one a label. */
export type Scores = Float64Array | Float32Array;

/** Reads calibrations and applies them. */
export interface Calibrator {
  /** A calibration of its methods from untrusted JSON, for `labels` labels, with unknown keys left out; null for any other. */
  parseCalibration(value: unknown, labels: number): Calibration | null;
  /**
   * Scores (K) to calibrated probabilities (K), finite, in [0, 1], sum 1 up to rounding. `calibration` must be one that
   * it parses for K labels, `out` not `scores`. Allocates nothing.
   */
  calibrate(calibration: Calibration, scores: Scores, out: Float64Array): void;
}
