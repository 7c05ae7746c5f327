// SPDX-License-Identifier: Apache-2.0
import type { Examples, Split } from "../core/example.ts";
import { sliceTexts } from "../core/text-column.ts";
import type { FamilyModel } from "../model/classifier.ts";
import type { CalibrationMethod } from "../training/calibration.ts";
import type { TaskEvidence } from "../training/evidence.ts";
import type { ScoreBatch } from "../training/job.ts";
import { type OverallMetrics, overallMetrics, type TaskMetrics } from "../training/metrics.ts";
import type { WorkerPool } from "../training/pool.ts";
import type { ClassificationReport } from "../training/report.ts";

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

export interface SplitMetrics {
  readonly metrics: {
    readonly family: string;
    readonly split: Split;
    readonly overall: OverallMetrics;
    readonly per_task: ReadonlyMap<string, TaskMetrics>;
  };
  readonly report: {
    readonly family: string;
    readonly split: Split;
    readonly per_task: ReadonlyMap<string, ClassificationReport>;
  };
  /** What the charts show, by task. */
  readonly evidence: ReadonlyMap<string, TaskEvidence>;
}

/**
 * Measures a family on a split, its tasks at a time. On the split that fitted the calibration, `crossFit` names the
 * method; see {@link measureTask}.
 */
export async function measureSplit(
  model: FamilyModel,
  { split, examples }: SplitExamples,
  scores: readonly Float32Array[],
  crossFit: ((task: string) => CalibrationMethod) | null,
  pool: WorkerPool,
): Promise<SplitMetrics> {
  const measured = await Promise.all(
    model.tasks.map(async ({ name, labels, calibration, minConfidence }, t) => {
      const rows = examples.get(name);
      if (rows === undefined) return [];
      const { label, count, group, origin } = rows;
      const of = {
        labels,
        scores: scores[t] as Float32Array,
        rows: { label, count, group, origin },
        calibration,
        minConfidence,
        crossFit: crossFit?.(name) ?? null,
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
