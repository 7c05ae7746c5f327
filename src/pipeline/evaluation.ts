// SPDX-License-Identifier: Apache-2.0
import type { Examples, Split } from "../core/example.ts";
import { sliceTexts } from "../core/text-column.ts";
import type { FamilyModel } from "../model/classifier.ts";
import type { CalibrationMethod } from "../training/calibration.ts";
import type { TaskEvidence } from "../training/evidence.ts";
import type { RowScores } from "../training/familiarity.ts";
import type { ScoreBatch } from "../training/job.ts";
import type { TaskMeasurement } from "../training/measurement.ts";
import { type OverallMetrics, overallMetrics } from "../training/metrics.ts";
import type { WorkerPool } from "../training/pool.ts";
import type { ClassificationReport } from "../training/report.ts";

/** A task's rows of one split. */
export interface SplitExamples {
  readonly split: Split;
  /** By task; a task without rows has an entry with none, or no entry. */
  readonly examples: ReadonlyMap<string, Examples>;
}

/**
 * What the model as it ships says of every row of `splits`, for each split in the order of the model's tasks. The rows
 * are dealt out `batch` at a time, and a thread gets all its batches at once: the model is copied to it and opened once.
 */
export async function scoreSplits(
  model: FamilyModel,
  splits: readonly SplitExamples[],
  pool: WorkerPool,
  batch: number,
): Promise<readonly (readonly RowScores[])[]> {
  const hands: { readonly batches: ScoreBatch[]; readonly into: RowScores[] }[] = Array.from(
    { length: pool.size },
    () => ({ batches: [], into: [] }),
  );
  let dealt = 0;
  const deal = (task: number, labels: number, rows: Examples | undefined): RowScores => {
    const all = rows?.rows ?? 0;
    const scores = new Float32Array(all * labels);
    const knownShare = new Float64Array(all);
    for (let from = 0; rows !== undefined && from < all; from += batch) {
      const to = Math.min(from + batch, all);
      const text = sliceTexts(rows.text, from, to);
      const textB = rows.textB === null ? null : sliceTexts(rows.textB, from, to);
      const hand = hands[dealt++ % hands.length];
      hand?.batches.push({ task, text, textB });
      const part = scores.subarray(from * labels, to * labels);
      hand?.into.push({ scores: part, knownShare: knownShare.subarray(from, to) });
    }
    return { scores, knownShare };
  };
  const scored = splits.map(({ examples }) =>
    model.tasks.map(({ name, labels }, task) => deal(task, labels.length, examples.get(name))),
  );
  const score = async ({ batches, into }: (typeof hands)[number]) => {
    if (batches.length === 0) return;
    const parts = await pool.run<"score">({ kind: "score", model, batches });
    for (const [i, { scores, knownShare }] of parts.entries()) {
      into[i]?.scores.set(scores);
      into[i]?.knownShare.set(knownShare);
    }
  };
  await Promise.all(hands.map(score));
  return scored;
}

export interface SplitMetrics {
  readonly metrics: {
    readonly family: string;
    readonly split: Split;
    readonly overall: OverallMetrics;
    readonly per_task: ReadonlyMap<string, TaskMeasurement["metrics"]>;
  };
  readonly report: {
    readonly family: string;
    readonly split: Split;
    readonly per_task: ReadonlyMap<string, ClassificationReport>;
  };
  /** What the charts show, by task. */
  readonly evidence: ReadonlyMap<string, TaskEvidence>;
}

/** What a model says of a split, in the order of its tasks. */
export interface ScoredSplit {
  readonly rows: readonly RowScores[];
  /** Of the out-of-scope rows; none for a task without any. */
  readonly outOfScope: readonly RowScores[];
  /** On the split that fitted the calibration, the method of a task. */
  readonly crossFit: ((task: string) => CalibrationMethod) | null;
}

/** Measures a family on a split, its tasks at a time; see {@link measureTask}. */
export async function measureSplit(
  model: FamilyModel,
  { split, examples }: SplitExamples,
  { rows: scored, outOfScope, crossFit }: ScoredSplit,
  pool: WorkerPool,
): Promise<SplitMetrics> {
  const measured = await Promise.all(
    model.tasks.map(async ({ name, labels, calibration, usualShare, minConfidence }, t) => {
      const rows = examples.get(name);
      if (rows === undefined) return [];
      const { label, count, group, origin } = rows;
      const outside = outOfScope[t];
      const of = {
        labels,
        ...(scored[t] as RowScores),
        rows: { label, count, group, origin },
        calibration,
        usualShare,
        minConfidence,
        crossFit: crossFit?.(name) ?? null,
        outOfScope: outside === undefined || outside.knownShare.length === 0 ? null : outside,
      };
      return [{ name, ...(await pool.run<"measure">({ kind: "measure", of })) }];
    }),
  );
  const metrics = new Map(measured.flat().map((task) => [task.name, task.metrics]));
  const reports = new Map(measured.flat().map((task) => [task.name, task.report]));
  const overall = overallMetrics([...metrics.values()]);
  return {
    metrics: { family: model.family, split, overall, per_task: metrics },
    report: { family: model.family, split, per_task: reports },
    evidence: new Map(measured.flat().map((task) => [task.name, task.evidence])),
  };
}
