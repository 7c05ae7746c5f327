// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { Analyzer, FeatureHashes } from "../../src/model/analyzer.ts";
import { PairAnalyzer } from "../../src/model/pair-analyzer.ts";
import { SparseVector, termFrequency, Vectorizer, weightTable } from "../../src/model/vectorizer.ts";
import { selectFeatures } from "../../src/training/feature-selection.ts";
import { type IndexedChunk, indexChunks } from "../../src/training/indexing.ts";
import { ANALYZER, type ExampleRow, examples, LETTERS, separableRows } from "../support/examples.ts";
import { featureTable } from "../support/feature-table.ts";
import { analyzeFamily, type VectorOptions } from "../support/task-rows.ts";

function indexed(rows: readonly ExampleRow[], maxFeatures: number, options: VectorOptions = {}) {
  const found = analyzeFamily([{ train: examples(rows), eval: null }], options);
  const features = selectFeatures(found.candidates, maxFeatures);
  const [before] = found.chunks;
  if (before === undefined) throw new Error("no chunk");
  return {
    features,
    before,
    after: indexChunks([before], features)[0] as IndexedChunk,
    inputs: found.inputs,
  };
}

const ODD = ["", "word word word", "ünïcode ß ß", "nothing of this", "topic0 topic0 topic1", "😀 😀"];
const SINGLE = [...separableRows(3, 40, 1), ...ODD.map((text) => ({ text, label: 0 }))];
const PAIRS = separableRows(3, 40, 2).map((row, i) => ({ ...row, b: ODD[i % ODD.length] as string }));

describe("indexChunks", () => {
  it.each([
    { kind: "texts", rows: SINGLE, most: 10_000 },
    { kind: "texts, most features dropped", rows: SINGLE, most: 25 },
    { kind: "texts without any feature", rows: SINGLE, most: 0 },
    { kind: "pairs", rows: PAIRS, most: 10_000 },
    { kind: "pairs, most features dropped", rows: PAIRS, most: 60 },
  ])("gives the vectors of the runtime: $kind", ({ rows, most }) => {
    const { features, after, inputs } = indexed(rows, most);
    const vectorizer = new Vectorizer(featureTable(features.hashes), features.weights);
    const [hashes, vector] = [new FeatureHashes(), new SparseVector()];
    const [single, pair] = [new Analyzer(ANALYZER), new PairAnalyzer(ANALYZER)];
    const weight = weightTable(features.weights);
    let entries = 0;
    rows.forEach((row, i) => {
      const b = "b" in row ? (row.b as string) : undefined;
      if (b === undefined) single.analyze(row.text, hashes);
      else pair.analyze(row.text, b, hashes);
      vectorizer.vectorize(hashes, vector);
      const first = (inputs.tasks[0]?.train[i] as number) * after.namespaces;
      let at = 0;
      vector.ends.forEach((end, s) => {
        const [from, to] = [after.start[first + s] as number, after.start[first + s + 1] as number];
        expect([...after.ids.subarray(from, to)]).toEqual([...vector.ids.subarray(at, end)]);
        if (from === to) expect(after.factor[first + s]).toBe(0);
        for (let j = from; j < to; j++) {
          const code = features.weights.codes[after.ids[j] as number] as number;
          const value = termFrequency(after.counts[j] as number) * (weight[code] as number);
          const mine = value * (after.factor[first + s] as number);
          expect(Math.abs(mine - (vector.values[at + j - from] as number))).toBeLessThan(1e-6);
          entries++;
        }
        at = end;
      });
      expect(at).toBe(vector.length);
    });
    if (most > 0) expect(entries).toBeGreaterThan(rows.length);
    else expect(entries).toBe(0);
  });

  it("drops what the family does not keep, from the middle too", () => {
    const rows = ["a x b", "a b", "y", "b z a"].map((text) => ({ text, label: 0 }));
    const { features, after } = indexed(rows, 2, { analyzer: LETTERS });
    expect(features.hashes.length).toBe(2);
    const [a, b] = [after.ids[0] as number, after.ids[1] as number];
    expect([a, b].sort()).toEqual([0, 1]);
    expect([...after.ids.subarray(0, after.start.at(-1))]).toEqual([a, b, a, b, b, a]);
    const ends = rows.map((_, i) => after.start[(i + 1) * after.namespaces]);
    expect(ends).toEqual([2, 4, 4, 6]);
  });

  it("works in place: an input is in memory once", () => {
    const { before, after } = indexed(SINGLE, 25);
    expect(after.ids).toBe(before.hashes);
    expect(after.counts).toBe(before.counts);
    expect(after.start).toBe(before.start);
    expect(after.factor.length).toBe(after.inputs * after.namespaces);
    expect(after.factor.buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  it("gives every part of a namespace the length 1", () => {
    const { features, after } = indexed(PAIRS, 10_000);
    const weight = weightTable(features.weights);
    for (let s = 0; s < after.inputs * after.namespaces; s++) {
      const [from, to] = [after.start[s] as number, after.start[s + 1] as number];
      let squares = 0;
      for (let j = from; j < to; j++) {
        const code = features.weights.codes[after.ids[j] as number] as number;
        squares += (termFrequency(after.counts[j] as number) * (weight[code] as number)) ** 2;
      }
      if (from < to) expect(Math.sqrt(squares) * (after.factor[s] as number)).toBeCloseTo(1, 6);
    }
  });
});
