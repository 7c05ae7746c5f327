// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileKernel, kernelSource } from "../../scripts/kernel.mjs";
import { seededRandom } from "../../src/core/random.ts";
import { Analyzer, type AnalyzerSettings, FeatureHashes } from "../../src/model/analyzer.ts";
import { PairAnalyzer } from "../../src/model/pair-analyzer.ts";
import { type AnalyzedChunk, analyzeChunk } from "../../src/training/analysis.ts";
import { collectInputs, type InputChunk } from "../../src/training/inputs.ts";
import { ANALYZER, type ExampleRow, examples, LETTERS } from "../support/examples.ts";

function analyzed(rows: readonly Omit<ExampleRow, "label">[], analyzer: AnalyzerSettings): AnalyzedChunk {
  const train = examples(rows.map((row) => ({ ...row, label: 0 })));
  const { chunks } = collectInputs([{ train, eval: null }]);
  return analyzeChunk(chunks[0] as InputChunk, train.textB === null ? "text" : "pair", analyzer);
}

/** [hash, count] of each namespace of an input. */
function contents({ start, hashes, counts, namespaces }: AnalyzedChunk, input: number): [number, number][][] {
  return Array.from({ length: namespaces }, (_, s) => {
    const [from, to] = [start[input * namespaces + s], start[input * namespaces + s + 1]];
    return [...hashes.subarray(from, to)].map((hash, j) => [hash, counts[(from as number) + j] as number]);
  });
}

/** The same by a Map: a hash in the first namespace that has it, in the order of its first place. */
function expected(features: FeatureHashes): [number, number][][] {
  const counts = new Map<number, number>();
  const first: number[][] = [];
  let from = 0;
  for (const end of features.ends) {
    const own: number[] = [];
    for (const hash of features.hashes.subarray(from, end)) {
      if (!counts.has(hash)) own.push(hash);
      counts.set(hash, Math.min(MOST_REPEATS, (counts.get(hash) ?? 0) + 1));
    }
    first.push(own);
    from = end;
  }
  return first.map((own) => own.map((hash) => [hash, counts.get(hash) as number]));
}

function featuresOf(row: Omit<ExampleRow, "label">, analyzer: AnalyzerSettings): FeatureHashes {
  const out = new FeatureHashes();
  if (row.b === undefined) new Analyzer(analyzer).analyze(row.text, out);
  else new PairAnalyzer(analyzer).analyze(row.text, row.b, out);
  return out;
}

/** Repeats that count, at most. */
const MOST_REPEATS = 255;

/** Of texts by the kernel, and of others: what is off, single characters, the longest. */
const KINDS_OF_SETTINGS: readonly AnalyzerSettings[] = [
  ANALYZER,
  LETTERS,
  { ngramMin: 1, ngramMax: 1, charNgramMin: 1, charNgramMax: 0 },
  { ngramMin: 2, ngramMax: 4, charNgramMin: 1, charNgramMax: 2 },
  { ngramMin: 3, ngramMax: 16, charNgramMin: 0, charNgramMax: 1 },
  { ngramMin: 1, ngramMax: 2, charNgramMin: 2, charNgramMax: 16 },
];

const WORDS = fc.constantFrom("a", "b", "ab ab ab", "the cat", "Größe", "200 euros", "😀", "", "don't");
const TEXT = fc.array(WORDS, { maxLength: 12 }).map((words) => words.join(" "));

it("is committed as it is compiled", async () => {
  const file = fileURLToPath(new URL("../../src/training/analysis-bytes.ts", import.meta.url));
  expect(readFileSync(file, "utf8")).toBe(kernelSource(await compileKernel("analysis"), "analysis"));
});

describe("analyzeChunk", () => {
  it.each([
    { kind: "texts", row: fc.record({ text: TEXT }) },
    { kind: "pairs", row: fc.record({ text: TEXT, b: TEXT }) },
  ])("gives what the analyzer finds in $kind, each once with its count", ({ row }) => {
    const rows = fc.uniqueArray<Omit<ExampleRow, "label">, string>(row, {
      selector: (one) => JSON.stringify(one),
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(rows, fc.constantFrom(...KINDS_OF_SETTINGS), (given, analyzer) => {
        const found = analyzed(given, analyzer);
        expect(found.inputs).toBe(given.length);
        expect(found.start.length).toBe(given.length * found.namespaces + 1);
        expect(found.hashes.length).toBe(found.start.at(-1));
        expect(found.counts.length).toBe(found.hashes.length);
        given.forEach((one, i) => {
          const features = featuresOf(one, analyzer);
          expect(found.namespaces).toBe(features.ends.length);
          expect(contents(found, i)).toEqual(expected(features));
        });
      }),
    );
  });

  it.each([
    ["ASCII", fc.string({ unit: "binary-ascii", maxLength: 80 })],
    ["any characters", fc.string({ unit: "binary", maxLength: 40 })],
    [
      "ASCII and few others",
      fc.string({ unit: fc.constantFrom(..."abAB1_ .-\t\n\u000b\u0000\u007fé"), maxLength: 600 }),
    ],
  ])("reads texts of %s", (_, text) => {
    const texts = fc.uniqueArray(text, { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(texts, fc.constantFrom(...KINDS_OF_SETTINGS), (given, analyzer) => {
        const rows = given.map((one) => ({ text: one }));
        const found = analyzed(rows, analyzer);
        rows.forEach((row, i) => {
          expect(contents(found, i)).toEqual(expected(featuresOf(row, analyzer)));
        });
      }),
    );
  });

  it("reads long texts of more pieces than one, and no more than 100,000 characters of each", () => {
    const random = seededRandom(3, "texts");
    const letters = (length: number) =>
      Array.from({ length }, () => String.fromCharCode(0x20 + random.below(95))).join("");
    const lengths = [99_999, 100_001, 250_000, 10, 0, 90_000, 40, 100_000];
    const rows = lengths.map((length, i) => ({ text: `${letters(length)}${i % 3 === 2 ? "é" : ""}` }));
    const found = analyzed(rows, ANALYZER);
    rows.forEach((row, i) => {
      const own = expected(featuresOf(row, ANALYZER)).flat();
      const [from, to] = [found.start[i * 2] as number, found.start[i * 2 + 2] as number];
      const differing = own.findIndex(
        ([hash, count], j) => found.hashes[from + j] !== hash || found.counts[from + j] !== count,
      );
      expect([i, to - from, differing]).toEqual([i, own.length, -1]);
    });
  });

  it("goes on where a chunk has more n-grams than there is room for", () => {
    const random = seededRandom(4, "texts");
    const rows = Array.from({ length: 700 }, () => ({
      text: Array.from({ length: 3500 }, () => String.fromCharCode(0x21 + random.below(94))).join(""),
    }));
    const found = analyzed(rows, ANALYZER);
    expect(found.hashes.length).toBeGreaterThan(2 ** 23);
    for (const i of [0, 349, 698, 699])
      expect(contents(found, i)).toEqual(expected(featuresOf(rows[i] as { text: string }, ANALYZER)));
    expect(contents(analyzed([{ text: "a b" }], ANALYZER), 0)).toEqual(
      expected(featuresOf({ text: "a b" }, ANALYZER)),
    );
  });

  it("counts by hand", () => {
    const found = analyzed([{ text: "a b a a" }, { text: "" }, { text: "b" }], LETTERS);
    const counts = [0, 1, 2].map((input) =>
      contents(found, input)
        .flat()
        .map(([, count]) => count),
    );
    expect(counts).toEqual([[3, 1], [], [1]]);
    const [a, b] = contents(found, 0)
      .flat()
      .map(([hash]) => hash);
    expect(a).not.toBe(b);
    expect(contents(found, 2).flat()).toEqual([[b, 1]]);
  });

  it("stops counting at 255", () => {
    const found = analyzed(
      [{ text: "a ".repeat(254) }, { text: "a ".repeat(255) }, { text: "a ".repeat(999) }],
      LETTERS,
    );
    expect([...found.counts]).toEqual([254, 255, 255]);
  });

  it("does not take a hash of the input before for one of its own, also where that was long", () => {
    const long = Array.from({ length: 9000 }, (_, i) => String.fromCodePoint(0x4e00 + i)).join(" ");
    const rows = [{ text: "a b" }, { text: long }, { text: `b ${long} b` }, { text: "b a" }];
    const found = analyzed(rows, LETTERS);
    rows.forEach((row, i) => {
      expect(contents(found, i)).toEqual(expected(featuresOf(row, LETTERS)));
    });
    expect(contents(found, 1).flat().length).toBe(9000);
  });

  it("keeps growing with what it holds", () => {
    const rows = Array.from({ length: 40 }, (_, i) => ({
      text: Array.from({ length: 8000 }, (_, j) =>
        String.fromCodePoint(0x4e00 + ((i + j * 2) % 20_000)),
      ).join(" "),
    }));
    const found = analyzed(rows, LETTERS);
    expect(found.hashes.length).toBe(40 * 8000);
    expect(contents(found, 39)).toEqual(expected(featuresOf(rows[39] as { text: string }, LETTERS)));
  });

  it("lies in memory that threads share", () => {
    const { start, hashes, counts } = analyzed([{ text: "a" }], ANALYZER);
    for (const array of [start, hashes, counts]) expect(array.buffer).toBeInstanceOf(SharedArrayBuffer);
  });
});
