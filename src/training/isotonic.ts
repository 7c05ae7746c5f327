// SPDX-License-Identifier: Apache-2.0
import { MAX_POINTS } from "../model/calibrator.ts";
import { numbersOf } from "./row-selection.ts";

/** A never-falling curve of straight lines: x strictly rises, y never falls; the same number of each. */
export interface Curve {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** Rows that share one fitted value: from the smallest to the largest x, their weight, their mean. */
interface Block {
  readonly first: number;
  readonly last: number;
  readonly weight: number;
  readonly mean: number;
}

/**
 * The never-falling step function nearest to y in weighted squares (pool adjacent violators: Ayer et al.,
 * 1955), as the ends of its level stretches; between them scikit-learn and we draw straight lines. Equal x
 * become one row with their weighted mean first. Rows of weight 0 count for nothing; `weight` null is 1 for
 * all. Needs finite x and y and a row of positive weight. A curve of more stretches than a calibration may
 * have points for gets fewer, by joining neighbouring ones, evenly along the curve.
 */
export function fitIsotonic(x: Float64Array, y: Float64Array, weight: ArrayLike<number> | null): Curve {
  const blocks = thin(poolViolators(distinct(x, y, weight)), MAX_POINTS / 2);
  const curve = { x: [] as number[], y: [] as number[] };
  for (const block of blocks) {
    curve.x.push(block.first);
    curve.y.push(block.mean);
    if (block.last === block.first) continue;
    curve.x.push(block.last);
    curve.y.push(block.mean);
  }
  return curve;
}

/** One block for each distinct x, in rising order; sums run in the order of the rows. */
function distinct(x: Float64Array, y: Float64Array, weight: ArrayLike<number> | null): Block[] {
  const order = numbersOf(x.length).sort((a, b) => (x[a] as number) - (x[b] as number) || a - b);
  const blocks: Block[] = [];
  for (let from = 0, to = 0; from < order.length; from = to) {
    const at = x[order[from] as number] as number;
    let total = 0;
    let sum = 0;
    for (; to < order.length && x[order[to] as number] === at; to++) {
      const row = order[to] as number;
      const w = weight === null ? 1 : (weight[row] as number);
      total += w;
      sum += w * (y[row] as number);
    }
    if (total > 0) blocks.push({ first: at, last: at, weight: total, mean: sum / total });
  }
  return blocks;
}

/** Joins every block with the one before it as long as that one is not lower. */
function poolViolators(blocks: readonly Block[]): Block[] {
  const pooled: Block[] = [];
  for (const next of blocks) {
    let block = next;
    for (let before = pooled.at(-1); before && before.mean >= block.mean; before = pooled.at(-1)) {
      block = join(before, block);
      pooled.pop();
    }
    pooled.push(block);
  }
  return pooled;
}

/** At most `most` blocks, each a run of neighbours of the same number of blocks. */
function thin(blocks: readonly Block[], most: number): readonly Block[] {
  if (blocks.length <= most) return blocks;
  const run = Math.ceil(blocks.length / most);
  const thinned: Block[] = [];
  for (let i = 0; i < blocks.length; i += run) thinned.push(blocks.slice(i, i + run).reduce(join));
  return thinned;
}

function join(a: Block, b: Block): Block {
  const weight = a.weight + b.weight;
  // The step from a's mean stays between the two means whatever the rounding; a quotient of sums may not.
  const mean = a.mean + (b.mean - a.mean) * (b.weight / weight);
  return { first: a.first, last: b.last, weight, mean };
}
