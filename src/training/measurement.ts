// SPDX-License-Identifier: Apache-2.0
import type { Examples } from "../core/example.ts";
import type { Calibration } from "../model/calibration.ts";
import type { OutOfScope } from "./abstention.ts";
import { measureOutOfScope } from "./answered.ts";
import { type CalibrationMethod, calibrateRows, crossFitProbabilities } from "./calibration.ts";
import { type TaskEvidence, taskEvidence } from "./evidence.ts";
import { confidences, moderateRows, type RowScores } from "./familiarity.ts";
import { predictedOf, type TaskMetrics, taskMetrics } from "./metrics.ts";
import { type ClassificationReport, classificationReport } from "./report.ts";

/** A task's rows of one split with what the model says of them. */
export interface TaskScores extends RowScores {
  readonly labels: readonly string[];
  readonly rows: Pick<Examples, "label" | "count" | "group" | "origin">;
  readonly calibration: Calibration;
  readonly usualShare: number | undefined;
  /** Confidence under which the default answers; null for none. */
  readonly minConfidence: number | null;
  /**
   * On the split that fitted the calibration, its method: every row is calibrated by a fit on the rows of other groups,
   * so that none judges what it helped to fit. Null elsewhere.
   */
  readonly crossFit: CalibrationMethod | null;
  /** The task's out-of-scope rows of the split; null without any. */
  readonly outOfScope: RowScores | null;
}

export interface TaskMeasurement {
  readonly metrics: TaskMetrics & {
    /** Confidence under which the default answers; null for none. */
    readonly min_confidence: number | null;
    /** Null without out-of-scope rows. */
    readonly out_of_scope: OutOfScope | null;
  };
  readonly report: ClassificationReport;
  readonly evidence: TaskEvidence;
}

/** Every figure of one task and split: 45 ns a score of banking77. */
export function measureTask(of: TaskScores): TaskMeasurement {
  const { labels, scores, rows, calibration, crossFit, minConfidence } = of;
  const { label: truth, count, group, origin } = rows;
  const uncalibrated = calibrateRows({ method: "none" }, scores, labels.length);
  const probabilities =
    crossFit === null
      ? calibrateRows(calibration, scores, labels.length)
      : crossFitProbabilities(crossFit, scores, truth, count, group, labels.length).probabilities;
  moderateRows(probabilities, of.knownShare, of.usualShare);
  const predictions = { labels, truth, probabilities, uncalibrated, origin, minConfidence };
  const predicted = predictedOf(predictions);
  return {
    metrics: {
      ...taskMetrics(predictions, predicted),
      min_confidence: minConfidence,
      out_of_scope: outOfScopeOf(of, probabilities),
    },
    report: classificationReport(labels, truth, predicted.calibrated),
    evidence: taskEvidence(predictions, predicted),
  };
}

/** `inside` has the calibrated probabilities of the task's own rows. */
function outOfScopeOf(of: TaskScores, inside: Float64Array): OutOfScope | null {
  const { labels, calibration, usualShare, minConfidence, outOfScope } = of;
  if (outOfScope === null) return null;
  const { scores, knownShare } = outOfScope;
  const probabilities = calibrateRows(calibration, scores, labels.length);
  moderateRows(probabilities, knownShare, usualShare);
  const sure = confidences(inside, of.scores, labels.length);
  return measureOutOfScope(sure, confidences(probabilities, scores, labels.length), minConfidence);
}
