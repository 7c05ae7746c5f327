// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom, shuffle } from "../../src/core/random.ts";

const draw = (seed: number, stream: string, bound: number, n: number) => {
  const random = seededRandom(seed, stream);
  return Array.from({ length: n }, () => random.below(bound));
};

describe("seededRandom", () => {
  it("gives the same sequence for ever", () => {
    expect(draw(42, "shuffle", 2 ** 32, 6)).toEqual([
      2718315691, 3443197325, 3472978808, 834130947, 2559860086, 2774230479,
    ]);
    expect(draw(42, "shuffle", 100, 12)).toEqual([63, 80, 80, 19, 59, 64, 55, 83, 19, 54, 42, 89]);
  });

  it("keeps streams and seeds apart", () => {
    const sequences = [
      draw(42, "a", 1000, 20),
      draw(42, "b", 1000, 20),
      draw(43, "a", 1000, 20),
      draw(-42, "a", 1000, 20),
      draw(42, "", 1000, 20),
    ];
    expect(new Set(sequences.map(String)).size).toBe(sequences.length);
  });

  it("stays below its bound", () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 2 ** 32 }), (seed, bound) => {
        for (const x of draw(seed, "s", bound, 20)) {
          expect(Number.isInteger(x)).toBe(true);
          expect(x).toBeGreaterThanOrEqual(0);
          expect(x).toBeLessThan(bound);
        }
      }),
    );
  });

  it("is even: chi-square of 100,000 draws over 16 values", () => {
    const seen = new Float64Array(16);
    for (const x of draw(7, "even", 16, 100_000)) seen[x] = (seen[x] as number) + 1;
    const chi = seen.reduce((sum, n) => sum + (n - 6250) ** 2 / 6250, 0);
    expect(chi).toBeLessThan(37.7); // 0.1 % for 15 degrees of freedom
  });
});

describe("shuffle", () => {
  it("permutes", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50)), fc.integer(), (items, seed) => {
        const shuffled = Uint32Array.from(items);
        shuffle(shuffled, seededRandom(seed, "s"));
        expect([...shuffled].sort()).toEqual([...items].sort());
      }),
    );
  });

  it("gives the same order for ever", () => {
    const items = Uint32Array.from({ length: 10 }, (_, i) => i);
    shuffle(items, seededRandom(42, "order"));
    expect([...items]).toEqual([0, 4, 8, 9, 5, 7, 6, 2, 1, 3]);
  });

  it("puts every item in every place equally often", () => {
    const random = seededRandom(1, "places");
    const seen = Array.from({ length: 5 }, () => new Float64Array(5));
    for (let run = 0; run < 10_000; run++) {
      const items = Uint32Array.of(0, 1, 2, 3, 4);
      shuffle(items, random);
      items.forEach((item, place) => {
        const row = seen[item] as Float64Array;
        row[place] = (row[place] as number) + 1;
      });
    }
    for (const row of seen) for (const n of row) expect(Math.abs(n - 2000)).toBeLessThan(200);
  });
});
