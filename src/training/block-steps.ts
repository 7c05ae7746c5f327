// SPDX-License-Identifier: Apache-2.0
import type { InputKind } from "../core/task.ts";
import type { Block } from "./block.ts";
import { fillBlock, mergeWeights, shareWeights } from "./blocks.ts";
import { searchCost } from "./cost-search.ts";
import { figures } from "./figures.ts";
import { KernelSolver } from "./kernel-solver.ts";
import type { PassStatistics, RowStatistics } from "./solver.ts";
import { metricOf, type TaskSettings } from "./task-settings.ts";

/** The cost of a block's rows; `share` is how many blocks take their steps at a time. */
export interface BlockCost {
  readonly cost: number;
  readonly share: number;
}

/** Which rows a pass is over. */
export type PassedRows = "train" | "eval" | "all";

function pass(block: Block, seed: number, rows: PassedRows): PassStatistics {
  const { train, rows: all } = block.shape;
  const solver = new KernelSolver(block, seed);
  return solver.pass(rows === "train" ? train : all, rows === "eval" ? train : 0);
}

function evaluate(block: Block, seed: number): RowStatistics {
  return new KernelSolver(block, seed).evaluate(block.shape.train, block.shape.rows);
}

/** Raw scores of the held-out rows, rows x labels. */
function scores(block: Block, seed: number): Float32Array {
  return new KernelSolver(block, seed).scores(block.shape.train, block.shape.rows);
}

/** Duals of the train rows, rows x padded labels, in shared memory. */
function duals(block: Block, seed: number): Float32Array {
  return new KernelSolver(block, seed).duals(block.shape.train);
}

function setCost(block: Block, seed: number, { cost, share }: BlockCost): void {
  new KernelSolver(block, seed).setCost(cost, share);
}

/** Leaves the block at the cost that its held-out rows choose, and returns that. */
function search(block: Block, input: InputKind, { seed, minDelta, metric }: TaskSettings): number {
  const solver = new KernelSolver(block, seed);
  const { train, rows, labels } = block.shape;
  const measured = (from: number, to: number) => {
    const { confusion, loss } = solver.evaluate(from, to);
    return metricOf(figures(confusion, labels, loss), metric);
  };
  return searchCost(solver, { input, train, held: rows - train, minDelta, metric: measured });
}

function weights(block: Block, seed: number): { weights: Float32Array; bias: Float64Array } {
  const solver = new KernelSolver(block, seed);
  return { weights: solver.weights(), bias: solver.bias() };
}

/** What is done to the blocks of a task: it depends on nothing but what lies in them, whichever thread does it. */
export const BLOCK_STEPS = {
  fill: fillBlock,
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
