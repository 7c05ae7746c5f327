// SPDX-License-Identifier: Apache-2.0
import type { InputKind } from "../core/task.ts";
import { sharedFloats } from "../storage/shared-array.ts";
import { type Block, layoutOf } from "./block.ts";
import type { BlockSteps, PassedRows } from "./block-steps.ts";
import type { BlockRows } from "./blocks.ts";
import { checkCapacity } from "./capacity.ts";
import { type Figures, figures } from "./figures.ts";
import { addPasses, addRows, type PassStatistics, type RowStatistics, relativeGap } from "./solver.ts";
import { metricOf, type TaskSettings } from "./task-settings.ts";

/** One task with its rows and features. */
export interface TaskProblem {
  readonly task: string;
  readonly input: InputKind;
  readonly rows: BlockRows;
  /** Into how many blocks the rows are dealt, from `blockCount` (blocks.ts). */
  readonly blocks: number;
  readonly settings: TaskSettings;
  /** Whether folds of the train rows will be fitted anew from this fit's duals. */
  readonly crossFit: boolean;
}

/** One pass over a task's rows: train figures from the pass itself, eval figures exact and uncalibrated. */
export interface EpochStatistics {
  readonly epoch: number;
  readonly train: Figures;
  readonly eval: Figures | null;
  /** Relative duality gap, as seen during the pass. */
  readonly gap: number;
}

/** A trained head over the family's features. */
export interface TaskFit {
  readonly ids: Uint32Array;
  /** [position in ids * labels + label], with the task's factors folded in. */
  readonly weights: Float32Array;
  readonly bias: Float64Array;
  readonly alpha: number;
  /** 1 / (alpha * weight of the train rows). */
  readonly cost: number;
  readonly epochs: readonly EpochStatistics[];
  /** Raw scores of the eval rows before these joined the fit, rows x labels. */
  readonly evalScores: Float32Array;
  /** Of each train row before the eval rows joined the fit, rows x padded labels; null unless asked for. */
  readonly duals: Float32Array | null;
}

/** A relative duality gap below this ends the passes: eval figures no longer move, and each pass costs as much. */
export const SMALLEST_GAP = 0.01;

/**
 * The refit starts at the solution for train alone, with the same cost C and weights of features (so alpha, 1 / (C rows), gets smaller by the eval rows' share): the eval rows, a tenth of
 * all, are what is new. Two passes over them by themselves spare one or two over all rows (docs/engine.md).
 */
const EVAL_PASSES = 2;
/** Passes over train and eval together, at most; they end at the gap that the fit ended with. */
const MOST_REFIT_PASSES = 8;

/**
 * Trains one softmax head: fills the blocks, chooses alpha, passes over the rows until eval or the duality gap says
 * enough, scores the eval rows, and lets them join. `report` hears of every epoch as it ends; `steps` does the work,
 * here or in threads.
 *
 * @throws ModelpackError TASK_UNTRAINABLE where the task is too large for a memory of the kernel, or for the machine
 */
export async function trainTask(
  problem: TaskProblem,
  steps: BlockSteps,
  report: (epoch: EpochStatistics) => void,
): Promise<TaskFit> {
  const { rows, settings, blocks: count } = problem;
  checkCapacity(problem);
  const total = rows.train.weight.reduce((sum, w) => sum + w, 0);
  const blocks = await Promise.all(
    Array.from({ length: count }, (_, index) => steps.fill(rows, index, count)),
  );
  const cost = await chooseCost(blocks, problem, total, steps);
  const descent = await Descent.start(blocks, cost, settings.seed, steps);
  const epochs = await fitHead(descent, problem, report);
  const evalScores = await descent.scores(rows.labels, rows.eval.inputs.length);
  const duals = problem.crossFit ? await descent.duals(rows.train.inputs.length) : null;
  if (rows.eval.inputs.length > 0) await refit(descent, epochs.at(-1)?.gap ?? 0);
  const { weights, bias } = await steps.weights(blocks[0] as Block, settings.seed);
  const { ids, factor } = rows.features;
  for (let f = 0; f < factor.length; f++)
    for (let k = f * rows.labels; k < (f + 1) * rows.labels; k++)
      weights[k] = (weights[k] as number) * (factor[f] as number);
  return { ids, weights, bias, alpha: 1 / (cost * total), cost, epochs, evalScores, duals };
}

async function refit(descent: Descent, before: number): Promise<void> {
  const enough = Math.max(SMALLEST_GAP, before);
  for (let pass = 1; pass <= EVAL_PASSES; pass++) await descent.pass("eval");
  for (let pass = 1; pass <= MOST_REFIT_PASSES; pass++)
    if (relativeGap(await descent.pass("all")) < enough) return;
}

/** Sets the first block's cost, chosen on its share of the eval rows or given as alpha; returns it. */
async function chooseCost(
  [first]: readonly Block[],
  { settings, input }: TaskProblem,
  total: number,
  steps: BlockSteps,
): Promise<number> {
  const block = first as Block;
  if (settings.alpha === "auto") return steps.search(block, input, settings);
  const cost = 1 / (settings.alpha * total);
  await steps.setCost(block, settings.seed, { cost, share: 1 });
  return cost;
}

/** Passes over the blocks of a task, all at a time. */
class Descent {
  readonly #blocks: readonly Block[];
  readonly #seed: number;
  readonly #steps: BlockSteps;

  private constructor(blocks: readonly Block[], seed: number, steps: BlockSteps) {
    this.#blocks = blocks;
    this.#seed = seed;
    this.#steps = steps;
  }

  /** Takes over from the first block. */
  static async start(
    blocks: readonly Block[],
    cost: number,
    seed: number,
    steps: BlockSteps,
  ): Promise<Descent> {
    const share = blocks.length;
    if (share > 1) {
      await steps.share(blocks);
      await Promise.all(blocks.map((block) => steps.setCost(block, seed, { cost, share })));
    }
    return new Descent(blocks, seed, steps);
  }

  async pass(rows: PassedRows): Promise<PassStatistics> {
    const parts = await Promise.all(this.#blocks.map((block) => this.#steps.pass(block, this.#seed, rows)));
    await this.#merge();
    return parts.reduce(addPasses);
  }

  async #merge(): Promise<void> {
    const blocks = this.#blocks;
    if (blocks.length > 1) await Promise.all(blocks.map((_, index) => this.#steps.merge(blocks, index)));
  }

  /** Figures of the eval rows. */
  async evaluate(): Promise<RowStatistics> {
    const parts = await Promise.all(this.#blocks.map((block) => this.#steps.evaluate(block, this.#seed)));
    return parts.reduce(addRows);
  }

  /** Raw scores of the eval rows in their order, rows x labels, in shared memory. */
  async scores(labels: number, rows: number): Promise<Float32Array> {
    const parts = await Promise.all(this.#blocks.map((block) => this.#steps.scores(block, this.#seed)));
    return inTurn(parts, labels, sharedFloats(rows * labels));
  }

  /** Duals of the train rows in their order, rows x padded labels. */
  async duals(rows: number): Promise<Float32Array> {
    const parts = await Promise.all(this.#blocks.map((block) => this.#steps.duals(block, this.#seed)));
    const { padded } = layoutOf((this.#blocks[0] as Block).shape);
    return inTurn(parts, padded, sharedFloats(rows * padded));
  }
}

/** Rows of `width` numbers that were dealt out to the parts one after another, in their order again. */
function inTurn(parts: readonly Float32Array[], width: number, all: Float32Array): Float32Array {
  for (let row = 0; row * width < all.length; row++) {
    const from = Math.floor(row / parts.length) * width;
    all.set((parts[row % parts.length] as Float32Array).subarray(from, from + width), row * width);
  }
  return all;
}

/**
 * Passes over the rows until eval no longer improves, or the duality gap closes. The last weights are kept:
 * they are the nearest to the optimum of a convex problem, while the best of several passes on a small eval
 * split is mostly luck (on trec6 it kept the second pass, and lost two points on test).
 */
async function fitHead(
  descent: Descent,
  { rows, settings }: TaskProblem,
  report: (epoch: EpochStatistics) => void,
): Promise<EpochStatistics[]> {
  const hasEval = rows.eval.inputs.length > 0;
  const stops = settings.earlyStopping && hasEval;
  const epochs: EpochStatistics[] = [];
  let bar = Number.NEGATIVE_INFINITY;
  let waited = 0;
  for (let epoch = 1; epoch <= settings.maxIter; epoch++) {
    const pass = await descent.pass("train");
    const held = hasEval ? await descent.evaluate() : null;
    const statistics = {
      epoch,
      train: figures(pass.confusion, rows.labels, pass.loss),
      eval: held === null ? null : figures(held.confusion, rows.labels, held.loss),
      gap: relativeGap(pass),
    };
    epochs.push(statistics);
    report(statistics);
    if (statistics.gap < SMALLEST_GAP) break;
    if (!stops || statistics.eval === null) continue;
    const score = metricOf(statistics.eval, settings.metric);
    waited = score > bar + settings.minDelta ? 0 : waited + 1;
    if (waited === 0) bar = score;
    if (waited >= settings.patience) break;
  }
  return epochs;
}
