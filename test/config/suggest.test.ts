// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { editDistance, nearest } from "../../src/config/suggest.ts";

const word = fc.string({ maxLength: 12, unit: fc.constantFrom("a", "b", "c", "_") });

describe("editDistance", () => {
  it.each([
    ["", "", 0],
    ["abc", "", 3],
    ["kitten", "sitting", 3],
    ["train", "trian", 1],
    ["max_itr", "max_iter", 1],
    ["abcdef", "badcfe", 3],
  ])("%s to %s is %i", (a, b, distance) => {
    expect(editDistance(a, b)).toBe(distance);
  });

  it("is symmetric, zero for equal words alone, and bounded by the longer word", () => {
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b);
        expect(distance).toBe(editDistance(b, a));
        expect(distance === 0).toBe(a === b);
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length));
        expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length));
      }),
    );
  });
});

describe("nearest", () => {
  const keys = ["max_iter", "max_features", "min_df", "alpha"];

  it.each([
    ["max_itr", "max_iter"],
    ["maxIter", "max_iter"],
    ["MAX-ITER", "max_iter"],
    ["max_feature", "max_features"],
    ["max_iterations", "max_iter"],
    ["alfa", undefined],
    ["alpa", "alpha"],
    ["zzz", undefined],
    ["", undefined],
    ["a".repeat(100_000), undefined],
  ])("%s is %s", (typed, expected) => {
    expect(nearest(typed, keys)).toBe(expected);
  });

  it("finds a word of the list whatever one letter of it became", () => {
    fc.assert(
      fc.property(fc.constantFrom(...keys), fc.nat(), fc.constantFrom("q", "x"), (key, at, letter) => {
        const i = at % key.length;
        expect(nearest(key.slice(0, i) + letter + key.slice(i + 1), keys)).toBe(key);
      }),
    );
  });
});
