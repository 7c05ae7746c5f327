// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { FeatureWeights } from "../../src/model/vectorizer.ts";
import { termFrequency, weightTable } from "../../src/model/vectorizer.ts";
import type { IndexedChunk } from "../../src/training/indexing.ts";
import { CHUNK_INPUTS } from "../../src/training/inputs.ts";
import { type TrainRows, weighFeatures, weighFolds } from "../../src/training/task-features.ts";
import { examples, separableRows } from "../support/examples.ts";
import { vectorizeFamily } from "../support/task-rows.ts";

type Entry = readonly [id: number, count: number];

/** A chunk of inputs, each with the entries of its namespaces; `factor` 1 where a part has any. */
function chunkOf(inputs: readonly (readonly (readonly Entry[])[])[]): IndexedChunk {
  const parts = inputs.flat();
  return {
    inputs: inputs.length,
    namespaces: inputs[0]?.length ?? 0,
    start: Uint32Array.from([0, ...parts.map((_, i) => parts.slice(0, i + 1).flat().length)]),
    ids: Uint32Array.from(parts.flat(), ([id]) => id),
    counts: Uint8Array.from(parts.flat(), ([, count]) => count),
    factor: Float32Array.from(parts, (part) => (part.length > 0 ? 1 : 0)),
  };
}

/** Features that all weigh 1 in the family. */
function even(features: number): FeatureWeights {
  return { codes: new Uint8Array(features), low: 1, high: 1 };
}

function rowsOf(
  chunk: IndexedChunk,
  rows: readonly (readonly [input: number, label: number, count: number])[],
): TrainRows {
  return {
    chunks: [chunk],
    inputs: Uint32Array.from(rows, ([input]) => input),
    label: Uint32Array.from(rows, ([, label]) => label),
    count: Uint32Array.from(rows, ([, , count]) => count),
  };
}

const CHUNK = chunkOf([
  [
    [
      [0, 1],
      [2, 1],
    ],
  ],
  [[[2, 1]]],
  [
    [
      [1, 1],
      [2, 1],
      [4, 1],
    ],
  ],
]);
const ROWS = rowsOf(CHUNK, [
  [0, 0, 3],
  [1, 0, 1],
  [2, 1, 4],
]);

/** Weight of each feature before the constant of its one namespace. */
function weights(rows: TrainRows, features: number, labels: number, minDf = 1): Map<number, number> {
  const { ids, factor } = weighFeatures(rows, even(features), labels, minDf);
  const of = new Map([...ids].map((id, f) => [id, factor[f] as number]));
  let length = 0;
  for (const input of rows.inputs) {
    const { start, ids: own } = rows.chunks[0] as IndexedChunk;
    let squares = 0;
    for (const id of own.subarray(start[input], start[input + 1])) squares += (of.get(id) ?? 0) ** 2;
    length += Math.sqrt(squares);
  }
  // The constant has made the mean length 1; the lightest feature, met in every row, weighs 0.1 before it.
  expect(length / rows.inputs.length).toBeCloseTo(1, 5);
  return of;
}

describe("weighFeatures", () => {
  it("keeps the features of enough source rows, the most frequent first, ties by number", () => {
    const ids = (minDf: number) => [...weighFeatures(ROWS, even(5), 2, minDf).ids];
    expect(ids(1)).toEqual([2, 1, 4, 0]);
    expect(ids(4)).toEqual([2, 1, 4]);
    expect(ids(5)).toEqual([2]);
    expect(ids(9)).toEqual([]);
  });

  it("weighs by 0.1 + sqrt(KL(p(label | feature) || p(label)))", () => {
    const kl = (q: number) => q * Math.log(q / 0.5) + (1 - q) * Math.log((1 - q) / 0.5);
    const found = weights(ROWS, 5, 2);
    // In every row: it says nothing about the label, and only the floor is left.
    const floor = (found.get(2) as number) / 0.1;
    expect((found.get(1) as number) / floor).toBeCloseTo(0.1 + Math.sqrt(kl(4.5 / 5)), 6);
    expect((found.get(4) as number) / floor).toBeCloseTo(0.1 + Math.sqrt(kl(4.5 / 5)), 6);
    expect((found.get(0) as number) / floor).toBeCloseTo(0.1 + Math.sqrt(kl(3.5 / 4)), 6);
  });

  it("gives no factor to what is too rare, and does not count it in a row's length", () => {
    const found = weights(ROWS, 5, 2, 4);
    expect(found.has(0)).toBe(false);
    const [two, one] = [found.get(2) as number, found.get(1) as number];
    // Rows of the lengths 0.1, 0.1 and sqrt(0.1^2 + 2 w1^2), times the constant, are 1 in the mean.
    expect((two + two + Math.sqrt(two * two + 2 * one * one)) / 3).toBeCloseTo(1, 5);
  });

  it("leaves out a label without rows", () => {
    expect(weighFeatures(ROWS, even(5), 3, 1)).toEqual(weighFeatures(ROWS, even(5), 2, 1));
    expect(weighFeatures(ROWS, even(5), 300, 1)).toEqual(weighFeatures(ROWS, even(5), 2, 1));
  });

  it("has one constant a namespace, from the rows that have any of it", () => {
    // One label, so every feature weighs the floor; lengths 5 and 3 of the parts follow the factors.
    const chunk = chunkOf([
      [[[0, 1]], [[1, 1]], []],
      [[[0, 1]], [], []],
    ]);
    const factor = Float32Array.of(5, 2, 0, 3, 0, 0);
    const rows = rowsOf({ ...chunk, factor }, [
      [0, 0, 1],
      [1, 0, 1],
    ]);
    const found = weighFeatures(rows, even(2), 1, 1);
    expect([...found.ids]).toEqual([0, 1]);
    expect(found.factor[0]).toBeCloseTo(2 / (5 + 3), 6);
    expect(found.factor[1]).toBeCloseTo(1 / 2, 6);
  });

  it("takes a namespace's mean length from every third of 40,000 rows", () => {
    const chunk = chunkOf([[[[0, 1]]], [[[0, 1]]]]);
    const factor = Float32Array.of(5, 2);
    const rows = rowsOf(
      { ...chunk, factor },
      Array.from({ length: 40_000 }, (_, i) => [i % 3 === 0 ? 0 : 1, 0, 1] as const),
    );
    expect(weighFeatures(rows, even(1), 1, 1).factor[0]).toBeCloseTo(1 / 5, 6);
  });

  it("counts a repeated n-gram by 1 + ln c, and the family's weight of a feature", () => {
    const chunk = chunkOf([
      [
        [
          [0, 3],
          [1, 1],
        ],
      ],
    ]);
    const weights = { codes: Uint8Array.of(0, 255), low: 1, high: 2 };
    const found = weighFeatures(rowsOf(chunk, [[0, 0, 1]]), weights, 1, 1);
    const length = Math.hypot(termFrequency(3), 2);
    for (const factor of found.factor) expect(factor).toBeCloseTo(1 / length, 6);
  });

  it("has nothing of rows without features", () => {
    const found = weighFeatures(rowsOf(chunkOf([[[]]]), [[0, 0, 1]]), even(0), 1, 1);
    expect([found.ids.length, found.factor.length]).toEqual([0, 0]);
  });

  it("agrees with the formula over trained texts, whatever the order of the rows", () => {
    const given = separableRows(5, 30, 3, 0.3).map((row, i) => ({ ...row, count: 1 + (i % 4) }));
    const train = examples(given);
    const { inputs, family, chunks } = vectorizeFamily([{ train, eval: null }]);
    const numbers = inputs.tasks[0]?.train as Uint32Array;
    const found = weighFeatures(
      { chunks, inputs: numbers, label: train.label, count: train.count },
      family.weights,
      5,
      2,
    );
    const all = train.count.reduce((sum, n) => sum + n, 0);
    const byLabel = new Float64Array(5);
    const counts = new Map<number, Float64Array>();
    numbers.forEach((input, row) => {
      const { start, ids, namespaces } = chunks[Math.floor(input / CHUNK_INPUTS)] as IndexedChunk;
      const k = train.label[row] as number;
      const n = train.count[row] as number;
      byLabel[k] = (byLabel[k] as number) + n;
      const first = input * namespaces;
      for (const id of ids.subarray(start[first], start[first + namespaces])) {
        const own = counts.get(id) ?? new Float64Array(5);
        own[k] = (own[k] as number) + n;
        counts.set(id, own);
      }
    });
    const value = weightTable(family.weights);
    expect(value.every((weight) => weight > 0)).toBe(true);
    const ratios = [...found.ids].map((id, f) => {
      const own = counts.get(id) as Float64Array;
      const df = own.reduce((sum, n) => sum + n, 0);
      const kl = own.reduce((sum, n, k) => {
        const prior = (byLabel[k] as number) / all;
        const q = (n + prior) / (df + 1);
        return sum + q * Math.log(q / prior);
      }, 0);
      return (found.factor[f] as number) / (0.1 + Math.sqrt(Math.max(0, kl)));
    });
    // One constant for each of the text's namespaces, and nothing in between.
    const constants = new Set(ratios.map((ratio) => ratio.toPrecision(4)));
    expect(constants.size).toBeLessThanOrEqual(chunks[0]?.namespaces ?? 0);
    const order = Uint32Array.from(numbers.keys()).reverse();
    const reversed = {
      chunks,
      inputs: Uint32Array.from(order, (i) => numbers[i] as number),
      label: Uint32Array.from(order, (i) => train.label[i] as number),
      count: Uint32Array.from(order, (i) => train.count[i] as number),
    };
    const other = weighFeatures(reversed, family.weights, 5, 2);
    expect(other.ids).toEqual(found.ids);
    other.factor.forEach((factor, f) => {
      expect(Math.abs(factor / (found.factor[f] as number) - 1)).toBeLessThan(1e-6);
    });
  });
});

describe("weighFolds", () => {
  const given = separableRows(5, 30, 3, 0.3).map((row, i) => ({ ...row, count: 1 + (i % 4) }));
  const train = examples(given);
  const { inputs, family, chunks } = vectorizeFamily([{ train, eval: null }]);
  const numbers = inputs.tasks[0]?.train as Uint32Array;
  const rowsOfFold = (isIn: (row: number) => boolean): TrainRows => {
    const rows = [...numbers.keys()].filter(isIn);
    const take = (column: Uint32Array) => Uint32Array.from(rows, (row) => column[row] as number);
    return { chunks, inputs: take(numbers), label: take(train.label), count: take(train.count) };
  };

  it.each([
    ["all of five", 5, (row: number) => (row * 7) % 5],
    ["two of five", 2, (row: number) => (row * 7) % 5],
    ["one that has all rows of a label", 3, (row: number) => (train.label[row] === 4 ? 0 : 1 + (row % 4))],
  ])("weighs for %s what the rows of the others say", (_, scored, foldOf) => {
    const fold = Uint8Array.from(numbers.keys(), foldOf);
    const found = weighFolds(
      rowsOfFold(() => true),
      { fold, scored },
      family.weights,
      5,
      2,
    );
    expect(found.length).toBe(scored);
    found.forEach((features, left) => {
      expect(features.ids.length).toBeGreaterThan(50);
      expect(features).toEqual(
        weighFeatures(
          rowsOfFold((row) => fold[row] !== left),
          family.weights,
          5,
          2,
        ),
      );
    });
    expect(found[0]).not.toEqual(found[1]);
  });
});
