// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { amount, countText } from "../../src/core/amount.ts";

describe("countText", () => {
  it.each([
    [0, "0"],
    [999, "999"],
    [1000, "1,000"],
    [1234567, "1,234,567"],
  ])("writes %d as %s", (count, text) => {
    expect(countText(count)).toBe(text);
  });
});

describe("amount", () => {
  it("has one row, and several", () => {
    expect([0, 1, 2, 12345].map((n) => amount(n, "row"))).toEqual([
      "0 rows",
      "1 row",
      "2 rows",
      "12345 rows",
    ]);
  });

  it("takes another plural and other digits", () => {
    expect(amount(2000, "family", "families", countText)).toBe("2,000 families");
  });
});
