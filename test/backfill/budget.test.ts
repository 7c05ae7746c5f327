// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { budgetWith } from "../support/memory-fill.ts";

const PRICES = { input: 1, output: 4 }; // dollars for a million tokens

describe("a budget", () => {
  it("without bounds allows anything", () => {
    expect(budgetWith().allows(1e9)).toBe(true);
    expect(budgetWith({ maxSlotsPerLabel: 7 }).maxSlotsPerLabel).toBe(7);
  });

  it.each([
    // most, requests of a slot, slots settled, slots that stand before, allowed
    [0, 1, 0, 0, false],
    [1, 1, 0, 0, true],
    [1, 1, 0, 1, false],
    [10, 1, 9, 0, true],
    [10, 1, 10, 0, false],
    [10, 1, 4, 5, true],
    [10, 1, 4, 6, false],
    [10, 2, 4, 0, true],
    [10, 2, 5, 0, false],
    [9, 2, 4, 0, false], // half a slot is none
  ])(
    "of %i requests, %i a slot: after %i, with %i before",
    (maxRequests, requestsPerSlot, settled, before, ok) => {
      const budget = budgetWith({ maxRequests, requestsPerSlot });
      for (let i = 0; i < settled; i++) budget.settle(1000);
      expect(budget.allows(before)).toBe(ok);
    },
  );

  it("in dollars keeps back what a slot may cost, and goes by what was spent", () => {
    const worstSlot = { promptTokens: 100_000, completionTokens: 25_000 }; // 20 cents
    const budget = budgetWith({ maxDollars: 1, prices: PRICES, worstSlot });
    expect([4, 5].map((before) => budget.allows(before))).toEqual([true, false]);
    budget.settle(0.0625);
    expect([3, 4].map((before) => budget.allows(before))).toEqual([true, false]);
    for (let i = 0; i < 11; i++) budget.settle(0.0625);
    expect([0, 1].map((before) => budget.allows(before))).toEqual([true, false]);
    budget.settle(0.0625);
    expect(budget.allows(0)).toBe(false);
  });

  it("in dollars learns from a slot that was dearer than anybody could say", () => {
    const budget = budgetWith({ maxDollars: 1, prices: PRICES });
    expect(budget.allows(1000)).toBe(true);
    budget.settle(0.3);
    expect([1, 2].map((before) => budget.allows(before))).toEqual([true, false]);
    budget.settle(0.1);
    expect([1, 2].map((before) => budget.allows(before))).toEqual([true, false]);
  });

  it("never lets slots that are asked one after the other come to more than was allowed", () => {
    const cents = fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 200, maxLength: 200 });
    fc.assert(
      fc.property(cents, fc.nat(50), (costs, maxRequests) => {
        const worstSlot = { promptTokens: 200_000, completionTokens: 0 }; // 20 cents
        const budget = budgetWith({ maxRequests, maxDollars: 2, prices: PRICES, worstSlot });
        let [asked, spent] = [0, 0];
        while (budget.allows(0)) {
          const cost = (costs[asked] ?? 0) / 100;
          budget.settle(cost);
          asked++;
          spent += cost;
        }
        expect(asked).toBeLessThanOrEqual(maxRequests);
        expect(spent).toBeLessThanOrEqual(2 + 1e-9);
        expect(asked === maxRequests || spent > 2 - 0.2 - 1e-9).toBe(true);
      }),
    );
  });
});
