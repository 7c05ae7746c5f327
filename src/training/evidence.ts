// SPDX-License-Identifier: Apache-2.0
import { type Answers, type ReliabilityBin, reliabilityBins } from "./calibration-error.ts";
import { answersOf, type Predictions } from "./metrics.ts";
import { numbersOf, rowsFrom } from "./row-selection.ts";

/** What a confidence threshold does: the answers whose confidence is not under it. */
export interface CoveragePoint {
  readonly threshold: number;
  /** Answered rows of all, in (0, 1]. */
  readonly coverage: number;
  /** Right ones of the answered, in [0, 1]. */
  readonly precision: number;
}

/** A wrong answer. */
export interface Mistake {
  /** The row's number among the task's rows of the split. */
  readonly row: number;
  /** Indices into the task's labels. */
  readonly truth: number;
  readonly predicted: number;
  readonly confidence: number;
}

/** What the charts of a task show, of the split's real rows, or of all where none is real. */
export interface TaskEvidence {
  readonly rows: number;
  /** False where there are rows and none is real. */
  readonly real: boolean;
  readonly calibrated: readonly ReliabilityBin[];
  readonly uncalibrated: readonly ReliabilityBin[];
  /** By rising coverage; {@link CURVE_POINTS} at most, the last one with all rows. */
  readonly coverage: readonly CoveragePoint[];
  /** The most confident ones first; {@link MOST_MISTAKES} at most. */
  readonly mistakes: readonly Mistake[];
}

export const CURVE_POINTS = 100;
const MOST_MISTAKES = 10;

/** What the charts of one task and split show. */
export function taskEvidence(p: Predictions): TaskEvidence {
  const real = rowsFrom("real", p.origin);
  const rows = real.length > 0 ? real : numbersOf(p.truth.length);
  const answers = answersOf(p.calibrated, p.truth, rows);
  const order = byFallingConfidence(answers);
  return {
    rows: rows.length,
    real: rows.length === 0 || real.length > 0,
    calibrated: reliabilityBins(answers),
    uncalibrated: reliabilityBins(answersOf(p.uncalibrated, p.truth, rows)),
    coverage: coverageCurve(answers, order),
    mistakes: mistakes(answers, order, (i) => {
      const row = rows[i] as number;
      return { row, truth: p.truth[row] as number, predicted: p.calibrated.predicted[row] as number };
    }),
  };
}

/** Numbers of the answers; equal confidences keep the order of their rows. */
function byFallingConfidence({ confidence }: Answers): Uint32Array {
  return numbersOf(confidence.length).sort(
    (a, b) => (confidence[b] as number) - (confidence[a] as number) || a - b,
  );
}

function coverageCurve({ confidence, right }: Answers, order: Uint32Array): CoveragePoint[] {
  const points: CoveragePoint[] = [];
  let correct = 0;
  order.forEach((row, i) => {
    correct += right[row] as number;
    const answered = i + 1;
    const threshold = confidence[row] as number;
    // No threshold parts answers of one confidence.
    const isLast = answered === order.length || confidence[order[answered] as number] !== threshold;
    const isDue = Math.ceil(((points.length + 1) * order.length) / CURVE_POINTS) <= answered;
    if ((isLast && isDue) || answered === order.length)
      points.push({ threshold, coverage: answered / order.length, precision: correct / answered });
  });
  return points;
}

function mistakes(
  { confidence, right }: Answers,
  order: Uint32Array,
  about: (i: number) => Omit<Mistake, "confidence">,
): Mistake[] {
  const found: Mistake[] = [];
  for (const i of order) {
    if (found.length === MOST_MISTAKES) break;
    if (right[i] === 0) found.push({ ...about(i), confidence: confidence[i] as number });
  }
  return found;
}
