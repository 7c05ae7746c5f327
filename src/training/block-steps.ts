// SPDX-License-Identifier: Apache-2.0
import type { InputKind } from "../core/task.ts";
import type { Block } from "./block.ts";
import { mergeWeights, shareWeights } from "./blocks.ts";
import { searchCost } from "./cost-search.ts";
import { figures } from "./figures.ts";
import { KernelSolver, type Rows } from "./kernel-solver.ts";
import type { PassStatistics, RowStatistics } from "./solver.ts";
import { type DealtBlock, dealBlock, heldOut, setSwappedCost, swapIn, swapOut } from "./swapping.ts";
import { metricOf, type TaskSettings } from "./task-settings.ts";

/** The cost of a block's rows; `share` is how many partitions take their steps at a time. */
export interface BlockCost {
  readonly cost: number;
  readonly share: number;
}

/** Which rows a pass is over. */
export type PassedRows = "train" | "eval" | "all";

/** Does `work` on a block with its rows in memory, and keeps what becomes of them. */
function on<Result>(block: DealtBlock, seed: number, work: (solver: KernelSolver) => Result): Result {
  swapIn(block);
  const result = work(new KernelSolver(block, seed));
  swapOut(block);
  return result;
}

function pass(block: DealtBlock, seed: number, rows: PassedRows): PassStatistics {
  const { train, rows: all } = block.shape;
  return on(block, seed, (solver) =>
    solver.pass(rows === "train" ? train : all, rows === "eval" ? train : 0),
  );
}

function evaluate(block: DealtBlock, seed: number): RowStatistics {
  const held = heldOut(block);
  return new KernelSolver(held, seed).evaluate(held.shape.train, held.shape.rows);
}

/** Writes raw scores of the block's held-out rows, labels each, into those of all blocks, which are in shared memory. */
function scores(block: DealtBlock, seed: number, all: Float32Array): void {
  const held = heldOut(block);
  new KernelSolver(held, seed).writeScores(held.shape.train, held.shape.rows, rowsIn(all, block));
}

/** Writes the duals of the block's train rows, padded labels each, into those of all blocks, which are in shared memory. */
function duals(block: DealtBlock, seed: number, all: Float32Array): void {
  on(block, seed, (solver) => solver.writeDuals(block.shape.train, rowsIn(all, block)));
}

function rowsIn(rows: Float32Array, { index, blocks }: DealtBlock): Rows {
  return { rows, first: index, step: blocks };
}

function setCost(block: DealtBlock, seed: number, { cost, share }: BlockCost): void {
  if (block.swap === null) new KernelSolver(block, seed).setCost(cost, share);
  else setSwappedCost(block, block.swap, cost, share);
}

/** Leaves the block at the cost that its held-out rows choose, and returns that. */
function search(
  block: DealtBlock,
  input: InputKind,
  { seed, minDelta, metric }: Pick<TaskSettings, "seed" | "minDelta" | "metric">,
): number {
  const { train, rows, labels } = block.shape;
  return on(block, seed, (solver) => {
    const measured = (from: number, to: number) => {
      const { confusion, loss } = solver.evaluate(from, to);
      return metricOf(figures(confusion, labels, loss), metric);
    };
    return searchCost(solver, { input, train, held: rows - train, minDelta, metric: measured });
  });
}

/** What a task's blocks have learnt. */
export interface LearntWeights {
  /** [feature * labels + label], in shared memory: that of a block, it may be. */
  readonly weights: Float32Array;
  readonly bias: Float64Array;
}

/**
 * The weights that the blocks have in common after they were merged, times each feature's factor: taken from the memory of
 * one, which makes no pass after that.
 */
function weights(block: Block, seed: number, factor: Float32Array): LearntWeights {
  return learntWeights(block, seed, factor, (solver) => solver.takeWeights());
}

/** What a block has learnt, its weights as `read` gives them, times each feature's factor. */
export function learntWeights(
  block: Block,
  seed: number,
  factor: Float32Array,
  read: (solver: KernelSolver) => Float32Array,
): LearntWeights {
  const solver = new KernelSolver(block, seed);
  const bias = solver.bias();
  const weights = read(solver);
  const { labels } = block.shape;
  for (let f = 0; f < factor.length; f++)
    for (let k = f * labels; k < (f + 1) * labels; k++)
      weights[k] = (weights[k] as number) * (factor[f] as number);
  return { weights, bias };
}

/** What is done to the blocks of a task: it depends on nothing but what lies in them, whichever thread does it. */
export const BLOCK_STEPS = {
  fill: dealBlock,
  search,
  setCost,
  share: shareWeights,
  pass,
  merge: mergeWeights,
  evaluate,
  scores,
  duals,
  weights,
} as const;

export type BlockStep = keyof typeof BLOCK_STEPS;

/** The same steps, done somewhere else or here. */
export type BlockSteps = {
  readonly [S in BlockStep]: (
    ...of: Parameters<(typeof BLOCK_STEPS)[S]>
  ) => Promise<ReturnType<(typeof BLOCK_STEPS)[S]>>;
};

/** Steps by `run`, which is told the step and what it is of. */
export function stepsBy(run: (step: BlockStep, of: readonly unknown[]) => Promise<unknown>): BlockSteps {
  const steps = Object.keys(BLOCK_STEPS).map((step) => [
    step,
    (...of: readonly unknown[]) => run(step as BlockStep, of),
  ]);
  return Object.fromEntries(steps) as BlockSteps;
}

/** Does a step in this thread. */
export function doStep(step: BlockStep, of: readonly unknown[]): unknown {
  return (BLOCK_STEPS[step] as (...of: readonly unknown[]) => unknown)(...of);
}

/** Steps in this thread. */
export const STEPS_HERE: BlockSteps = stepsBy(async (step, of) => doStep(step, of));
