// SPDX-License-Identifier: Apache-2.0
import { confidentLearning, type LabelQuality } from "./confident-learning.ts";
import type { FamilyProblem, TaskRowsAndSettings } from "./family-trainer.ts";
import { foldScorer, inRowOrder } from "./fold-scores.ts";
import { foldsOf } from "./folds.ts";
import type { TaskInputs } from "./inputs.ts";
import { FOLDS, LEAST_REAL_ROWS, rowsOfLabels } from "./origin-split.ts";
import { LEAST_ROWS_OF_LABEL } from "./plausibility.ts";
import type { WorkerPool } from "./pool.ts";
import { type FamilyVectors, vectorize } from "./vectorization.ts";

/** What is said of a task's labels; `quality` is null where its rows can't judge each other, and `idle` says why. */
export type JudgedTask =
  | { readonly task: string; readonly quality: LabelQuality; readonly idle: null }
  | { readonly task: string; readonly quality: null; readonly idle: string };

/**
 * Judges the train rows of every task of a family by fits on other rows: the rows are dealt into {@link FOLDS} folds,
 * whole groups to a fold, and each fold is scored by a fit on the others. `told` hears of every fold that is done. The
 * same rows give the same answer with any number of threads.
 */
export async function judgeLabels(
  problem: FamilyProblem,
  pool: WorkerPool,
  told: () => void = () => {},
): Promise<JudgedTask[]> {
  const idle = problem.tasks.map(reasonToRest);
  const judged = problem.tasks.filter((_, t) => idle[t] === null);
  if (judged.length === 0) return problem.tasks.map((task, t) => resting(task, idle[t] ?? ""));
  const rows = judged.map(({ train }) => ({ train, eval: null }));
  const vectors = await vectorize({ ...problem, tasks: judged }, rows, pool);
  return Promise.all(
    problem.tasks.map(async (task, t) => {
      const reason = idle[t] ?? null;
      if (reason !== null) return resting(task, reason);
      const own = vectors.inputs[judged.indexOf(task)] as TaskInputs;
      const quality = await judgeTask(task, vectors, own.train, pool, told);
      return { task: task.definition.name, quality, idle: null };
    }),
  );
}

/** Folds that {@link judgeLabels} will fit: what its progress counts to. */
export function foldsToJudge({ tasks }: FamilyProblem): number {
  return tasks.filter((task) => reasonToRest(task) === null).length * FOLDS;
}

async function judgeTask(
  task: TaskRowsAndSettings,
  vectors: FamilyVectors,
  inputs: Uint32Array,
  pool: WorkerPool,
  told: () => void,
): Promise<LabelQuality> {
  const { train, definition } = task;
  const labels = definition.labels.length;
  const score = await foldScorer(task, vectors, inputs, train, pool);
  const { fold, folds } = foldsOf(train.group, FOLDS);
  const byFold = await Promise.all(
    Array.from({ length: folds }, async (_, scored) => {
      const scores = await score({ label: train.label, count: train.count, fold, scored });
      told();
      return scores;
    }),
  );
  return confidentLearning({ labels, scores: inRowOrder(byFold, fold, labels), label: train.label });
}

function resting({ definition }: TaskRowsAndSettings, idle: string): JudgedTask {
  return { task: definition.name, quality: null, idle };
}

/** Why the rows of a task can't judge each other; null where they can. */
function reasonToRest({ train, definition }: TaskRowsAndSettings): string | null {
  if (train.rows < LEAST_REAL_ROWS)
    return `${LEAST_REAL_ROWS} rows are needed to judge by, and there are ${train.rows}`;
  const rowsOf = rowsOfLabels(train, definition.labels.length);
  if (rowsOf.filter((rows) => rows >= LEAST_ROWS_OF_LABEL).length < 2)
    return `two labels with ${LEAST_ROWS_OF_LABEL} rows each are needed to judge by`;
  return foldsOf(train.group, FOLDS).folds < FOLDS ? "nearly all rows are copies of each other" : null;
}
