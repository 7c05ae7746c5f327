// SPDX-License-Identifier: Apache-2.0
import type { Examples } from "../core/example.ts";
import type { Calibration } from "../model/calibrator.ts";
import { type CalibrationMethod, calibrateRows, crossFitProbabilities } from "./calibration.ts";
import { type TaskEvidence, taskEvidence } from "./evidence.ts";
import { predictedLabels, type TaskMetrics, taskMetrics } from "./metrics.ts";
import { type ClassificationReport, classificationReport } from "./report.ts";

/** A task's rows of one split with what the model says of them. */
export interface TaskScores {
  readonly labels: readonly string[];
  /** Raw, rows x labels. */
  readonly scores: Float32Array;
  readonly rows: Pick<Examples, "label" | "count" | "group" | "origin">;
  readonly calibration: Calibration;
  /** The confidence under which the default answers; null without one. */
  readonly minConfidence: number | null;
  /**
   * On the split that fitted the calibration, its method: every row is calibrated by a fit on the rows of other groups,
   * so that none judges what it helped to fit. Null elsewhere.
   */
  readonly crossFit: CalibrationMethod | null;
}

export interface TaskMeasurement {
  readonly metrics: TaskMetrics;
  readonly report: ClassificationReport;
  readonly evidence: TaskEvidence;
}

/** Every figure of one task and split. */
export function measureTask(of: TaskScores): TaskMeasurement {
  const { labels, scores, rows, calibration, minConfidence, crossFit } = of;
  const { label: truth, count, group, origin } = rows;
  const uncalibrated = calibrateRows({ method: "none" }, scores, labels.length);
  const probabilities =
    crossFit === null
      ? calibrateRows(calibration, scores, labels.length)
      : crossFitProbabilities(crossFit, scores, truth, count, group, labels.length).probabilities;
  const predicted = predictedLabels(probabilities, uncalibrated, labels.length);
  const predictions = { labels, truth, probabilities, uncalibrated, origin };
  return {
    metrics: taskMetrics(predictions),
    report: classificationReport(labels, truth, predicted),
    evidence: taskEvidence(predictions, minConfidence),
  };
}
