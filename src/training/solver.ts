// SPDX-License-Identifier: Apache-2.0

/** Rows in compressed sparse row form: row i is [start[i], start[i + 1]) of ids and values. */
export interface SparseRows {
  readonly rows: number;
  readonly start: Float64Array | Uint32Array;
  readonly ids: Uint32Array;
  readonly values: Float32Array;
}

/** Rows with their labels and the weight of each one's loss, over 0. */
export interface LabelledRows {
  readonly x: SparseRows;
  readonly truth: Uint32Array;
  readonly weight: Float64Array;
}

export interface SolverProblem {
  /** Train rows, then held-out ones: the rows of a solver are numbered through. */
  readonly parts: readonly LabelledRows[];
  readonly labels: number;
  readonly features: number;
  readonly seed: number;
}

/** What the rows of a pass or of an evaluation showed, from the scores that each row met. */
export interface RowStatistics {
  /** Sum of the negative log-likelihoods of the rows, nats. */
  readonly loss: number;
  /** [truth * labels + predicted]. */
  readonly confusion: Float64Array;
}

export interface PassStatistics extends RowStatistics {
  /** Duality gap over the primal loss, both as seen on the way; 0 at the optimum, and without any loss. */
  readonly gap: number;
}

/**
 * L2-regularised softmax regression, min over W of |W|^2 / 2 + sum C_i loss_i with C_i = cost * weight_i, by dual
 * coordinate descent: each step solves one row's dual exactly, so there is no learning rate, and the primal
 * weights are kept up with as W = sum C_i x_i (y_i - p_i). The bias is a constant feature 1 and is regularised. A
 * row that no pass has met yet adds nothing, so rows may join at any time, and a change of cost only scales W.
 */
export interface Solver {
  /** Sets the cost; the solution of the last one is where the next passes start. */
  setCost(cost: number): void;
  /** One pass over rows [0, rows) in a new random order. */
  pass(rows: number): PassStatistics;
  /** Figures of rows [from, to) by the weights as they are. */
  evaluate(from: number, to: number): RowStatistics;
  /** Raw scores of rows [from, to), rows x labels. */
  scores(from: number, to: number): Float32Array;
  /** What {@link restore} goes back to. */
  save(): SolverState;
  restore(state: SolverState): void;
  /** [feature * labels + label]. */
  weights(): Float32Array;
  bias(): Float64Array;
}

export interface SolverState {
  readonly cost: number;
  readonly weights: Float32Array;
  readonly bias: Float32Array | Float64Array;
  readonly dual: Float32Array;
}

/** Row, label and weight columns of all parts, one after the other. */
export function joinParts(parts: readonly LabelledRows[]): {
  readonly rows: number;
  readonly truth: Uint32Array;
  readonly weight: Float64Array;
} {
  const rows = parts.reduce((n, { x }) => n + x.rows, 0);
  const truth = new Uint32Array(rows);
  const weight = new Float64Array(rows);
  let at = 0;
  for (const part of parts) {
    truth.set(part.truth.subarray(0, part.x.rows), at);
    weight.set(part.weight.subarray(0, part.x.rows), at);
    at += part.x.rows;
  }
  return { rows, truth, weight };
}

/** |x|^2 of a row with its constant feature. */
export function squaredLength({ start, values }: SparseRows, row: number): number {
  let squares = 1;
  for (let j = start[row] as number; j < (start[row + 1] as number); j++)
    squares += (values[j] as number) * (values[j] as number);
  return squares;
}
