// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileKernel, kernelSource } from "../../scripts/kernel.mjs";
import { seededRandom } from "../../src/core/random.ts";
import { countFeatures, joinRankings } from "../../src/training/feature-counts.ts";
import type { IndexedChunk } from "../../src/training/indexing.ts";
import { CHUNK_INPUTS } from "../../src/training/inputs.ts";
import { narrowRows } from "../../src/training/narrowing.ts";
import { STAGED_NGRAMS, STAGED_ROWS } from "../../src/training/staged-rows.ts";
import { type TrainRows, weighFeatures, weighFolds } from "../../src/training/task-features.ts";
import { plainFrequencies, plainWeights, segmentsOf } from "../support/oracle/plain-features.ts";

interface Shape {
  readonly seed: number;
  /** Inputs, and n-grams of each namespace of one, at most. */
  readonly inputs: number;
  readonly most: number;
  readonly namespaces: number;
  readonly features: number;
  readonly labels: number;
  /** Source rows that a row stands for, at most. */
  readonly copies: number;
}

/** Rows of some inputs, several of one input among them, with labels and counts. */
function rowsOf({ seed, inputs, most, namespaces, features, labels, copies }: Shape): TrainRows {
  const random = seededRandom(seed, "features");
  const chunks: IndexedChunk[] = [];
  for (let from = 0; from < inputs; from += CHUNK_INPUTS) {
    const own = Math.min(CHUNK_INPUTS, inputs - from);
    // A feature is one of words, say, in every input.
    const parts = Array.from({ length: own * namespaces }, (_, segment) => {
      const length = features === 0 ? 0 : random.below(most + 1);
      const ids = new Set(Array.from({ length }, () => random.below(features)));
      return [...ids].filter((id) => id % namespaces === segment % namespaces);
    });
    let at = 0;
    chunks.push({
      inputs: own,
      namespaces,
      start: Uint32Array.from([0, ...parts.map(({ length }) => (at += length))]),
      ids: Uint32Array.from(parts.flat()),
      counts: Uint8Array.from(parts.flat(), () => 1 + random.below(255)),
      factor: Float32Array.from(parts, ({ length }) => (length === 0 ? 0 : 1 / (1 + random.below(9)))),
    });
  }
  const rows = Math.ceil(inputs * 1.2);
  return {
    chunks,
    inputs: Uint32Array.from({ length: rows }, () => random.below(inputs)),
    label: Uint32Array.from({ length: rows }, () => random.below(labels)),
    count: Uint32Array.from({ length: rows }, () => 1 + random.below(copies)),
  };
}

const familyOf = ({ seed, features }: Shape) => {
  const random = seededRandom(seed, "codes");
  return { codes: Uint8Array.from({ length: features }, () => random.below(256)), low: 0.5, high: 3 };
};

const SHAPES = fc.record({
  seed: fc.integer(),
  inputs: fc.integer({ min: 1, max: 40 }),
  most: fc.integer({ min: 0, max: 30 }),
  namespaces: fc.integer({ min: 1, max: 3 }),
  features: fc.constantFrom(0, 1, 7, 300),
  labels: fc.integer({ min: 1, max: 6 }),
  copies: fc.constantFrom(1, 5, 200_000),
});

const LARGE: readonly (readonly [string, Omit<Shape, "seed" | "namespaces">])[] = [
  ["inputs that fill the room", { inputs: 300, most: 400, features: 5000, labels: 3, copies: 4 }],
  [
    "inputs that are larger than the room",
    { inputs: 3, most: STAGED_NGRAMS * 3, features: 90_000, labels: 2, copies: 4 },
  ],
  [
    "more rows than there is room for",
    { inputs: STAGED_ROWS * 3, most: 3, features: 50, labels: 2, copies: 90_000 },
  ],
];

it("tries inputs that are larger than the room, and calls of several batches", () => {
  const sizes = LARGE.map(([, shape]) => {
    const { chunks } = rowsOf({ ...shape, seed: 3, namespaces: 2 });
    return chunks.flatMap(({ start, inputs }) =>
      Array.from({ length: inputs }, (_, i) => (start[i * 2 + 2] as number) - (start[i * 2] as number)),
    );
  });
  expect(sizes[0]?.reduce((sum, n) => sum + n, 0)).toBeGreaterThan(STAGED_NGRAMS * 2);
  expect(Math.max(...(sizes[1] ?? []))).toBeGreaterThan(STAGED_NGRAMS);
  expect(sizes[2]?.length).toBeGreaterThan(STAGED_ROWS * 2);
});

it("is committed as it is compiled", async () => {
  const file = fileURLToPath(new URL("../../src/training/feature-bytes.ts", import.meta.url));
  expect(readFileSync(file, "utf8")).toBe(kernelSource(await compileKernel("features"), "features"));
});

describe("weighFeatures in the kernel", () => {
  const expectWeighed = (shape: Shape) => {
    const [rows, family] = [rowsOf(shape), familyOf(shape)];
    for (const minDf of [1, 3]) {
      const found = weighFeatures(rows, family, shape.labels, minDf);
      const wanted = plainWeights(rows, family, shape.labels, minDf);
      expect([...found.ids]).toEqual(wanted.ids);
      expect([...found.factor]).toEqual(wanted.factor);
    }
  };

  it("does what plain loops do, to the bit", () => {
    fc.assert(fc.property(SHAPES, expectWeighed));
  });

  it.each(LARGE)("takes %s", (_, shape) => {
    expectWeighed({ ...shape, seed: 3, namespaces: 2 });
    // Again, over what the first call left in the memory.
    expectWeighed({ ...shape, seed: 4, namespaces: 2, features: 9 });
  });

  const expectFolds = (shape: Shape, folds: number) => {
    const [rows, family] = [rowsOf(shape), familyOf(shape)];
    const random = seededRandom(shape.seed, "folds");
    const fold = Uint8Array.from(rows.label, () => random.below(5));
    const found = weighFolds(rows, { fold, scored: folds }, family, shape.labels, 2);
    found.forEach((features, left) => {
      const others = (column: Uint32Array) => column.filter((_, row) => fold[row] !== left);
      const [inputs, label, count] = [others(rows.inputs), others(rows.label), others(rows.count)];
      const wanted = plainWeights({ ...rows, inputs, label, count }, family, shape.labels, 2);
      expect([...features.ids]).toEqual(wanted.ids);
      expect([...features.factor]).toEqual(wanted.factor);
    });
  };

  it("does without a fold what it does without its rows", () => {
    fc.assert(fc.property(SHAPES, fc.integer({ min: 1, max: 5 }), expectFolds));
    for (const [, shape] of LARGE) expectFolds({ ...shape, seed: 7, namespaces: 2 }, 2);
  });
});

describe("narrowRows in the kernel", () => {
  const expectNarrowed = (shape: Shape) => {
    const [rows, family] = [rowsOf(shape), familyOf(shape)];
    const random = seededRandom(shape.seed, "narrow");
    const ids = Uint32Array.from(family.codes.keys()).filter(() => random.below(3) > 0);
    const local = new Map([...ids].map((id, f) => [id, f]));
    const found = narrowRows(rows, family, ids);
    rows.inputs.forEach((input, row) => {
      const narrowed = segmentsOf(found.chunks, row);
      segmentsOf(rows.chunks, input).forEach(({ chunk, segment, from, to }, space) => {
        const own = narrowed[space] as (typeof narrowed)[number];
        const wanted = [...chunk.ids.subarray(from, to)].flatMap((id, i) => {
          const f = local.get(id);
          return f === undefined ? [] : [[f, chunk.counts[from + i]]];
        });
        const entries = [...own.chunk.ids.subarray(own.from, own.to)].map((f, i) => [
          f,
          own.chunk.counts[own.from + i],
        ]);
        expect(entries).toEqual(wanted);
        expect(own.chunk.factor[own.segment]).toBe(chunk.factor[segment]);
      });
    });
    expect([...found.weights.codes]).toEqual([...ids].map((id) => family.codes[id]));
  };

  it("does what a Map does", () => {
    fc.assert(fc.property(SHAPES, expectNarrowed));
  });

  it.each(LARGE)("takes %s", (_, shape) => {
    expectNarrowed({ ...shape, seed: 8, namespaces: 2 });
  });
});

describe("countFeatures in the kernel", () => {
  const expectCounted = (shape: Shape, parts: number) => {
    const { chunks, inputs, count } = rowsOf(shape);
    // Numbers of features, spread so that each part has some.
    const analyzed = chunks.map(({ ids, ...chunk }) => ({ ...chunk, hashes: ids.map((id) => id * 104_729) }));
    const of = { chunks: analyzed, inputs, count, minDf: 2, maxFeatures: 2 ** 20, parts };
    const ranked = Array.from({ length: parts }, (_, part) => countFeatures({ ...of, part }));
    const found = joinRankings({ parts: ranked, rows: 0 }, of.maxFeatures);
    const wanted = [...plainFrequencies(analyzed, inputs, count)]
      .filter(([, frequency]) => frequency >= 2)
      .sort(([a, m], [b, n]) => n - m || a - b);
    expect([...found.hashes]).toEqual(wanted.map(([hash]) => hash));
    expect([...found.frequencies]).toEqual(wanted.map(([, frequency]) => frequency));
  };

  it("does what a Map does", () => {
    fc.assert(fc.property(SHAPES, fc.integer({ min: 1, max: 4 }), expectCounted));
  });

  it.each(LARGE)("takes %s", (_, shape) => {
    for (const parts of [1, 3]) expectCounted({ ...shape, seed: 5, namespaces: 2 }, parts);
  });
});
