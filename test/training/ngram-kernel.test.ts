// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileKernel, kernelSource } from "../../scripts/kernel.mjs";
import { seededRandom } from "../../src/core/random.ts";
import type { AnalyzedChunk } from "../../src/training/analysis.ts";
import { layoutOf } from "../../src/training/block.ts";
import { type BlockRows, fillBlock } from "../../src/training/blocks.ts";
import type { FamilyFeatures } from "../../src/training/feature-selection.ts";
import { indexChunks } from "../../src/training/indexing.ts";
import { CHUNK_INPUTS } from "../../src/training/inputs.ts";
import { ngramKernel } from "../../src/training/ngram-kernel.ts";
import { STAGED_NGRAMS, STAGED_ROWS, StagedRows } from "../../src/training/staged-rows.ts";
import { type PlainRow, plainIndex, plainRows } from "../support/oracle/plain-ngrams.ts";

interface Shape {
  readonly seed: number;
  /** N-grams of each input of each chunk, at most. */
  readonly chunks: readonly (readonly number[])[];
  readonly namespaces: number;
  readonly features: number;
  /** Leading bits that all hashes have in common. */
  readonly huddled: number;
}

/** Chunks whose n-grams are features more often than not, and a family's features. */
function problemOf({ seed, chunks, namespaces, features, huddled }: Shape) {
  const random = seededRandom(seed, "n-grams");
  const most = 2 ** (32 - huddled);
  const hash = () =>
    random.below(20) === 0 ? random.below(3) : most * (2 ** huddled - 1) + random.below(most);
  const family = [...new Set(Array.from({ length: features }, hash))].sort((a, b) => a - b);
  const codes = Uint8Array.from(family, () => random.below(256));
  const analyzed = chunks.map((sizes): AnalyzedChunk => {
    const segments = sizes.flatMap((size) =>
      Array.from({ length: namespaces }, () => {
        const own = Array.from({ length: random.below(size + 1) }, () =>
          family.length > 0 && random.below(3) > 0 ? (family[random.below(family.length)] as number) : hash(),
        );
        return [...new Set(own)];
      }),
    );
    let at = 0;
    const hashes = segments.flat();
    return {
      inputs: sizes.length,
      namespaces,
      start: Uint32Array.from([0, ...segments.map(({ length }) => (at += length))]),
      hashes: Uint32Array.from(hashes),
      counts: Uint8Array.from(hashes, () => 1 + random.below(255)),
    };
  });
  const kept: FamilyFeatures = {
    hashes: Uint32Array.from(family),
    weights: { codes, low: 0.5, high: 3 },
  };
  return { analyzed, kept };
}

const copyOf = (chunk: AnalyzedChunk): AnalyzedChunk => ({
  ...chunk,
  start: chunk.start.slice(),
  hashes: chunk.hashes.slice(),
  counts: chunk.counts.slice(),
});

function expectIndexed(shape: Shape) {
  const { analyzed, kept } = problemOf(shape);
  const indexed = indexChunks(analyzed.map(copyOf), kept);
  const plain = analyzed.map((chunk) => plainIndex(chunk, kept));
  indexed.forEach((chunk, c) => {
    const wanted = plain[c] as (typeof plain)[number];
    const left = chunk.start.at(-1) as number;
    expect([...chunk.start]).toEqual([...wanted.start]);
    expect([...chunk.ids.subarray(0, left)]).toEqual([...wanted.ids]);
    expect([...chunk.counts.subarray(0, left)]).toEqual([...wanted.counts]);
    expect([...chunk.factor]).toEqual([...wanted.factor]);
    expect([...chunk.unknown]).toEqual([...wanted.unknown]);
  });
  return plain;
}

const SHAPES = fc.record({
  seed: fc.integer(),
  chunks: fc.array(fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 20 }), {
    minLength: 1,
    maxLength: 3,
  }),
  namespaces: fc.integer({ min: 1, max: 3 }),
  features: fc.constantFrom(0, 1, 2, 3, 9, 300),
  huddled: fc.constantFrom(0, 12, 24),
});

it("is committed as it is compiled", async () => {
  const file = fileURLToPath(new URL("../../src/training/ngram-bytes.ts", import.meta.url));
  expect(readFileSync(file, "utf8")).toBe(kernelSource(await compileKernel("ngrams"), "ngrams"));
});

describe("indexChunks in the kernel", () => {
  it("does what a Map does", () => {
    fc.assert(fc.property(SHAPES, (shape) => void expectIndexed(shape)));
  });

  it.each([
    ["inputs that fill the room", Array.from({ length: 60 }, () => 1500)],
    ["an input that is larger than the room", [3, STAGED_NGRAMS * 3, 5, STAGED_NGRAMS * 5, 1]],
    ["more rows than there is room for", Array.from({ length: STAGED_ROWS + 3 }, () => 1)],
    ["inputs without any n-gram", [0, 0, 0]],
  ])("takes %s", (_, sizes) => {
    const shape = { seed: 5, chunks: [sizes, [4]], namespaces: 2, features: 60_000, huddled: 0 };
    expectIndexed(shape);
    // Again, over what the first call left in the memory.
    expectIndexed({ ...shape, seed: 6, features: 7 });
  });
});

/** The rows of a block as it holds them. */
function rowsIn(rows: BlockRows, index: number, blocks: number): PlainRow[] {
  const { shape, memory } = fillBlock(rows, index, blocks);
  const { at, padded } = layoutOf(shape);
  const start = new Uint32Array(memory.buffer, at.start, shape.rows + 1);
  const offsets = new Uint32Array(memory.buffer, at.entries, shape.entries * 2);
  const values = new Float32Array(memory.buffer, at.entries, shape.entries * 2);
  const squares = new Float32Array(memory.buffer, at.squares, shape.rows);
  return Array.from({ length: shape.rows }, (_, row) => ({
    entries: Array.from({ length: (start[row + 1] as number) - (start[row] as number) }, (_, i) => {
      const entry = ((start[row] as number) + i) * 2;
      return [(offsets[entry] as number) / (padded * 4), values[entry + 1] as number] as const;
    }),
    squares: squares[row] as number,
  }));
}

function expectFilled(shape: Shape, labels: number, blocks: number) {
  const { kept } = problemOf(shape);
  const chunks = expectIndexed(shape);
  const random = seededRandom(shape.seed, "rows");
  const { length } = kept.hashes;
  const ids = Uint32Array.from(Array(length).keys()).filter(() => random.below(4) > 0);
  const inputs = chunks.flatMap((chunk, c) =>
    Array.from({ length: chunk.inputs }, (_, i) => c * CHUNK_INPUTS + i),
  );
  const drawn = (rows: number) => {
    const own: number[] = [];
    // In runs, as the rows of a task come mostly, with some input of another task's in between.
    while (own.length < rows) {
      const from = random.below(inputs.length);
      own.push(...inputs.slice(from, from + 1 + random.below(9)));
    }
    return {
      chunks,
      inputs: Uint32Array.from(own),
      label: Uint32Array.from(own, () => random.below(labels)),
      weight: new Float64Array(own.length).fill(1),
    };
  };
  const rows: BlockRows = {
    weights: kept.weights,
    features: { ids, factor: Float32Array.from(ids, () => (1 + random.below(900)) / 300) },
    labels,
    train: drawn(20),
    eval: drawn(3),
  };
  for (let index = 0; index < blocks; index++)
    expect(rowsIn(rows, index, blocks)).toEqual(plainRows(rows, index, blocks));
}

describe("fillBlock in the kernel", () => {
  it("does what plain loops do", () => {
    fc.assert(
      fc.property(SHAPES, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 3 }), expectFilled),
    );
  });

  it("takes rows that are larger than the room, and goes on with small ones", () => {
    const sizes = [3, STAGED_NGRAMS * 3, 5, 900, STAGED_NGRAMS * 4, 1, 2];
    expectFilled({ seed: 2, chunks: [sizes], namespaces: 2, features: 60_000, huddled: 0 }, 5, 2);
  });
});

describe("the memory of the kernel", () => {
  it("gives zeros, and what it gave stays where it is when it grows", () => {
    const kernel = ngramKernel();
    const first = kernel.words(1000).fill(7);
    const large = kernel.doubles(3_000_000);
    expect(large.every((value) => value === 0)).toBe(true);
    large.fill(1);
    expect(first.every((value) => value === 7)).toBe(true);
    expect(
      ngramKernel()
        .bytes(30_000_000)
        .some((value) => value !== 0),
    ).toBe(false);
  });

  it("gives back what was taken within, and zeros again", () => {
    const kernel = ngramKernel();
    const outside = kernel.words(10).fill(1);
    const inside = kernel.within(() => kernel.words(1000).fill(7));
    const again = kernel.words(1000);
    expect(again.byteOffset).toBe(inside.byteOffset);
    expect(again.every((word) => word === 0)).toBe(true);
    expect(outside.every((word) => word === 1)).toBe(true);
  });

  it("keeps a large memory for what needs one, and no longer", () => {
    const { buffer } = ngramKernel(true).bytes(80_000_000);
    expect(ngramKernel(true).bytes(1).buffer).toBe(buffer);
    expect(ngramKernel().bytes(1).buffer).not.toBe(buffer);
  });

  it("stages rows up to its room, and tells which is next", () => {
    const { analyzed } = problemOf({
      seed: 1,
      chunks: [Array.from({ length: 2000 }, () => 3)],
      namespaces: 1,
      features: 9,
      huddled: 0,
    });
    const staged = new StagedRows(ngramKernel(), 1);
    const inputs = Uint32Array.from({ length: 2000 }, (_, i) => i);
    expect(staged.addRows(analyzed, inputs, 0)).toBe(STAGED_ROWS);
    expect([staged.rows, staged.segments]).toEqual([STAGED_ROWS, STAGED_ROWS]);
    expect(staged.ngrams).toBe(analyzed[0]?.start[STAGED_ROWS]);
    staged.clear();
    expect(staged.addRows(analyzed, inputs, 1990, 3)).toBe(2002);
    expect(staged.rows).toBe(4);
  });
});
