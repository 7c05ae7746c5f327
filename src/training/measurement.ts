// SPDX-License-Identifier: Apache-2.0
import type { Examples } from "../core/example.ts";
import type { Calibration } from "../model/calibration.ts";
import type { OutOfScope } from "./abstention.ts";
import { measureOutOfScope } from "./answered.ts";
import { type CalibrationMethod, crossFit } from "./calibration.ts";
import { type TaskEvidence, taskEvidence } from "./evidence.ts";
import type { RowScores } from "./familiarity.ts";
import { type TaskMetrics, taskMetrics } from "./metrics.ts";
import { type ClassificationReport, classificationReport } from "./report.ts";
import { answerRows, type RowAnswers } from "./row-answers.ts";

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
  const { labels, scores, rows, crossFit: method, minConfidence } = of;
  const { label: truth, count, group, origin } = rows;
  const fitted = method === null ? null : crossFit(method, scores, truth, count, group);
  const calibrated = answers(of, of, truth, fitted?.calibrationOf);
  const uncalibrated = answers({ ...of, usualShare: undefined }, of, truth, () => ({ method: "none" }));
  const predictions = { labels, truth, calibrated, uncalibrated, origin, minConfidence };
  const outside = of.outOfScope === null ? null : answers(of, of.outOfScope, null);
  return {
    metrics: {
      ...taskMetrics(predictions),
      min_confidence: minConfidence,
      out_of_scope:
        outside === null ? null : measureOutOfScope(calibrated.confidence, outside.confidence, minConfidence),
    },
    report: classificationReport(labels, truth, calibrated.predicted),
    evidence: taskEvidence(predictions),
  };
}

/** What the task answers for rows, with its own calibration where there is no other. */
function answers(
  { labels, calibration, usualShare }: TaskScores,
  { scores, knownShare }: RowScores,
  truth: Uint32Array | null,
  calibrationOf = (_: number): Calibration => calibration,
): RowAnswers {
  return answerRows({ labels: labels.length, scores, knownShare, truth, calibrationOf, usualShare });
}
