// SPDX-License-Identifier: Apache-2.0
import { layoutOf, MOST_BYTES } from "./block.ts";
import { type BlockRows, shapeOf } from "./blocks.ts";

/**
 * What a task's rows are dealt out to. The partitions make a pass at the same time, each with a copy of the weights in a memory of its own.
 * Block i is of partition i % partitions; where a partition has several, they take turns in its memory (swapping.ts).
 */
export interface Deal {
  readonly partitions: number;
  /** In all: as many in each partition. */
  readonly blocks: number;
}

/** Values times labels that are worth so many partitions: half a second a pass, and some 30 ms. */
const WORTH = [
  { partitions: 4, work: 2 ** 30 },
  { partitions: 2, work: 2 ** 26 },
] as const;
/**
 * A partition's pass is to touch at least so many times the weights that a merge touches: a pass touches a feature's weights once for
 * each value, a merge of n copies n + 1 times. That threads share a merge does not count: their number must not matter.
 */
const LEAST_PASS = 3;
/** Bytes that the copies of the weights have together at most, where there are more than two. */
const MOST_COPIED = 2 ** 31;
/** Bytes of a memory that the blocks of a deal fill at most. */
const MOST_FILLED = MOST_BYTES * 0.75;
/** Bytes of a block's rows, about, where blocks take turns; with the weights, which are half of a memory at most, they fit it. */
const SWAPPED = 2 ** 30;

/**
 * How a task's rows are dealt out: to one partition, unless the task `dominates` its family, so that other threads
 * had nothing else to do, and merging the weights of all pays; never by how many threads
 * there are. Partitions start a pass from weights that do not know what the others learn in it: two took 11 passes where one
 * took 9. One whose rows don't fit a memory has several blocks. There are Infinity of them where the weights take more than half of a memory.
 */
export function dealOf(rows: BlockRows, dominates: boolean): Deal {
  const all = shapeOf(rows, 0, 1);
  const weights = layoutOf({ ...all, rows: 1, entries: 1 }).bytes;
  if (weights > MOST_BYTES / 2) return { partitions: 1, blocks: Number.POSITIVE_INFINITY };
  const work = all.entries * layoutOf(all).padded;
  const pays = (count: number): boolean =>
    all.entries / count >= LEAST_PASS * (count + 1) * all.features &&
    (count <= 2 || count * weights <= MOST_COPIED);
  const worth = WORTH.find(({ partitions, work: least }) => work >= least && pays(partitions));
  const partitions = dominates ? (worth?.partitions ?? 1) : 1;
  const bytesOf = (blocks: number) => layoutOf(shapeOf(rows, 0, blocks));
  if (bytesOf(partitions).bytes <= MOST_FILLED) return { partitions, blocks: partitions };
  let blocks = partitions * 2;
  while (bytesOf(blocks).rowBytes > SWAPPED) blocks += partitions;
  return { partitions, blocks };
}
