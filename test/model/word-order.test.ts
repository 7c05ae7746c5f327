// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HashList } from "../../src/model/hash-comparison.ts";
import { MOST_ORDERED, WordOrder } from "../../src/model/word-order.ts";

function list(values: readonly number[]): HashList {
  const hashes = new HashList();
  hashes.reset(values.length);
  for (const value of values) hashes.push(value);
  return hashes;
}

/** By their definitions, in exponential or cubic time. */
function oracle(a: readonly number[], b: readonly number[]) {
  const subsequence = (i: number, j: number): number => {
    if (i === a.length || j === b.length) return 0;
    if (a[i] === b[j]) return 1 + subsequence(i + 1, j + 1);
    return Math.max(subsequence(i + 1, j), subsequence(i, j + 1));
  };
  let stretch = 0;
  for (let i = 0; i < a.length; i++)
    for (let j = 0; j < b.length; j++) {
      let n = 0;
      while (i + n < a.length && a[i + n] === b[j + n]) n++;
      stretch = Math.max(stretch, n);
    }
  return { subsequence: subsequence(0, 0), stretch };
}

const words = fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 8 });

describe("WordOrder", () => {
  const order = new WordOrder();

  it("finds the longest common subsequence and stretch", () => {
    fc.assert(
      fc.property(words, words, (a, b) => {
        order.compare(list(a), list(b));
        expect({ subsequence: order.subsequence, stretch: order.stretch }).toEqual(oracle(a, b));
      }),
    );
  });

  it("finds the same beginning and, in what is left, the same end", () => {
    const ends = (a: readonly number[], b: readonly number[]) => {
      order.compare(list(a), list(b));
      return [order.prefix, order.suffix];
    };
    expect(ends([1, 2, 3], [1, 5, 3])).toEqual([1, 1]);
    expect(ends([1, 1], [1, 1, 1])).toEqual([2, 0]);
    expect(ends([], [1])).toEqual([0, 0]);
    expect(ends([4, 5, 6], [5, 6])).toEqual([0, 2]);
  });

  it("looks at the first words only", () => {
    const long = Array.from({ length: 300 }, (_, i) => i);
    order.compare(list(long), list(long));
    expect([order.subsequence, order.stretch, order.prefix]).toEqual([MOST_ORDERED, MOST_ORDERED, 300]);
    order.compare(list([...long.slice(0, MOST_ORDERED).fill(999), 7]), list([7]));
    expect([order.subsequence, order.suffix]).toEqual([0, 1]);
  });
});
