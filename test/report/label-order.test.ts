// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { confusionOrder } from "../../src/report/label-order.ts";

/** A matrix of 10 right answers a label, and these [truth, predicted, count]. */
function matrix(labels: number, confused: readonly (readonly [number, number, number])[]): number[][] {
  const counts = Array.from({ length: labels }, (_, i) =>
    Array.from({ length: labels }, (_, j) => (i === j ? 10 : 0)),
  );
  for (const [truth, predicted, count] of confused) (counts[truth] as number[])[predicted] = count;
  return counts;
}

describe("confusionOrder", () => {
  it.each([
    ["labels that nothing confuses keep their order", matrix(4, []), [0, 1, 2, 3]],
    ["confused labels come together, whichever way", matrix(4, [[0, 3, 2]]), [0, 3, 1, 2]],
    [
      "a chain is laid out as one",
      matrix(5, [
        [0, 4, 5],
        [4, 2, 4],
        [2, 3, 1],
      ]),
      [0, 4, 2, 3, 1],
    ],
    [
      "two groups stay apart",
      matrix(6, [
        [0, 2, 5],
        [2, 4, 5],
        [4, 0, 5],
        [1, 3, 5],
        [3, 5, 5],
        [5, 1, 5],
      ]),
      [0, 2, 4, 1, 3, 5],
    ],
    ["no label, and one", [], []],
  ])("%s", (_, counts, order) => {
    const found = confusionOrder(counts);
    // Which end a group begins with says nothing.
    const isSame = [order, order.toReversed()].some((one) => one.join() === found.join());
    expect(isSame || found).toBe(true);
  });

  it("is a permutation, the same each time", () => {
    const counts = fc.integer({ min: 0, max: 12 }).chain((labels) =>
      fc.array(fc.array(fc.nat(9), { minLength: labels, maxLength: labels }), {
        minLength: labels,
        maxLength: labels,
      }),
    );
    fc.assert(
      fc.property(counts, (any) => {
        const order = confusionOrder(any);
        expect([...order].sort((a, b) => a - b)).toEqual([...any.keys()]);
        expect(confusionOrder(any)).toEqual(order);
      }),
      { numRuns: 50 },
    );
  });
});
