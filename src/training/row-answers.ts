// SPDX-License-Identifier: Apache-2.0
import type { Calibration } from "../model/calibration.ts";
import { calibrate } from "../model/calibrator.ts";
import { moderate, topLabel } from "../model/softmax-calibrator.ts";
import type { RowScores } from "./familiarity.ts";
import { RowReader } from "./row-reader.ts";

/** What a model answers for some rows: of the probabilities that it gives to all labels, those that figures are made of. */
export interface RowAnswers {
  /** Index of the label that the runtime would report. */
  readonly predicted: Uint32Array;
  /** Its probability, in [0, 1]. */
  readonly confidence: Float64Array;
  /** Probability of the right label; 0 where a row has none. */
  readonly chance: Float64Array;
}

/** Answers that have room for so many rows. */
export function roomForAnswers(rows: number): RowAnswers {
  return {
    predicted: new Uint32Array(rows),
    confidence: new Float64Array(rows),
    chance: new Float64Array(rows),
  };
}

/** Writes what `probabilities` (K) answer for a row; of equal ones the label with the highest of `scores` (K) is reported. */
export function writeAnswer(
  into: RowAnswers,
  row: number,
  probabilities: Float64Array,
  scores: Float32Array | Float64Array,
  truth: number | undefined,
): void {
  const top = topLabel(probabilities, scores);
  into.predicted[row] = top;
  into.confidence[row] = probabilities[top] as number;
  if (truth !== undefined) into.chance[row] = probabilities[truth] as number;
}

/** Rows as a model scores them, and what makes probabilities of the scores. */
export interface AnsweredRows extends RowScores {
  readonly labels: number;
  /** The right label of each row; null where no label is right. */
  readonly truth: Uint32Array | null;
  readonly calibrationOf: (row: number) => Calibration;
  /** What share of its n-grams the task usually knows; undefined where the model does not say. */
  readonly usualShare: number | undefined;
}

/** What the runtime would answer, row by row: no table of all rows and labels is made. */
export function answerRows(of: AnsweredRows): RowAnswers {
  const { labels, scores, knownShare, truth, calibrationOf, usualShare } = of;
  const answers = roomForAnswers(knownShare.length);
  const own = new Float64Array(labels);
  const reader = new RowReader(scores, labels);
  for (let row = 0; row < knownShare.length; row++) {
    const raw = reader.read(row);
    calibrate(calibrationOf(row), raw, own);
    if (usualShare !== undefined) moderate(own, knownShare[row] as number, usualShare);
    writeAnswer(answers, row, own, raw, truth?.[row]);
  }
  return answers;
}
