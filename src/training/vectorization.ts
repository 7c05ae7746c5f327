// SPDX-License-Identifier: Apache-2.0
import type { Examples } from "../core/example.ts";
import type { InputKind } from "../core/task.ts";
import type { AnalyzerSettings } from "../model/analyzer.ts";
import type { AnalyzedChunk } from "./analysis.ts";
import type { TaskRanking } from "./feature-counts.ts";
import type { FamilyFeatures } from "./feature-selection.ts";
import type { NumberedChunk } from "./indexing.ts";
import { collectInputs, type TaskInputs, type TaskSplits } from "./inputs.ts";
import type { WorkerPool } from "./pool.ts";

/** A task by the rows that choose its features. */
export interface CountedTask {
  readonly train: Pick<Examples, "rows" | "count">;
  readonly settings: { readonly minDf: number };
}

/** What the features of a family depend on, besides its inputs. */
export interface VectorProblem {
  readonly input: InputKind;
  readonly analyzer: AnalyzerSettings;
  readonly maxFeatures: number;
  /** In the order of the rows. */
  readonly tasks: readonly CountedTask[];
}

/** The inputs of a family over the features that it keeps. */
export interface FamilyVectors {
  readonly features: FamilyFeatures;
  readonly chunks: readonly NumberedChunk[];
  /** The input of each row, by task. */
  readonly inputs: readonly TaskInputs[];
}

/**
 * Rows of a task that one part of the counting takes: half a second to a second. Every part goes through all n-grams: two for
 * the 169,000 rows of sgd_act took twice the time of one.
 */
const COUNT_ROWS = 400_000;
/** N-grams that are numbered at a time: 30 ms, a fifth of which is the table of the family's features. */
const GROUP_NGRAMS = 2 ** 21;

/** Chooses the family's features by its train rows, and makes the inputs of all `rows` sparse vectors over them. */
export async function vectorize(
  problem: VectorProblem,
  rows: readonly TaskSplits[],
  pool: WorkerPool,
): Promise<FamilyVectors> {
  const { maxFeatures, tasks } = problem;
  const { analyzed, inputs } = await analyze(problem, rows, pool);
  const rankings = await Promise.all(
    tasks.map((task, t) => rankFeatures(task, analyzed, (inputs[t] as TaskInputs).train, maxFeatures, pool)),
  );
  const features = await pool.run<"select">({ kind: "select", tasks: rankings, maxFeatures });
  const chunks = await Promise.all(
    inGroups(analyzed).map((group) => pool.run<"index">({ kind: "index", chunks: group, features })),
  );
  return { features, chunks: chunks.flat(), inputs };
}

/** Chunks one after another that have {@link GROUP_NGRAMS} between them. */
function inGroups(chunks: readonly AnalyzedChunk[]): AnalyzedChunk[][] {
  const groups: AnalyzedChunk[][] = [];
  let ngrams = GROUP_NGRAMS;
  for (const chunk of chunks) {
    if (ngrams >= GROUP_NGRAMS) {
      groups.push([]);
      ngrams = 0;
    }
    groups.at(-1)?.push(chunk);
    ngrams += chunk.hashes.length;
  }
  return groups;
}

/** The n-grams of every input. Its texts are in shared memory only until then. */
async function analyze(
  { input, analyzer }: VectorProblem,
  rows: readonly TaskSplits[],
  pool: WorkerPool,
): Promise<{ readonly analyzed: readonly AnalyzedChunk[]; readonly inputs: readonly TaskInputs[] }> {
  const { chunks, tasks: inputs } = collectInputs(rows);
  const analyzed = await Promise.all(
    chunks.map((chunk) => pool.run<"analyze">({ kind: "analyze", chunk, input, analyzer })),
  );
  return { analyzed, inputs };
}

/** A task's features by document frequency; a large task is counted in parts, by hash. */
async function rankFeatures(
  { train, settings }: CountedTask,
  chunks: readonly AnalyzedChunk[],
  inputs: Uint32Array,
  maxFeatures: number,
  pool: WorkerPool,
): Promise<TaskRanking> {
  const parts = Math.min(8, Math.ceil(train.rows / COUNT_ROWS));
  const of = { chunks, inputs, count: train.count, minDf: settings.minDf, maxFeatures, parts };
  const ranked = await Promise.all(
    Array.from({ length: parts }, (_, part) =>
      pool.run<"count">({ kind: "count", problem: { ...of, part } }),
    ),
  );
  return { parts: ranked, rows: train.count.reduce((sum, n) => sum + n, 0) };
}
