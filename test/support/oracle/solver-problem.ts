// SPDX-License-Identifier: Apache-2.0
import { allocateBlock, type Block, BlockWriter } from "../../../src/training/block.ts";
import { writeRow } from "../write-row.mjs";

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

/** The problem as a block of the kernel. */
export function blockOf({ parts, labels, features }: SolverProblem): Block {
  const rows = parts.reduce((n, { x }) => n + x.rows, 0);
  const entries = parts.reduce((n, { x }) => n + (x.start[x.rows] as number), 0);
  const block = allocateBlock({ train: parts[0]?.x.rows ?? 0, rows, entries, features, labels });
  const writer = new BlockWriter(block);
  for (const { x, truth, weight } of parts)
    for (let i = 0; i < x.rows; i++)
      writeRow(
        writer,
        x,
        x.start[i] as number,
        x.start[i + 1] as number,
        truth[i] as number,
        weight[i] as number,
      );
  return block;
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
