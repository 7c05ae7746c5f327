// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { layoutOf } from "../../src/training/block.ts";
import { shapeOf } from "../../src/training/blocks.ts";
import { dealOf } from "../../src/training/dealing.ts";
import { wideRows } from "../support/wide-rows.ts";

/** As many blocks as partitions: each has a memory for itself. */
const apart = (partitions: number) => ({ partitions, blocks: partitions });

describe("dealOf", () => {
  it.each([
    { work: "little", entries: 2 ** 24 - 1000, partitions: 1 },
    { work: "2^26 values times labels", entries: 1000 * Math.ceil(2 ** 24 / 1000), partitions: 2 },
    { work: "almost 2^30", entries: 2 ** 28 - 456 - 1000, partitions: 2 },
    { work: "2^30", entries: 1000 * Math.ceil(2 ** 28 / 1000), partitions: 4 },
  ])(
    "is $partitions for $work where the task dominates, and 1 where it does not",
    ({ entries, partitions }) => {
      const rows = wideRows({ entries: entries - (entries % 1000) });
      expect(dealOf(rows, true)).toEqual(apart(partitions));
      expect(dealOf(rows, false)).toEqual(apart(1));
    },
  );

  it("counts labels by whole vectors of four", () => {
    const entries = 1000 * Math.ceil(2 ** 23 / 1000);
    expect(dealOf(wideRows({ entries, labels: 4 }), true)).toEqual(apart(1));
    expect(dealOf(wideRows({ entries, labels: 5 }), true)).toEqual(apart(2));
  });

  it.each([
    { features: 1, partitions: 4 },
    { features: 60, partitions: 4 },
    { features: 61, partitions: 2 },
    { features: 200, partitions: 2 },
    { features: 201, partitions: 1 },
  ])(
    "is $partitions where 3.6 million values have $features thousand features, which a merge goes through",
    ({ features, partitions }) => {
      const rows = wideRows({ entries: 3_600_000, features: features * 1000, labels: 400 });
      expect(dealOf(rows, true)).toEqual(apart(partitions));
    },
  );

  it("makes two partitions of what is worth four, where four copies of the weights are more than 2 GiB", () => {
    const labels = 1024;
    const copied = 2 ** 29 / (labels * 4);
    const deal = (features: number) => dealOf(wideRows({ entries: 2e7, features, labels }), true);
    // A bias and what a row is worked on with are some features' worth.
    expect(deal(copied - 20)).toEqual(apart(4));
    expect(deal(copied)).toEqual(apart(2));
  });

  it("has blocks of a gibibyte of rows take turns where the rows of a partition fit no memory of 4 GB", () => {
    const rows = wideRows({ entries: 2 ** 30 - (2 ** 30 % 1000) });
    // 8 bytes an entry.
    expect(dealOf(rows, false)).toEqual({ partitions: 1, blocks: 9 });
    expect(layoutOf(shapeOf(rows, 0, 9)).rowBytes).toBeLessThanOrEqual(2 ** 30);
    expect(layoutOf(shapeOf(rows, 0, 8)).rowBytes).toBeGreaterThan(2 ** 30);
    expect(dealOf(rows, true)).toEqual(apart(4));
    const twice = wideRows({ rows: 2000, entries: 2 ** 31 - (2 ** 31 % 2000) });
    expect(dealOf(twice, true)).toEqual({ partitions: 4, blocks: 20 });
  });

  it("keeps them apart up to three quarters of a memory", () => {
    const most = 0.75 * 2 ** 32;
    const fitting = (entries: number) => wideRows({ entries: entries - (entries % 1000) });
    const bytes = (entries: number) => layoutOf(shapeOf(fitting(entries), 0, 1)).bytes;
    const edge = most / 8;
    expect(bytes(edge - 20_000)).toBeLessThanOrEqual(most);
    expect(dealOf(fitting(edge - 20_000), false)).toEqual(apart(1));
    expect(bytes(edge + 1000)).toBeGreaterThan(most);
    expect(dealOf(fitting(edge + 1000), false).blocks).toBe(4);
  });

  it("fits a memory with the largest weights, and is of Infinity blocks where they fill more than half of one", () => {
    const labels = 4096;
    const most = 2 ** 31 / (labels * 4);
    expect(dealOf(wideRows({ features: most - 20, labels }), false)).toEqual(apart(1));
    const full = wideRows({ entries: 2 ** 28 - (2 ** 28 % 1000), features: most - 20, labels });
    const { partitions, blocks } = dealOf(full, false);
    expect([partitions, blocks]).toEqual([1, 3]);
    expect(layoutOf(shapeOf(full, 0, blocks)).bytes).toBeLessThanOrEqual(0.75 * 2 ** 32);
    for (const dominates of [true, false])
      expect(dealOf(wideRows({ features: most, labels }), dominates).blocks).toBe(Number.POSITIVE_INFINITY);
  });
});
