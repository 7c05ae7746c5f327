// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { niceDomain, place, px, ticks } from "../../../src/report/chart/scale.ts";

describe("ticks", () => {
  it.each([
    [0, 1, 6, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [0, 0.3, 6, [0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3]],
    [0.8, 1, 6, [0.8, 0.85, 0.9, 0.95, 1]],
    [1, 8, 6, [2, 4, 6, 8]],
    [0, 12_345, 6, [0, 5000, 10_000]],
    [0, 3_000_000, 4, [0, 1_000_000, 2_000_000, 3_000_000]],
    [0.00012, 0.00019, 5, [0.00012, 0.00014, 0.00016, 0.00018]],
    [3, 3, 5, [3]],
  ])("from %d to %d, %d at most", (from, to, most, values) => {
    expect(ticks(from, to, most).values).toEqual(values);
  });

  it("are inside, rising, and not too many", () => {
    const number = fc.double({ min: -1e6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(number, fc.double({ min: 1e-3, max: 1e6, noNaN: true }), (from, span) => {
        const { values } = ticks(from, from + span, 6);
        expect(values.length).toBeGreaterThan(0);
        expect(values.length).toBeLessThanOrEqual(7);
        values.forEach((value, i) => {
          if (i > 0) expect(value).toBeGreaterThan(values[i - 1] as number);
          expect(value).toBeGreaterThanOrEqual(from - span * 1e-3);
          expect(value).toBeLessThanOrEqual(from + span * 1.001);
        });
      }),
    );
  });
});

describe("a scale", () => {
  it("places values, and a domain of one value in the middle", () => {
    expect(place({ domain: [0, 2], range: [100, 0] }, 0.5)).toBe(75);
    expect(place({ domain: [2, 2], range: [0, 10] }, 2)).toBe(5);
  });

  it("grows to whole steps", () => {
    expect(niceDomain(0.13, 0.87, 6)).toEqual([0, 1]);
    expect(niceDomain(0, 1, 6)).toEqual([0, 1]);
  });

  it("writes coordinates short, and never a negative zero", () => {
    expect([px(1 / 3), px(2), px(-0.001)]).toEqual(["0.33", "2", "0"]);
  });
});
