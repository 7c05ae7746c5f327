// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Analyzer, FeatureHashes } from "../../src/model/analyzer.ts";
import { type Candidates, countFeatures, joinRankings } from "../../src/training/feature-counts.ts";
import { ANALYZER, type ExampleRow, examples, LETTERS } from "../support/examples.ts";
import { analyzeFamily, type VectorOptions } from "../support/task-rows.ts";

/** The hash of a letter. */
function letter(text: string): number {
  const out = new FeatureHashes();
  new Analyzer(LETTERS).analyze(text, out);
  return out.hashes[0] as number;
}

function candidates(rows: readonly ExampleRow[], options: VectorOptions = {}, parts = 1): Candidates {
  const task = { train: examples(rows), eval: null };
  return analyzeFamily([task], { analyzer: LETTERS, ...options }, parts).candidates[0] as Candidates;
}

function frequencies(rows: readonly ExampleRow[], options: VectorOptions = {}): Map<number, number> {
  const { hashes, frequencies: found } = candidates(rows, options);
  return new Map([...hashes].map((hash, i) => [hash, found[i] as number]));
}

describe("countFeatures", () => {
  it("counts source rows, a feature once a row", () => {
    const found = candidates([
      { text: "r r r", label: 0 },
      { text: "r b", label: 1, count: 5 },
    ]);
    expect(found.rows).toBe(6);
    expect([...found.hashes]).toEqual([letter("r"), letter("b")]);
    expect([...found.frequencies]).toEqual([6, 5]);
  });

  it("counts every row of an input that several have, and none of another task or of eval", () => {
    const task = (texts: readonly string[]) => examples(texts.map((text) => ({ text, label: 0 })));
    const family = [
      { train: task(["a b", "a b", "c"]), eval: task(["a b", "d"]) },
      { train: task(["a b", "d"]), eval: null },
    ];
    const [first, second] = analyzeFamily(family, { analyzer: LETTERS }).candidates;
    const of = (found: Candidates | undefined) =>
      new Map([...(found?.hashes ?? [])].map((hash, i) => [hash, found?.frequencies[i]]));
    expect(of(first)).toEqual(
      new Map([
        [letter("a"), 2],
        [letter("b"), 2],
        [letter("c"), 1],
      ]),
    );
    expect(of(second)).toEqual(
      new Map([
        [letter("a"), 1],
        [letter("b"), 1],
        [letter("d"), 1],
      ]),
    );
    expect([first?.rows, second?.rows]).toEqual([3, 2]);
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
      expect([...frequencies(rows, { maxFeatures }).keys()]).toEqual(ranked.slice(0, maxFeatures));
  });

  it("does not see the order of the rows, nor in how many parts it counts", () => {
    const row = fc.record({
      text: fc.constantFrom("a b", "b c", "c d e", "", "a a", "ünïcode ß"),
      label: fc.constant(0),
      count: fc.integer({ min: 1, max: 9 }),
    });
    const most = fc.constantFrom(1, 4, 1000);
    fc.assert(
      fc.property(
        fc.array(row, { maxLength: 30 }),
        fc.integer({ min: 2, max: 8 }),
        most,
        (rows, parts, maxFeatures) => {
          const options = { analyzer: ANALYZER, minDf: 2, maxFeatures };
          const forward = candidates(rows, options);
          expect(candidates([...rows].reverse(), options)).toEqual(forward);
          expect(candidates(rows, options, parts)).toEqual(forward);
        },
      ),
    );
  });

  // Minutes where what all hashes of a part have in common decides where they lie in its table.
  it("counts one part of many features of a million as fast as all of few", { timeout: 10_000 }, () => {
    const [parts, most] = [8, 400_000];
    const hashes = Uint32Array.from({ length: most }, (_, i) => ((i >>> 16) << 19) | (i & 0xffff));
    const chunk = {
      ...{ inputs: 1, namespaces: 1, start: Uint32Array.of(0, most) },
      ...{ hashes, counts: new Uint8Array(most).fill(1) },
    };
    const one = { chunks: [chunk], inputs: Uint32Array.of(0), count: Uint32Array.of(1) };
    const of = { ...one, minDf: 1, maxFeatures: most, parts };
    expect(countFeatures({ ...of, part: 0 }).hashes.length).toBe(most);
    expect(countFeatures({ ...of, part: 1 }).hashes.length).toBe(0);
  });

  it("agrees with a Map over more features than the table starts with", () => {
    const rows = Array.from({ length: 2000 }, (_, i) => ({
      text: Array.from({ length: 30 }, (_, j) =>
        String.fromCodePoint(0x4e00 + ((i * 30 + j * 7919) % 60_000)),
      ).join(" "),
      label: 0,
    }));
    const expected = new Map<number, number>();
    const [analyzer, out] = [new Analyzer(LETTERS), new FeatureHashes()];
    for (const { text } of rows) {
      // Some of these are lone surrogates, which a column holds as U+FFFD.
      analyzer.analyze(Buffer.from(text).toString(), out);
      for (const hash of new Set(out.hashes.subarray(0, out.length)))
        expected.set(hash, (expected.get(hash) ?? 0) + 1);
    }
    const found = frequencies(rows, { maxFeatures: 1_000_000 });
    expect(found.size).toBeGreaterThan(40_000);
    expect(found).toEqual(expected);
  });

  it.each([1, 4])("ranks frequencies of millions, in %i parts", (parts) => {
    const rows = [
      { text: "o", label: 0, count: 3_000_000 },
      { text: "o e", label: 1, count: 2 ** 21 },
      { text: "r", label: 0, count: 2 ** 21 - 1 },
      { text: "s", label: 0 },
    ];
    const found = candidates(rows, {}, parts);
    const byLetter = new Map([...found.hashes].map((hash, i) => [hash, found.frequencies[i]]));
    expect(["o", "e", "r", "s"].map((text) => byLetter.get(letter(text)))).toEqual([
      3_000_000 + 2 ** 21,
      2 ** 21,
      2 ** 21 - 1,
      1,
    ]);
    expect([...found.frequencies]).toEqual([...found.frequencies].sort((a, b) => b - a));
  });

  it("reads both texts of a pair, and knows which is which", () => {
    const pair = (text: string, b: string) => candidates([{ text, b, label: 0 }]);
    expect(pair("r", "b").hashes).not.toEqual(pair("b", "r").hashes);
    expect(pair("r", "b").hashes.length).toBeGreaterThan(2);
  });
});

describe("joinRankings", () => {
  it("has nothing of nothing", () => {
    const none = { hashes: new Uint32Array(0), frequencies: new Uint32Array(0), rows: 7 };
    const empty = { hashes: none.hashes, frequencies: none.frequencies };
    expect(joinRankings({ parts: [empty, empty], rows: 7 }, 9)).toEqual(none);
    expect(candidates([])).toEqual({ ...none, rows: 0 });
  });
});
