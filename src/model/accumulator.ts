// SPDX-License-Identifier: Apache-2.0

/**
 * Adds up blocks of weights, a block times a value each: what a prediction does most. Weights of 8 bits are added up in 32-bit
 * numbers, which the scale of a label turns into scores; those of 32 bits, for exact work, in 64.
 */
export interface Accumulator {
  /** First weight of each block, and what it is times; MOST_BLOCKS entries. */
  readonly at: Uint32Array;
  readonly by: Float32Array | Float64Array;
  /** At least one a label. */
  readonly sums: Float32Array | Float64Array;
  /** sums[k] += by[i] * values[at[i] + k] for each i < n, in that order, and each k < labels; every step is rounded. */
  add(n: number, labels: number): void;
}

/** Blocks of one call. */
export const MOST_BLOCKS = 512;
