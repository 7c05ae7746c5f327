// SPDX-License-Identifier: Apache-2.0
import type { Examples } from "../core/example.ts";
import { checkFoldCapacity } from "./capacity.ts";
import { COSTS } from "./cost-search.ts";
import type { FoldProblem } from "./cross-fitting.ts";
import type { TaskRowsAndSettings } from "./family-trainer.ts";
import { ngramsOf } from "./inputs.ts";
import { FOLDS } from "./origin-split.ts";
import type { WorkerPool } from "./pool.ts";
import { numbersOf } from "./row-selection.ts";
import type { FamilyVectors } from "./vectorization.ts";

/** A judge need not be exact: to a gap of .01 in 25 passes it catches as many wrong rows, and loses as many right ones. */
const GAP = 0.05;
const PASSES = 10;
/** Fits that run at a time: of all folds, and of all real rows where synthetic ones are judged. */
const MOST_FITS = FOLDS + 1;

/** Rows of which one fold is scored by a fit on the others. */
export type FoldedRows = Pick<FoldProblem, "label" | "count" | "fold" | "scored">;

/** Raw scores of the rows of fold `scored`, rows x labels in their order, by a fit that has not seen their labels. */
export type FoldScorer = (rows: FoldedRows) => Promise<Float32Array>;

/**
 * Scores rows of a task in order to judge their labels. Features, weights and solver are those of the fit that ships, at
 * the cost that a fit prefers (a fourth of it and four times as much judge alike). `inputs` has the number of each
 * row's input; alpha in the settings is per source row of `learnt`.
 *
 * @throws ModelpackError TASK_UNTRAINABLE where the rows are too many for a fit in one block
 */
export async function foldScorer(
  { settings, definition }: Pick<TaskRowsAndSettings, "settings" | "definition">,
  { features: { hashes, weights }, chunks }: FamilyVectors,
  inputs: Uint32Array,
  learnt: Pick<Examples, "count" | "rows">,
  pool: WorkerPool,
): Promise<FoldScorer> {
  const ids = numbersOf(hashes.length);
  const rows = inputs.length;
  const labels = definition.labels.length;
  const entries = ngramsOf(chunks, inputs);
  checkFoldCapacity({
    task: definition.name,
    shape: { train: rows, rows, entries, features: Math.min(ids.length, entries), labels },
    threads: Math.min(MOST_FITS, pool.size),
  });
  const sourceRows = learnt.count.reduce((sum, n) => sum + n, 0);
  const of = {
    rows: await pool.run<"narrow">({ kind: "narrow", rows: { chunks, inputs }, weights, ids }),
    features: null,
    labels,
    trust: null,
    minDf: settings.minDf,
    classWeight: settings.classWeight,
    seed: settings.seed,
    cost: settings.alpha === "auto" ? COSTS[definition.input][0] : 1 / (settings.alpha * sourceRows),
    duals: null,
    gap: GAP,
    passes: PASSES,
  };
  return (rows) => pool.run<"fold">({ kind: "fold", problem: { ...of, ...rows } }, undefined, learnt.rows);
}

/** Scores of every fold's rows, rows x labels each, as those of all rows in their order. */
export function inRowOrder(byFold: readonly Float32Array[], fold: Uint8Array, labels: number): Float32Array {
  const all = new Float32Array(fold.length * labels);
  const next = new Uint32Array(byFold.length);
  fold.forEach((f, row) => {
    const from = (next[f] as number) * labels;
    all.set((byFold[f] as Float32Array).subarray(from, from + labels), row * labels);
    next[f] = (next[f] as number) + 1;
  });
  return all;
}
