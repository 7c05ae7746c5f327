// SPDX-License-Identifier: Apache-2.0
import type { InputKind } from "../core/task.ts";
import type { Solver, SolverState } from "./solver.ts";

/**
 * C of the loss against |w|^2 / 2 that "auto" tries, the preferred one first; alpha = 1 / (C rows). For all of 16
 * public tasks 4 beats 8 on eval (accuracy and macro-F1 .8172 / .7724 and .8161 / .7705); a few want less or more.
 * A pair has 7 namespaces of length 1 where a text has 2, and C acts on a row through C |x|^2, so pairs want less:
 * mean accuracy and macro-F1 of 3 tasks on eval .7730 / .7442, and .7713 / .7396 with the costs of texts.
 */
export const COSTS = { text: [4, 1, 16], pair: [1, 0.25, 4] } as const;
/** What another cost must gain, in units of 1 / sqrt(eval rows): less is noise, and choosing by noise costs. */
const LEAST_GAIN = 0.1;
/** Train and eval rows that settle alpha at most. */
const TRIAL_ROWS = 10_000;
/**
 * Passes of the first trial; the others go on from its solution, scaled. 20,000 rows and 3 + 2 passes chose no
 * better (docs/engine.md): .8174 / .7724 on eval, and .8178 / .7717 with them. A third pass for the preferred cost as well, so that all have had
 * as many, would be fairer and chose worse: .8123 / .7775 for .8137 / .7791.
 */
const FIRST_PASSES = 2;
const OTHER_PASSES = 1;
/** Passes behind the solution that the trials end with, whichever cost they choose but the first. */
export const TRIAL_PASSES = FIRST_PASSES + OTHER_PASSES;

export interface CostSearch {
  readonly input: InputKind;
  readonly train: number;
  /** Held-out rows follow the train rows. */
  readonly held: number;
  readonly minDelta: number;
  /** Metric of rows [from, to), larger is better. */
  readonly metric: (from: number, to: number) => number;
}

/**
 * Leaves the solver at the cost whose short fit is best on held-out rows, with what that fit has learnt; the
 * preferred one unless another gains more than the noise.
 */
export function searchCost(solver: Solver, { input, train, held, minDelta, metric }: CostSearch): number {
  const [preferred, ...others] = COSTS[input];
  solver.setCost(preferred);
  if (held === 0) return preferred;
  const rows = Math.min(train, TRIAL_ROWS);
  const seen = Math.min(held, TRIAL_ROWS);
  const score = (cost: number, passes: number): number => {
    for (let pass = 0; pass < passes; pass++) {
      // Rows that have settled come again: a trial is too short to leave any out.
      solver.setCost(cost);
      solver.pass(rows);
    }
    return metric(train, train + seen);
  };
  const bar = score(preferred, FIRST_PASSES) + minDelta + LEAST_GAIN / Math.sqrt(seen);
  const first = solver.save(rows);
  let best: { readonly state: SolverState; readonly score: number } = { state: first, score: bar };
  for (const cost of others) {
    solver.restore(first, cost);
    const reached = score(cost, OTHER_PASSES);
    if (reached > best.score) best = { state: solver.save(rows), score: reached };
  }
  solver.restore(best.state);
  return best.state.cost;
}
