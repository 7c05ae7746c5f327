// SPDX-License-Identifier: Apache-2.0
import type { Examples } from "../../src/core/example.ts";
import type { InputKind } from "../../src/core/task.ts";
import type { AnalyzerSettings } from "../../src/model/analyzer.ts";
import { type AnalyzedChunk, analyzeChunk } from "../../src/training/analysis.ts";
import type { BlockRows } from "../../src/training/blocks.ts";
import { type Candidates, countFeatures, joinRankings } from "../../src/training/feature-counts.ts";
import { type FamilyFeatures, selectFeatures } from "../../src/training/feature-selection.ts";
import { indexChunks, type NumberedChunk } from "../../src/training/indexing.ts";
import { collectInputs, type FamilyInputs, type TaskInputs } from "../../src/training/inputs.ts";
import { type Labelled, labelWeights, rowWeights } from "../../src/training/label-weights.ts";
import { weighFeatures } from "../../src/training/task-features.ts";
import { ANALYZER } from "./examples.ts";

/** A task's rows: what the functions of `src/training` need of it. */
export interface RowsOfTask {
  readonly train: Examples;
  readonly eval: Examples | null;
}

export interface VectorOptions {
  readonly analyzer?: AnalyzerSettings;
  readonly minDf?: number;
  readonly maxFeatures?: number;
}

export interface AnalyzedFamily {
  readonly inputs: FamilyInputs;
  readonly chunks: readonly AnalyzedChunk[];
  /** In the order of the tasks. */
  readonly candidates: readonly Candidates[];
}

/** A family's inputs as sparse vectors over its features. */
export interface FamilyVectors {
  readonly inputs: FamilyInputs;
  readonly family: FamilyFeatures;
  readonly chunks: readonly NumberedChunk[];
}

export function inputKind({ train }: RowsOfTask): InputKind {
  return train.textB === null ? "text" : "pair";
}

/** Analyzes and counts a family in this thread; `parts` as many as the counting is dealt out to. */
export function analyzeFamily(
  tasks: readonly RowsOfTask[],
  { analyzer = ANALYZER, minDf = 1, maxFeatures = 100_000 }: VectorOptions = {},
  parts = 1,
): AnalyzedFamily {
  const inputs = collectInputs(tasks);
  const kind = inputKind(tasks[0] as RowsOfTask);
  const chunks = inputs.chunks.map((chunk) => analyzeChunk(chunk, kind, analyzer));
  const candidates = tasks.map(({ train: { count } }, t) => {
    const of = { chunks, inputs: (inputs.tasks[t] as TaskInputs).train, count, minDf, maxFeatures, parts };
    const rankings = Array.from({ length: parts }, (_, part) => countFeatures({ ...of, part }));
    return joinRankings({ parts: rankings, rows: count.reduce((sum, n) => sum + n, 0) }, maxFeatures);
  });
  return { inputs, chunks, candidates };
}

/** What the family trainer does before the heads, in this thread. */
export function vectorizeFamily(tasks: readonly RowsOfTask[], options: VectorOptions = {}): FamilyVectors {
  const { inputs, chunks, candidates } = analyzeFamily(tasks, options);
  const family = selectFeatures(candidates, options.maxFeatures ?? 100_000);
  return { inputs, family, chunks: indexChunks(chunks, family) };
}

/** The rows of task `t` of a family, weighted, over the features that it uses. */
export function blockRows(
  task: RowsOfTask,
  { inputs, family, chunks }: FamilyVectors,
  t: number,
  { labels, minDf = 1, classWeight = 0 }: { labels: number; minDf?: number; classWeight?: number },
): BlockRows {
  const { train, eval: held } = inputs.tasks[t] as TaskInputs;
  const { label, count } = task.train;
  const byLabel = labelWeights(task.train, labels, classWeight);
  const none = { label: new Uint32Array(0), count: new Uint32Array(0) };
  const weighted = (part: Labelled, numbers: Uint32Array) => ({
    chunks,
    inputs: numbers,
    label: part.label,
    weight: rowWeights(part, byLabel),
  });
  const { weights } = family;
  return {
    weights,
    features: weighFeatures({ chunks, inputs: train, label, count }, weights, labels, minDf),
    labels,
    train: weighted(task.train, train),
    eval: weighted(task.eval ?? none, held),
  };
}

/** Rows of a family of one task. */
export function rowsOfOne(
  task: RowsOfTask,
  options: VectorOptions & { readonly labels: number; readonly classWeight?: number },
): BlockRows {
  return blockRows(task, vectorizeFamily([task], options), 0, options);
}
