// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { labelBatches } from "../../src/backfill/label-batches.ts";
import type { Shown } from "../../src/backfill/pools.ts";

const shown = (text: string, textB: string | null = null): Shown => ({ text, textB });
const many = Array.from({ length: 24_000 }, (_, i) => shown(`text number ${i}`));
const keysOf = (texts: readonly Shown[], size: number) =>
  labelBatches(texts, size).map((batch) => JSON.stringify(batch));

/** Batches of `after` that `before` did not have. */
function fresh(before: readonly Shown[], after: readonly Shown[], size = 24): number {
  const known = new Set(keysOf(before, size));
  return keysOf(after, size).filter((key) => !known.has(key)).length;
}

describe("batches of texts", () => {
  it("hold every text once, in order, and never more than asked for", () => {
    const texts = fc.array(fc.record({ text: fc.string(), textB: fc.option(fc.string()) }), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 30 }), (rows, size) => {
        const batches = labelBatches(rows, size);
        expect(batches.flat()).toEqual(rows);
        expect(batches.every(({ length }) => length > 0 && length <= size)).toBe(true);
      }),
    );
  });

  it("are hardly more than full ones would be", () => {
    expect(labelBatches(many, 24).length).toBeLessThan(1.05 * 1000);
    expect(labelBatches(many, 1)).toHaveLength(24_000);
    expect(labelBatches([], 24)).toEqual([]);
  });

  it.each<[string, (texts: readonly Shown[]) => readonly Shown[]]>([
    ["a text comes first", (texts) => [shown("quite new"), ...texts]],
    ["the first text goes", (texts) => texts.slice(1)],
    ["a text changes in the middle", (texts) => texts.map((one, i) => (i === 12_000 ? shown("new") : one))],
    [
      "a tenth comes last",
      (texts) => [...texts, ...texts.slice(0, 2400).map(({ text }) => shown(`${text}!`))],
    ],
    ["a log is rotated", (texts) => texts.slice(5000)],
  ])("stay the same but a few where %s", (_, change) => {
    const after = change(many);
    const grown = Math.max(0, after.length - many.length);
    expect(fresh(many, after)).toBeLessThan(60 + 1.05 * (grown / 24));
  });

  it("end by both texts of a pair", () => {
    const pairs = many.map(({ text }) => shown("the same", text));
    expect(new Set(labelBatches(pairs, 24).map(({ length }) => length)).size).toBeGreaterThan(5);
  });
});
