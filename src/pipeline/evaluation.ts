// SPDX-License-Identifier: Apache-2.0
import type { Examples, Split } from "../core/example.ts";
import type { FamilyModel } from "../model/classifier.ts";
import { sharedDoubles, sharedFloats } from "../storage/shared-array.ts";
import type { CalibrationMethod } from "../training/calibration.ts";
import type { TaskEvidence } from "../training/evidence.ts";
import type { RowScores } from "../training/familiarity.ts";
import { CHUNK_INPUTS, distinctInputs, type InputChunk } from "../training/inputs.ts";
import type { TaskMeasurement } from "../training/measurement.ts";
import { type OverallMetrics, overallMetrics } from "../training/metrics.ts";
import { LAST, type WorkerPool } from "../training/pool.ts";
import type { ClassificationReport } from "../training/report.ts";

/** A task's rows of one split. */
export interface SplitExamples {
  readonly split: Split;
  /** By task; a task without rows has an entry with none, or no entry. */
  readonly examples: ReadonlyMap<string, Examples>;
}

/** Shares of the inputs that each thread gets where no two rows have the same, so that the threads end together. */
const SHARES = 4;

/** Rows of one task and split, the input of each, and where their scores go. */
interface Scored {
  readonly task: number;
  readonly labels: number;
  readonly inputs: Uint32Array;
  readonly into: RowScores;
}

/**
 * What the model as it ships says of every row of `splits`, for each split in the order of the model's tasks. A text that
 * several tasks or splits have is read once. The inputs are dealt out `most` at a time, or fewer, and a thread gets all that
 * it scores at once: the model is copied to it and opened once.
 */
export async function scoreSplits(
  model: FamilyModel,
  splits: readonly SplitExamples[],
  pool: WorkerPool,
  most: number,
): Promise<readonly (readonly RowScores[])[]> {
  const sets = splits.flatMap(({ examples }) => model.tasks.map(({ name }) => examples.get(name) ?? null));
  const rows = sets.reduce((sum, set) => sum + (set?.rows ?? 0), 0);
  const batch = Math.max(1, Math.min(most, CHUNK_INPUTS, Math.ceil(rows / (pool.size * SHARES))));
  const { chunks, numbers } = distinctInputs(sets, batch);
  const all = numbers.map((inputs, i): Scored => {
    const task = i % model.tasks.length;
    const labels = model.tasks[task]?.labels.length ?? 0;
    const into = {
      scores: sharedFloats(inputs.length * labels),
      knownShare: sharedDoubles(inputs.length),
    };
    return { task, labels, inputs, into };
  });
  const wanted = chunks.map(({ inputs }) => model.tasks.map(() => new Uint8Array(inputs)));
  const rowsOf = all.map(({ task, inputs }) => {
    const own: number[][] = chunks.map(() => []);
    inputs.forEach((input, row) => {
      const c = Math.floor(input / batch);
      own[c]?.push(row);
      (wanted[c]?.[task] as Uint8Array)[input % batch] = 1;
    });
    return own;
  });
  const score = async (thread: number) => {
    const own = chunks.map((_, c) => c).filter((c) => c % pool.size === thread);
    if (own.length === 0) return;
    const given = own.map((c) => ({ chunk: chunks[c] as InputChunk, wanted: wanted[c] as Uint8Array[] }));
    const found = await pool.run<"score">({ kind: "score", model, chunks: given }, undefined, LAST);
    for (const [i, c] of own.entries()) {
      const places = (wanted[c] as Uint8Array[]).map(ranks);
      for (const [s, one] of all.entries())
        deliver(one, rowsOf[s]?.[c] as number[], found[i] as RowScores[], places, batch);
    }
  };
  await Promise.all(Array.from({ length: pool.size }, (_, thread) => score(thread)));
  return splits.map((_, s) =>
    all.slice(s * model.tasks.length, (s + 1) * model.tasks.length).map(({ into }) => into),
  );
}

/** How many ones stand before each place. */
function ranks(ones: Uint8Array): Uint32Array {
  let before = 0;
  return Uint32Array.from(ones, (one) => {
    before += one;
    return before - one;
  });
}

/** Copies the scores of a chunk's inputs to those of `rows` that have them. */
function deliver(
  { task, labels, inputs, into }: Scored,
  rows: readonly number[],
  found: readonly RowScores[],
  places: readonly Uint32Array[],
  batch: number,
): void {
  const { scores, knownShare } = found[task] as RowScores;
  for (const row of rows) {
    const place = places[task]?.[(inputs[row] as number) % batch] as number;
    into.scores.set(scores.subarray(place * labels, (place + 1) * labels), row * labels);
    into.knownShare[row] = knownShare[place] as number;
  }
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
      return [{ name, ...(await pool.run<"measure">({ kind: "measure", of }, undefined, LAST)) }];
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
