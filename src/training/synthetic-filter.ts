// SPDX-License-Identifier: Apache-2.0
import type { Examples } from "../core/example.ts";
import type { FamilyProblem, TaskRowsAndSettings } from "./family-trainer.ts";
import { applyFilter, type FilterOutcome } from "./filter-outcome.ts";
import { foldScorer, inRowOrder } from "./fold-scores.ts";
import { foldsOf } from "./folds.ts";
import type { TaskInputs } from "./inputs.ts";
import { joinColumns } from "./joined-rows.ts";
import { FOLDS, type SplitTask, splitTask } from "./origin-split.ts";
import type { JudgedRows, Judgement } from "./plausibility.ts";
import type { WorkerPool } from "./pool.ts";
import { type FamilyVectors, vectorize } from "./vectorization.ts";

/** What a family's tasks are fitted on. */
export interface FilteredTasks {
  /** The problem's tasks, with the rows and the trust that they are to be fitted with. */
  readonly tasks: readonly TaskRowsAndSettings[];
  /** Of the tasks that ask for a filter. */
  readonly outcomes: readonly FilterOutcome[];
}

/**
 * Judges the synthetic train rows of every task that asks for it by a model of the task's real train rows alone.
 * llm_labelled, eval and test rows play no part.
 */
export async function filterSynthetic(problem: FamilyProblem, pool: WorkerPool): Promise<FilteredTasks> {
  const asked = problem.tasks.filter(({ syntheticFilter }) => syntheticFilter !== "none").map(splitTask);
  const judged = asked.filter(({ idle }) => idle === null);
  const rows = judged.map(({ real, synthetic }) => ({ train: real, eval: synthetic }));
  const counted = judged.map(({ task: { settings }, real }) => ({ settings, train: real }));
  const vectors = judged.length === 0 ? null : await vectorize({ ...problem, tasks: counted }, rows, pool);
  const results = await Promise.all(
    asked.map(async (split) => {
      const t = judged.indexOf(split);
      if (t < 0 || vectors === null) return applyFilter(split, null);
      return applyFilter(split, await judgeTask(split, vectors, vectors.inputs[t] as TaskInputs, pool));
    }),
  );
  return {
    tasks: problem.tasks.map(
      (task) => results[asked.findIndex((split) => split.task === task)]?.task ?? task,
    ),
    outcomes: results.map(({ outcome }) => outcome),
  };
}

/** Scores the real rows by fits on other folds, and the synthetic ones by a fit on all real rows; then compares. */
async function judgeTask(
  { task, real, synthetic }: SplitTask,
  vectors: FamilyVectors,
  inputs: TaskInputs,
  pool: WorkerPool,
): Promise<Judgement> {
  const labels = task.definition.labels.length;
  const score = await foldScorer(task, vectors, joinColumns([inputs.train, inputs.eval]), real, pool);
  const { fold, folds } = foldsOf(real.group, FOLDS);
  const whole = {
    label: joinColumns([real.label, synthetic.label]),
    count: joinColumns([real.count, synthetic.count]),
    fold: new Uint8Array(real.rows + synthetic.rows).fill(1, real.rows),
  };
  const [ofSynthetic, byFold] = await Promise.all([
    score({ ...whole, scored: 1 }),
    Promise.all(
      Array.from({ length: folds }, (_, scored) =>
        score({ label: real.label, count: real.count, fold, scored }),
      ),
    ),
  ]);
  const judged = (scores: Float32Array, { label }: Examples): JudgedRows => ({ scores, label });
  const problem = {
    labels,
    real: judged(inRowOrder(byFold, fold, labels), real),
    synthetic: judged(ofSynthetic, synthetic),
  };
  return pool.run<"judge">({ kind: "judge", problem });
}
