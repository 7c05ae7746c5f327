// SPDX-License-Identifier: Apache-2.0
import type { InputKind } from "../core/task.ts";
import { sharedFloats } from "../storage/shared-array.ts";
import { type Block, layoutOf } from "./block.ts";
import type { BlockSteps, LearntWeights, PassedRows } from "./block-steps.ts";
import type { BlockRows } from "./blocks.ts";
import { checkCapacity } from "./capacity.ts";
import type { Deal } from "./dealing.ts";
import { type Figures, figures } from "./figures.ts";
import { addPasses, addRows, type PassStatistics, type RowStatistics, relativeGap } from "./solver.ts";
import type { DealtBlock } from "./swapping.ts";
import { metricOf, type TaskSettings } from "./task-settings.ts";

/** One task with its rows and features. */
export interface TaskProblem {
  readonly task: string;
  readonly input: InputKind;
  readonly rows: BlockRows;
  /** From `dealOf` (dealing.ts). */
  readonly deal: Deal;
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
  const { rows, settings, deal } = problem;
  checkCapacity(problem);
  const total = rows.train.weight.reduce((sum, w) => sum + w, 0);
  const blocks = await dealOut(rows, deal, steps);
  const cost = await chooseCost(blocks, problem, total, steps);
  const descent = await Descent.start(blocks, deal, cost, settings.seed, steps);
  const epochs = await fitHead(descent, problem, report);
  const evalScores = await descent.scores(rows.labels, rows.eval.inputs.length);
  const duals = problem.crossFit ? await descent.duals(rows.train.inputs.length) : null;
  if (rows.eval.inputs.length > 0) await refit(descent, epochs.at(-1)?.gap ?? 0);
  const { ids, factor } = rows.features;
  const { weights, bias } = await descent.weights(factor);
  return { ids, weights, bias, alpha: 1 / (cost * total), cost, epochs, evalScores, duals };
}

/** The blocks of a task, each partition's first one before those that share its memory. */
async function dealOut(rows: BlockRows, deal: Deal, steps: BlockSteps): Promise<DealtBlock[]> {
  const { partitions, blocks } = deal;
  const make = (from: number, to: number, first: readonly DealtBlock[]) =>
    Promise.all(
      Array.from({ length: to - from }, async (_, i) => {
        const block = await steps.fill(rows, from + i, deal, first[(from + i) % partitions]?.memory ?? null);
        // Not the copies of the rows that a thread gives back, one for each block.
        return block.swap === null ? block : { ...block, swap: { ...block.swap, rows } };
      }),
    );
  const first = await make(0, partitions, []);
  return [...first, ...(await make(partitions, blocks, first))];
}

async function refit(descent: Descent, before: number): Promise<void> {
  const enough = Math.max(SMALLEST_GAP, before);
  for (let pass = 1; pass <= EVAL_PASSES; pass++) await descent.pass("eval");
  for (let pass = 1; pass <= MOST_REFIT_PASSES; pass++)
    if (relativeGap(await descent.pass("all")) < enough) return;
}

/** Sets the first block's cost, chosen on its share of the eval rows or given as alpha; returns it. */
async function chooseCost(
  [first]: readonly DealtBlock[],
  { settings, input }: TaskProblem,
  total: number,
  steps: BlockSteps,
): Promise<number> {
  const block = first as DealtBlock;
  if (settings.alpha === "auto") return steps.search(block, input, settings);
  const cost = 1 / (settings.alpha * total);
  await steps.setCost(block, settings.seed, { cost, share: 1 });
  return cost;
}

/**
 * Passes over the blocks of a task: all partitions at a time, and the blocks of each in turns, every one with the weights that the one before it
 * left (block minimization, Yu et al., KDD 2010).
 */
class Descent {
  /** Of each partition, its blocks. */
  readonly #partitions: DealtBlock[][];
  /** A block of each partition, for the weights that it has. */
  readonly #copies: readonly Block[];
  readonly #seed: number;
  readonly #steps: BlockSteps;

  private constructor(blocks: readonly DealtBlock[], { partitions }: Deal, seed: number, steps: BlockSteps) {
    this.#partitions = Array.from({ length: partitions }, (_, p) =>
      blocks.filter(({ index }) => index % partitions === p),
    );
    this.#copies = blocks.slice(0, partitions).map(({ shape, memory }) => ({ shape, memory }));
    this.#seed = seed;
    this.#steps = steps;
  }

  /** Takes over from the first block. */
  static async start(
    blocks: readonly DealtBlock[],
    deal: Deal,
    cost: number,
    seed: number,
    steps: BlockSteps,
  ): Promise<Descent> {
    const descent = new Descent(blocks, deal, seed, steps);
    const share = deal.partitions;
    if (share > 1) await descent.#eachCopy((copies, index) => steps.share(copies, index));
    if (blocks.length > 1) await descent.#each((block) => steps.setCost(block, seed, { cost, share }));
    return descent;
  }

  /**
   * Does `work` on the blocks of all partitions, on those of one in turns. The block that was the last to be worked on comes first the next time: after a
   * pass it is in memory, unless eval rows were looked at since.
   */
  async #each(work: (block: DealtBlock, partition: number) => Promise<void>): Promise<void> {
    await Promise.all(
      this.#partitions.map(async (blocks, partition) => {
        for (const block of blocks) await work(block, partition);
        blocks.reverse();
      }),
    );
  }

  /** The figures of all blocks as one: no more are kept than the sums of the partitions so far. */
  async #sum<Result>(
    work: (block: DealtBlock) => Promise<Result>,
    add: (a: Result, b: Result) => Result,
  ): Promise<Result> {
    const sums: Result[] = [];
    await this.#each(async (block, partition) => {
      const own = await work(block);
      const sum = sums[partition];
      sums[partition] = sum === undefined ? own : add(sum, own);
    });
    return sums.reduce(add);
  }

  async pass(rows: PassedRows): Promise<PassStatistics> {
    const seen = await this.#sum((block) => this.#steps.pass(block, this.#seed, rows), addPasses);
    if (this.#copies.length > 1) await this.#eachCopy((copies, index) => this.#steps.merge(copies, index));
    return seen;
  }

  /** Does `work` on the copies of the weights in as many parts as there are. */
  async #eachCopy(work: (copies: readonly Block[], index: number) => Promise<void>): Promise<void> {
    await Promise.all(this.#copies.map((_, index) => work(this.#copies, index)));
  }

  /** Figures of the eval rows. */
  evaluate(): Promise<RowStatistics> {
    return this.#sum((block) => this.#steps.evaluate(block, this.#seed), addRows);
  }

  /** Raw scores of the eval rows in their order, rows x labels, in shared memory. */
  async scores(labels: number, rows: number): Promise<Float32Array> {
    const all = sharedFloats(rows * labels);
    if (rows > 0) await this.#each((block) => this.#steps.scores(block, this.#seed, all));
    return all;
  }

  /** Duals of the train rows in their order, rows x padded labels, in shared memory. */
  async duals(rows: number): Promise<Float32Array> {
    const all = sharedFloats(rows * layoutOf((this.#copies[0] as Block).shape).padded);
    await this.#each((block) => this.#steps.duals(block, this.#seed, all));
    return all;
  }

  /** Ends the descent. */
  weights(factor: Float32Array): Promise<LearntWeights> {
    return this.#steps.weights(this.#copies[0] as Block, this.#seed, factor);
  }
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
