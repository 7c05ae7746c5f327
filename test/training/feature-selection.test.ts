// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Candidates } from "../../src/training/feature-counts.ts";
import { selectFeatures } from "../../src/training/feature-selection.ts";

/** Features of a task by falling frequency, as countFeatures ranks them. */
function candidates(rows: number, ranked: readonly (readonly [hash: number, df: number])[]): Candidates {
  return {
    hashes: Uint32Array.from(ranked, ([hash]) => hash),
    frequencies: Uint32Array.from(ranked, ([, df]) => df),
    rows,
  };
}

/** `size` features from `base` on, the first the most frequent. */
function task(base: number, size: number, rows = 1000): Candidates {
  return candidates(
    rows,
    Array.from({ length: size }, (_, i) => [base + i, rows - i] as const),
  );
}

const kept = (tasks: readonly Candidates[], most: number) => [...selectFeatures(tasks, most).hashes];

describe("selectFeatures", () => {
  it("keeps every feature once, ascending, when they fit", () => {
    const a = candidates(10, [
      [7, 5],
      [3, 4],
    ]);
    const b = candidates(10, [
      [9, 5],
      [7, 2],
    ]);
    expect(kept([a, b], 3)).toEqual([3, 7, 9]);
  });

  it("gives a small task the same quota as a large one", () => {
    const large = task(0, 10_000, 1_000_000);
    const small = task(500_000, 100, 200);
    const found = kept([large, small], 200);
    expect(found.length).toBe(200);
    expect(found.filter((hash) => hash >= 500_000).length).toBe(100);
    expect(found.filter((hash) => hash < 500_000)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it("gives what a small task leaves to the others", () => {
    expect(kept([task(0, 100), task(1000, 2)], 10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 1000, 1001]);
  });

  it("fills the last rank by ascending hash", () => {
    // Three tasks, four places: rank 0 of each, and of rank 1 the smallest hash.
    expect(kept([task(300, 5), task(100, 5), task(200, 5)], 4)).toEqual([100, 101, 200, 300]);
  });

  it("counts a feature of several tasks once, at its best rank", () => {
    const a = candidates(10, [
      [1, 9],
      [2, 8],
      [3, 7],
    ]);
    const b = candidates(10, [
      [3, 9],
      [1, 8],
    ]);
    expect(kept([a, b], 2)).toEqual([1, 3]);
  });

  const anyTasks = fc.array(
    fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 40 }).map((hashes) =>
      candidates(
        100,
        hashes.map((hash, i) => [hash * 70_000_001, 90 - i] as const),
      ),
    ),
    { minLength: 1, maxLength: 4 },
  );

  it("fills the cap exactly, and the order of the tasks changes nothing", () => {
    fc.assert(
      fc.property(anyTasks, fc.integer({ min: 1, max: 80 }), (tasks, most) => {
        const all = new Set(tasks.flatMap((one) => [...one.hashes]));
        const chosen = selectFeatures(tasks, most);
        expect(chosen.hashes.length).toBe(Math.min(all.size, most));
        expect([...chosen.hashes]).toEqual([...chosen.hashes].sort((a, b) => a - b));
        expect(selectFeatures([...tasks].reverse(), most)).toEqual(chosen);
      }),
    );
  });

  it("leaves out no feature that its task ranks above one that it keeps only for that task", () => {
    fc.assert(
      fc.property(anyTasks, fc.integer({ min: 1, max: 80 }), (tasks, most) => {
        const chosen = new Set(selectFeatures(tasks, most).hashes);
        const best = new Map<number, number>();
        for (const { hashes } of tasks)
          hashes.forEach((hash, rank) => {
            best.set(hash, Math.min(rank, best.get(hash) ?? rank));
          });
        const worstKept = Math.max(...[...chosen].map((hash) => best.get(hash) ?? 0), -1);
        for (const [hash, rank] of best) if (rank < worstKept) expect(chosen).toContain(hash);
      }),
    );
  });

  it("weighs by the square root of the smoothed IDF over all tasks' rows, in 256 steps", () => {
    const { weights } = selectFeatures(
      [
        candidates(60, [
          [1, 60],
          [2, 3],
        ]),
        candidates(40, [[1, 39]]),
      ],
      10,
    );
    expect(weights.low).toBeCloseTo(Math.sqrt(Math.log(101 / 100) + 1), 12);
    expect(weights.high).toBeCloseTo(Math.sqrt(Math.log(101 / 4) + 1), 12);
    expect([...weights.codes]).toEqual([0, 255]);
  });

  it("has weights for no feature, and for features of one frequency", () => {
    expect(selectFeatures([candidates(5, [])], 10)).toEqual({
      hashes: new Uint32Array(0),
      weights: { codes: new Uint8Array(0), low: 1, high: 1 },
    });
    const { weights } = selectFeatures(
      [
        candidates(5, [
          [1, 2],
          [2, 2],
        ]),
      ],
      10,
    );
    expect([...weights.codes]).toEqual([0, 0]);
    expect(weights.low).toBe(weights.high);
  });
});
