// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { usualShareOf } from "../../src/training/familiarity.ts";

describe("usualShareOf", () => {
  it("is the 2nd percentile", () => {
    expect(usualShareOf(Float64Array.from({ length: 100 }, (_, i) => (100 - i) / 100))).toBe(0.03);
    expect(usualShareOf(Float64Array.of(0.7, 0.4, 0.9))).toBe(0.4);
  });

  it("is over 0, so that a text without a known n-gram is unlike all", () => {
    expect(usualShareOf(new Float64Array(0))).toBeGreaterThan(0);
    expect(usualShareOf(new Float64Array(50))).toBeGreaterThan(0);
  });
});
