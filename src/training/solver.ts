// SPDX-License-Identifier: Apache-2.0

/**
 * What the rows of a pass or of an evaluation showed, from the scores that each row met; a row that a pass leaves out counts
 * with what the one before saw.
 */
export interface RowStatistics {
  /** Sum of the negative log-likelihoods of the rows, nats. */
  readonly loss: number;
  /** [truth * labels + predicted]. */
  readonly confusion: Float64Array;
}

export interface PassStatistics extends RowStatistics {
  /** Sum of the rows' losses times their costs, and the duality gap, both as seen on the way. */
  readonly primal: number;
  readonly gap: number;
}

/** The figures of two blocks of rows as one. */
export function addRows(a: RowStatistics, b: RowStatistics): RowStatistics {
  const confusion = new Float64Array(a.confusion.length);
  for (let cell = 0; cell < confusion.length; cell++)
    confusion[cell] = (a.confusion[cell] as number) + (b.confusion[cell] as number);
  return { loss: a.loss + b.loss, confusion };
}

/** The same for passes. */
export function addPasses(a: PassStatistics, b: PassStatistics): PassStatistics {
  return { ...addRows(a, b), primal: a.primal + b.primal, gap: a.gap + b.gap };
}

/** Duality gap over the primal loss; 0 at the optimum, and without any loss. */
export function relativeGap({ primal, gap }: PassStatistics): number {
  return primal > 0 ? Math.max(0, gap / primal) : 0;
}

/**
 * L2-regularised softmax regression, min over W of |W|^2 / 2 + sum C_i loss_i with C_i = cost * weight_i, by dual
 * coordinate descent: each step solves one row's dual exactly, so there is no learning rate, and the primal
 * weights are kept up with as W = sum C_i x_i (y_i - p_i). The bias is a constant feature 1 and is regularised. A
 * row that no pass has met yet adds nothing, so rows may join at any time, and a change of cost only scales W: the duals stay.
 */
export interface Solver {
  /** Sets the cost of the next passes: where there have been some, the one that they had. {@link restore} goes on at another. */
  setCost(cost: number): void;
  /** One pass over rows [from, to) in a new random order; from 0 where it is not given. */
  pass(to: number, from?: number): PassStatistics;
  /** Figures of rows [from, to) by the weights as they are. */
  evaluate(from: number, to: number): RowStatistics;
  /** Raw scores of rows [from, to), rows x labels. */
  scores(from: number, to: number): Float32Array;
  /** What {@link restore} goes back to, where passes met no other rows than [0, rows). */
  save(rows: number): SolverState;
  /** Goes back to a state, at its cost or another one: W is made anew from the duals, to the rounding of its sums. */
  restore(state: SolverState, cost?: number): void;
  /** [feature * labels + label]. */
  weights(): Float32Array;
  bias(): Float64Array;
}

export interface SolverState {
  readonly cost: number;
  readonly dual: Float32Array;
}
