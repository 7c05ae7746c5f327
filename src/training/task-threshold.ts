// SPDX-License-Identifier: Apache-2.0
import type { Calibration } from "../model/calibration.ts";
import type { ThresholdFit } from "./abstention.ts";
import { rowsNeeded } from "./binomial.ts";
import { type CalibrationMethod, crossFit } from "./calibration.ts";
import type { Answers } from "./calibration-error.ts";
import type { CalibrationRows } from "./cross-fitting.ts";
import type { RowScores } from "./familiarity.ts";
import { answersOf } from "./metrics.ts";
import { answerRows } from "./row-answers.ts";
import { numbersOf, rowsFrom } from "./row-selection.ts";
import { fitPrecisionThreshold, fitRecallThreshold } from "./threshold.ts";

/** Out-of-scope rows of a task, with their groups. */
export interface OutOfScopeRows extends RowScores {
  readonly group: Uint32Array;
}

/** A task that wants a threshold. */
export interface ThresholdProblem {
  readonly labels: number;
  readonly targetPrecision: number | null;
  readonly targetRecall: number | null;
  readonly method: CalibrationMethod;
  readonly calibration: Calibration;
  readonly usualShare: number | undefined;
  /** What fitted the calibration: the eval rows, and others after them. Null without eval rows. */
  readonly rows: CalibrationRows | null;
  /** Of the eval rows, by the model that ships. */
  readonly knownShare: Float64Array;
  /** Index into ORIGINS, of the eval rows. */
  readonly origin: Uint8Array;
  readonly outOfScope: OutOfScopeRows | null;
}

export interface TaskThreshold {
  readonly precision: ThresholdFit | null;
  readonly recall: ThresholdFit | null;
}

/** Fits what a task asks for; see {@link fitPrecisionThreshold} and {@link fitRecallThreshold}. */
export function fitTaskThreshold(problem: ThresholdProblem): TaskThreshold {
  const { targetPrecision, targetRecall } = problem;
  return {
    precision: targetPrecision === null ? null : fitPrecision(problem, targetPrecision),
    recall: targetRecall === null ? null : fitRecall(problem, targetRecall),
  };
}

/**
 * On the eval rows alone: they were drawn as the test rows are, and the model had not seen them. Each has the
 * confidence of a calibration that was fitted without its group.
 */
function fitPrecision(problem: ThresholdProblem, target: number): ThresholdFit {
  const { labels, method, rows, knownShare, usualShare, origin } = problem;
  if (rows === null) return { ...fitPrecisionThreshold(NO_ANSWERS, target), real: true };
  const { scores, label, weight, group } = rows;
  const { calibrationOf } = crossFit(method, scores, label, weight, group);
  const of = { labels, scores, knownShare, truth: label, calibrationOf, usualShare };
  const { rows: judges, real } = judgesOf(origin, group, rowsNeeded(target));
  const answers = answersOf(answerRows(of), label, judges);
  return { ...fitPrecisionThreshold(answers, target), real };
}

const NO_ANSWERS: Answers = { confidence: new Float64Array(0), right: new Uint8Array(0) };

function fitRecall(problem: ThresholdProblem, target: number): ThresholdFit {
  const { labels, calibration, usualShare, outOfScope } = problem;
  if (outOfScope === null) return { ...fitRecallThreshold(new Float64Array(0), target), real: true };
  const { scores, knownShare, group } = outOfScope;
  const of = { labels, scores, knownShare, truth: null, calibrationOf: () => calibration, usualShare };
  const sure = answerRows(of).confidence;
  const alone = firstOfGroups(numbersOf(knownShare.length), group);
  return {
    ...fitRecallThreshold(
      Float64Array.from(alone, (row) => sure[row] as number),
      target,
    ),
    real: true,
  };
}

/** The real rows, where they are enough to reach the target at all, or all rows; one of a group. */
function judgesOf(origin: Uint8Array, group: Uint32Array, needed: number | null) {
  const real = firstOfGroups(rowsFrom("real", origin), group);
  if (needed !== null && real.length >= needed) return { rows: real, real: true };
  const rows = firstOfGroups(numbersOf(origin.length), group);
  return { rows, real: rows.length === real.length };
}

/** Near-duplicates are right or wrong together: of a group one row counts, the first by its id, which is a hash. */
function firstOfGroups(rows: Uint32Array, group: Uint32Array): Uint32Array {
  const seen = new Set<number>();
  return rows.filter((row) => {
    const of = group[row] as number;
    return !seen.has(of) && seen.add(of);
  });
}
