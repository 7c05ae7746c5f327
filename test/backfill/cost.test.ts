// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  costOf,
  dollarsText,
  durationText,
  pricesOf,
  tokensOfBytes,
  tokensText,
} from "../../src/backfill/cost.ts";
import { load, TASK } from "../config/fixture.ts";

const prices = (...lines: string[]) => pricesOf(load(`[synthetic_llm]\n${lines.join("\n")}\n${TASK}`).config);

describe("what it costs", () => {
  it("takes both prices, and 0 is one", () => {
    expect(prices()).toBeNull();
    expect(prices("price_input_per_million = 1")).toBeNull();
    expect(prices("price_output_per_million = 1")).toBeNull();
    const both = prices("price_input_per_million = 0", "price_output_per_million = 0.6");
    expect(both).toEqual({ input: 0, output: 0.6 });
  });

  it("is each kind of token by its price; without prices it is unknown, not nothing", () => {
    const usage = { promptTokens: 2_000_000, completionTokens: 500_000 };
    expect(costOf(usage, { input: 0.15, output: 0.6 })).toBeCloseTo(0.6, 12);
    expect(costOf(usage, { input: 0, output: 0 })).toBe(0);
    expect(costOf(usage, null)).toBeNull();
  });

  it("of two requests is what each costs, summed", () => {
    const count = fc.integer({ min: 0, max: 1e7 });
    fc.assert(
      fc.property(count, count, count, count, (a, b, c, d) => {
        const one = { input: 3, output: 15 };
        const sum = costOf({ promptTokens: a + c, completionTokens: b + d }, one);
        const parts = [
          costOf({ promptTokens: a, completionTokens: b }, one),
          costOf({ promptTokens: c, completionTokens: d }, one),
        ];
        expect(sum).toBeCloseTo((parts[0] ?? Number.NaN) + (parts[1] ?? Number.NaN), 9);
      }),
    );
  });
});

describe("tokens, where the server does not count them", () => {
  it.each([
    ["", 0],
    ["a", 1],
    ["four", 1],
    ["fives", 2],
    ["é", 1],
    ["日本語", 3],
    ["😀", 1],
  ])("%j: %i", (text, tokens) => {
    expect(tokensOfBytes(Buffer.byteLength(text))).toBe(tokens);
  });
});

describe("for people", () => {
  it.each([
    [0, "$0.00"],
    [0.00001, "under $0.0001"],
    [0.0001, "$0.0001"],
    [0.00423, "$0.0042"],
    [0.01, "$0.01"],
    [1.234, "$1.23"],
    [999.99, "$999.99"],
    [999.999, "$1,000"],
    [1234.5, "$1,235"],
    [1_234_567, "$1,234,567"],
  ])("%d dollars: %s", (dollars, text) => {
    expect(dollarsText(dollars)).toBe(text);
  });

  it.each([
    [0, "0 tokens"],
    [1, "1 token"],
    [999, "999 tokens"],
    [12_345, "12,345 tokens"],
    [999_949, "999,949 tokens"],
    [999_950, "1.0 million tokens"],
    [3_400_000, "3.4 million tokens"],
    [999_940_000, "999.9 million tokens"],
    [999_960_000, "1.0 billion tokens"],
    [2_050_000_000_000, "2050.0 billion tokens"],
  ])("%d: %s", (tokens, text) => {
    expect(tokensText(tokens)).toBe(text);
  });

  it.each([
    [0, "about a second"],
    [1.4, "about a second"],
    [1.6, "about 2 seconds"],
    [89, "about 89 seconds"],
    [90, "about 2 minutes"],
    [89 * 60, "about 89 minutes"],
    [90 * 60, "about 2 hours"],
    [35 * 3600, "about 35 hours"],
    [3 * 86_400, "about 3 days"],
    [1234 * 86_400, "about 1,234 days"],
    [Number.POSITIVE_INFINITY, "an unknown time"],
    [Number.NaN, "an unknown time"],
  ])("%d seconds: %s", (seconds, text) => {
    expect(durationText(seconds)).toBe(text);
  });
});
