// SPDX-License-Identifier: Apache-2.0
import type { Examples } from "../core/example.ts";
import { COSTS } from "./cost-search.ts";
import type { FoldProblem } from "./cross-fitting.ts";
import type { FamilyProblem, TaskRowsAndSettings } from "./family-trainer.ts";
import { applyFilter, type FilterOutcome } from "./filter-outcome.ts";
import { foldsOf } from "./folds.ts";
import { collectInputs, type TaskInputs } from "./inputs.ts";
import { FOLDS, type SplitTask, splitTask } from "./origin-split.ts";
import type { JudgedRows, Judgement } from "./plausibility.ts";
import type { WorkerPool } from "./pool.ts";
import { type FamilyVectors, vectorize } from "./vectorization.ts";

/** A judge need not be exact: to a gap of .01 in 25 passes it catches as many wrong rows, and loses as many right ones. */
const GAP = 0.05;
const PASSES = 10;

/** What a family's tasks are fitted on. */
export interface FilteredTasks {
  /** The problem's tasks, with the rows and the trust that they are to be fitted with. */
  readonly tasks: readonly TaskRowsAndSettings[];
  /** Of the tasks that ask for a filter. */
  readonly outcomes: readonly FilterOutcome[];
}

/**
 * Judges the synthetic train rows of every task that asks for it by a model of the task's real train rows alone: features,
 * weights and solver are those of the fit, at the cost that a fit prefers (a fourth of it and four times as much judge
 * alike). llm_labelled, eval and test rows play no part.
 */
export async function filterSynthetic(problem: FamilyProblem, pool: WorkerPool): Promise<FilteredTasks> {
  const asked = problem.tasks.filter(({ syntheticFilter }) => syntheticFilter !== "none").map(splitTask);
  const judged = asked.filter(({ idle }) => idle === null);
  const inputs = collectInputs(judged.map(({ real, synthetic }) => ({ train: real, eval: synthetic })));
  const counted = judged.map(({ task: { settings }, real }) => ({ settings, train: real }));
  const vectors = judged.length === 0 ? null : await vectorize({ ...problem, tasks: counted }, inputs, pool);
  const results = await Promise.all(
    asked.map(async (split) => {
      const t = judged.indexOf(split);
      if (t < 0 || vectors === null) return applyFilter(split, null);
      return applyFilter(split, await judgeTask(split, vectors, inputs.tasks[t] as TaskInputs, pool));
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
  { features: { hashes, weights }, chunks }: FamilyVectors,
  inputs: TaskInputs,
  pool: WorkerPool,
): Promise<Judgement> {
  const { settings, definition } = task;
  const rows = { chunks, inputs: joined(inputs.train, inputs.eval) };
  const ids = Uint32Array.from(hashes.keys());
  const labels = definition.labels.length;
  const sourceRows = real.count.reduce((sum, n) => sum + n, 0);
  const of = {
    rows: await pool.run<"narrow">({ kind: "narrow", rows, weights, ids }),
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
  const score = (problem: FoldProblem) => pool.run<"fold">({ kind: "fold", problem }, undefined, real.rows);
  const { fold, folds } = foldsOf(real.group, FOLDS);
  const whole = {
    label: joined(real.label, synthetic.label),
    count: joined(real.count, synthetic.count),
    fold: new Uint8Array(real.rows + synthetic.rows).fill(1, real.rows),
  };
  const [ofSynthetic, byFold] = await Promise.all([
    score({ ...of, ...whole, scored: 1 }),
    Promise.all(
      Array.from({ length: folds }, (_, scored) =>
        score({ ...of, label: real.label, count: real.count, fold, scored }),
      ),
    ),
  ]);
  const judged = (scores: Float32Array, { label }: Examples): JudgedRows => ({ scores, label });
  const problem = {
    labels,
    real: judged(inOrder(byFold, fold, labels), real),
    synthetic: judged(ofSynthetic, synthetic),
  };
  return pool.run<"judge">({ kind: "judge", problem });
}

function joined(a: Uint32Array, b: Uint32Array): Uint32Array {
  const all = new Uint32Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}

/** Scores of the rows of each fold, rows x labels, as those of all rows in their order. */
function inOrder(byFold: readonly Float32Array[], fold: Uint8Array, labels: number): Float32Array {
  const all = new Float32Array(fold.length * labels);
  const next = new Uint32Array(byFold.length);
  fold.forEach((f, row) => {
    const from = (next[f] as number) * labels;
    all.set((byFold[f] as Float32Array).subarray(from, from + labels), row * labels);
    next[f] = (next[f] as number) + 1;
  });
  return all;
}
