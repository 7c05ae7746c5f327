// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../src/core/random.ts";
import { drawOrder } from "../../src/training/row-order.ts";

function order(rows: number, from = 0, seed = 1): number[] {
  const drawn = new Uint32Array(rows);
  drawOrder(drawn, from, seededRandom(seed, "order"));
  return [...drawn];
}

describe("drawOrder", () => {
  it("has every row once", () => {
    fc.assert(
      fc.property(fc.nat({ max: 300 }), fc.nat({ max: 50 }), fc.nat(), (rows, from, seed) => {
        const expected = Array.from({ length: rows }, (_, i) => from + i);
        expect(order(rows, from, seed).sort((a, b) => a - b)).toEqual(expected);
      }),
    );
  });

  it("keeps runs of 16 rows together where there are many, and nothing else", () => {
    const rows = 2 ** 15 + 5;
    const drawn = order(rows, 3);
    const starts = drawn.filter((row, i) => i > 0 && row !== (drawn[i - 1] as number) + 1);
    expect(starts.every((row) => (row - 3) % 16 === 0)).toBe(true);
    expect(starts.length).toBeGreaterThan(rows / 16 - 10);
    expect([...drawn].sort((a, b) => a - b)).toEqual(Array.from({ length: rows }, (_, i) => i + 3));
  });

  it("draws few rows one by one", () => {
    const drawn = order(2 ** 15 - 1);
    const neighbours = drawn.filter((row, i) => i > 0 && row === (drawn[i - 1] as number) + 1);
    expect(neighbours.length).toBeLessThan(10);
  });

  it("is another one for another seed", () => {
    expect(order(1000, 0, 1)).not.toEqual(order(1000, 0, 2));
    expect(order(1000, 0, 1)).toEqual(order(1000, 0, 1));
  });
});
