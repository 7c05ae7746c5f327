// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Analyzer, FeatureHashes } from "../../src/model/analyzer.ts";
import { countFeatures, rowReader } from "../../src/training/feature-counts.ts";
import { ANALYZER, type ExampleRow, examples, LETTERS } from "../support/examples.ts";

const LIMITS = { minDf: 1, maxFeatures: 1000 };

/** The hash of a letter. */
function letter(text: string): number {
  const out = new FeatureHashes();
  new Analyzer(LETTERS).analyze(text, out);
  return out.hashes[0] as number;
}

function frequencies(rows: readonly ExampleRow[], limits = LIMITS): Map<number, number> {
  const { hashes, frequencies: found } = countFeatures(examples(rows), "text", LETTERS, limits);
  return new Map([...hashes].map((hash, i) => [hash, found[i] as number]));
}

describe("countFeatures", () => {
  it("counts source rows, a feature once a row", () => {
    const rows = [
      { text: "r r r", label: 0 },
      { text: "r b", label: 1, count: 5 },
    ];
    const found = countFeatures(examples(rows), "text", LETTERS, LIMITS);
    expect(found.rows).toBe(6);
    expect([...found.hashes]).toEqual([letter("r"), letter("b")]);
    expect([...found.frequencies]).toEqual([6, 5]);
  });

  it("holds min_df against source rows, not against distinct ones", () => {
    const rows = [
      { text: "o", label: 0 },
      { text: "t", label: 0, count: 3 },
      { text: "a", label: 0 },
      { text: "a u", label: 0, count: 2 },
    ];
    expect(frequencies(rows, { minDf: 3, maxFeatures: 10 })).toEqual(
      new Map([
        [letter("t"), 3],
        [letter("a"), 3],
      ]),
    );
  });

  it("ranks by frequency, then by hash, and keeps the first", () => {
    const letters = ["a", "b", "c", "d", "e"];
    const rows = [...letters.map((text) => ({ text, label: 0 })), { text: "c c", label: 1 }];
    const rest = letters.filter((text) => text !== "c").map(letter);
    const ranked = [letter("c"), ...rest.sort((a, b) => a - b)];
    for (const maxFeatures of [1, 3, 5])
      expect([...frequencies(rows, { minDf: 1, maxFeatures }).keys()]).toEqual(ranked.slice(0, maxFeatures));
  });

  it("does not see the order of the rows", () => {
    const row = fc.record({
      text: fc.constantFrom("a b", "b c", "c d e", "", "a a", "ünïcode ß"),
      label: fc.constant(0),
      count: fc.integer({ min: 1, max: 9 }),
    });
    fc.assert(
      fc.property(fc.array(row, { maxLength: 30 }), (rows) => {
        const limits = { minDf: 2, maxFeatures: 4 };
        const forward = countFeatures(examples(rows), "text", ANALYZER, limits);
        expect(countFeatures(examples([...rows].reverse()), "text", ANALYZER, limits)).toEqual(forward);
      }),
    );
  });

  it("agrees with a Map over more features than the table starts with", () => {
    const rows = Array.from({ length: 2000 }, (_, i) => ({
      text: Array.from({ length: 30 }, (_, j) =>
        String.fromCodePoint(0x4e00 + ((i * 30 + j * 7919) % 60_000)),
      ).join(" "),
      label: 0,
    }));
    const expected = new Map<number, number>();
    const read = rowReader(examples(rows), "text", LETTERS);
    rows.forEach((_, i) => {
      const { hashes, length } = read(i);
      for (const hash of new Set(hashes.subarray(0, length)))
        expected.set(hash, (expected.get(hash) ?? 0) + 1);
    });
    const found = frequencies(rows, { minDf: 1, maxFeatures: 1_000_000 });
    expect(found.size).toBeGreaterThan(40_000);
    expect(found).toEqual(expected);
  });

  it("caps a frequency that no rank needs exactly", () => {
    const rows = [
      { text: "o", label: 0, count: 3_000_000 },
      { text: "r", label: 0 },
    ];
    expect([...frequencies(rows).values()]).toEqual([2 ** 21 - 1, 1]);
  });

  it("reads both texts of a pair, and knows which is which", () => {
    const pair = (text: string, b: string) =>
      countFeatures(examples([{ text, b, label: 0 }]), "pair", LETTERS, LIMITS);
    expect(pair("r", "b").hashes).not.toEqual(pair("b", "r").hashes);
    expect(pair("r", "b").hashes.length).toBeGreaterThan(2);
  });
});
