// SPDX-License-Identifier: Apache-2.0
import type { Examples, Split } from "../core/example.ts";
import { sliceTexts } from "../core/text-column.ts";
import type { Calibration } from "../model/calibrator.ts";
import type { FamilyModel, TaskModel } from "../model/classifier.ts";
import {
  type CalibrationMethod,
  calibrateRows,
  crossFitProbabilities,
  fitCalibration,
} from "../training/calibration.ts";
import type { CalibrationRows } from "../training/cross-fitting.ts";
import type { ScoreBatch } from "../training/job.ts";
import { overallMetrics, predictedLabels, type TaskMetrics, taskMetrics } from "../training/metrics.ts";
import type { WorkerPool } from "../training/pool.ts";
import { type ClassificationReport, classificationReport } from "../training/report.ts";

/** A task's rows of one split. */
export interface SplitExamples {
  readonly split: Split;
  /** By task; a task without rows has an entry with none, or no entry. */
  readonly examples: ReadonlyMap<string, Examples>;
}

/**
 * Raw scores of every task's rows by the model as it ships, rows x labels, in the order of its tasks. The rows are
 * dealt out `batch` at a time, and a thread gets all its batches at once: the model is copied to it and opened once.
 */
export async function scoreSplit(
  model: FamilyModel,
  { examples }: SplitExamples,
  pool: WorkerPool,
  batch: number,
): Promise<readonly Float32Array[]> {
  const scores = model.tasks.map(
    ({ name, labels }) => new Float32Array((examples.get(name)?.rows ?? 0) * labels.length),
  );
  const hands: { readonly batches: ScoreBatch[]; readonly at: number[] }[] = Array.from(
    { length: pool.size },
    () => ({ batches: [], at: [] }),
  );
  let dealt = 0;
  model.tasks.forEach(({ name, labels }, task) => {
    const rows = examples.get(name);
    for (let from = 0; rows !== undefined && from < rows.rows; from += batch) {
      const to = Math.min(from + batch, rows.rows);
      const text = sliceTexts(rows.text, from, to);
      const textB = rows.textB === null ? null : sliceTexts(rows.textB, from, to);
      const hand = hands[dealt++ % hands.length];
      hand?.batches.push({ task, text, textB });
      hand?.at.push(from * labels.length);
    }
  });
  const score = async ({ batches, at }: (typeof hands)[number]) => {
    if (batches.length === 0) return;
    const parts = await pool.run<"score">({ kind: "score", model, batches });
    for (const [i, { task }] of batches.entries())
      scores[task]?.set(parts[i] as Float32Array, at[i] as number);
  };
  await Promise.all(hands.map(score));
  return scores;
}

/** Fits the calibration of each task on rows that its fit had not seen; a task without any stays uncalibrated. */
export function fitCalibrations(
  model: FamilyModel,
  rows: readonly (CalibrationRows | null)[],
  methodOf: (task: string) => CalibrationMethod,
): Calibration[] {
  return model.tasks.map(({ name }, t) => {
    const own = rows[t] ?? null;
    if (own === null) return { method: "none" };
    return fitCalibration(methodOf(name), own.scores, own.label, own.count, own.group);
  });
}

export interface SplitMetrics {
  readonly metrics: {
    readonly family: string;
    readonly split: Split;
    readonly overall: unknown;
    readonly per_task: ReadonlyMap<string, TaskMetrics>;
  };
  readonly report: {
    readonly family: string;
    readonly split: Split;
    readonly per_task: ReadonlyMap<string, ClassificationReport>;
  };
}

/**
 * Measures a family on a split. On the split that fitted the calibration, `crossFit` names the method and
 * every row is calibrated by a fit on the rows of other groups: no row judges what it helped to fit.
 */
export function measureSplit(
  model: FamilyModel,
  { split, examples }: SplitExamples,
  scores: readonly Float32Array[],
  crossFit: ((task: string) => CalibrationMethod) | null,
): SplitMetrics {
  const metrics = new Map<string, TaskMetrics>();
  const reports = new Map<string, ClassificationReport>();
  model.tasks.forEach((task, t) => {
    const rows = examples.get(task.name);
    if (rows === undefined) return;
    const raw = scores[t] as Float32Array;
    const uncalibrated = calibrateRows({ method: "none" }, raw, task.labels.length);
    const probabilities =
      crossFit === null
        ? calibrateRows(task.calibration, raw, task.labels.length)
        : crossFitted(crossFit(task.name), raw, rows, task);
    const { label: truth, origin } = rows;
    metrics.set(task.name, taskMetrics({ labels: task.labels, truth, probabilities, uncalibrated, origin }));
    const predicted = predictedLabels(probabilities, uncalibrated, task.labels.length);
    reports.set(task.name, classificationReport(task.labels, truth, predicted));
  });
  const overall = overallMetrics([...metrics.values()]);
  return {
    metrics: { family: model.family, split, overall, per_task: metrics },
    report: { family: model.family, split, per_task: reports },
  };
}

function crossFitted(
  method: CalibrationMethod,
  raw: Float32Array,
  rows: Examples,
  task: TaskModel,
): Float64Array {
  return crossFitProbabilities(method, raw, rows.label, rows.count, rows.group, task.labels.length)
    .probabilities;
}
