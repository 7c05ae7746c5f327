// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { foldsOf } from "../../src/training/folds.ts";

describe("foldsOf", () => {
  it("keeps groups whole and leaves no fold empty", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 9 })), fc.integer({ min: 1, max: 6 }), (groups, most) => {
        const { fold, folds } = foldsOf(Uint32Array.from(groups), most);
        expect(folds).toBe(Math.min(most, new Set(groups).size));
        expect([...new Set(fold)].sort()).toEqual(Array.from({ length: folds }, (_, f) => f));
        const of = new Map(groups.map((group, row) => [group, fold[row]]));
        for (const [row, group] of groups.entries()) expect(fold[row]).toBe(of.get(group));
      }),
    );
  });

  it("does not depend on the order of the rows", () => {
    expect([...foldsOf(Uint32Array.of(4, 1, 9), 2).fold].reverse()).toEqual([
      ...foldsOf(Uint32Array.of(9, 1, 4), 2).fold,
    ]);
  });
});
