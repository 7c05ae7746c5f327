// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Analyzer, type AnalyzerSettings, FeatureHashes } from "../../src/model/analyzer.ts";
import { PairAnalyzer } from "../../src/model/pair-analyzer.ts";
import { type AnalyzedChunk, analyzeChunk, MOST_REPEATS } from "../../src/training/analysis.ts";
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

const WORDS = fc.constantFrom("a", "b", "ab ab ab", "the cat", "Größe", "200 euros", "😀", "", "don't");
const TEXT = fc.array(WORDS, { maxLength: 12 }).map((words) => words.join(" "));

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
      fc.property(rows, fc.constantFrom(ANALYZER, LETTERS), (given, analyzer) => {
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
