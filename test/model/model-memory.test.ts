// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { compileKernel, kernelSource } from "../../scripts/kernel.mjs";
import { type Accumulator, MOST_BLOCKS } from "../../src/model/accumulator.ts";
import { anyAccumulator } from "../../src/model/family-classifier.ts";
import { LinearModel } from "../../src/model/linear-model.ts";
import { type ModelMemory, modelMemory } from "../../src/model/model-memory.ts";
import { blockStarts } from "../../src/model/opening.ts";
import { plainAccumulator } from "../../src/model/plain-accumulator.ts";
import { SparseVector } from "../../src/model/vectorizer.ts";

afterEach(() => void vi.unstubAllGlobals());

test("the committed kernel comes from its source", async () => {
  const path = fileURLToPath(new URL("../../src/model/score-bytes.ts", import.meta.url));
  expect(readFileSync(path, "utf8")).toBe(kernelSource(await compileKernel("scores"), "scores"));
});

/** A memory for so many bytes, and these bytes at the beginning of its file. */
function memoryOf(size: number, bytes: Uint8Array): ModelMemory {
  const memory = modelMemory(size);
  if (memory === null) throw new Error("no WebAssembly here");
  memory.file.set(bytes);
  return memory;
}

function simd(values: Int8Array, labels: number): Accumulator {
  const memory = memoryOf(values.length, new Uint8Array(values));
  const { buffer, byteOffset } = memory.file;
  return memory.accumulator(new Int8Array(buffer, byteOffset, values.length), labels);
}

/** The sums of these blocks, a call of `add` for each. */
function sumsOf(of: Accumulator, calls: readonly (readonly (readonly [number, number])[])[], labels: number) {
  of.sums.fill(0.125);
  for (const blocks of calls) {
    blocks.forEach(([at, by], i) => {
      of.at[i] = at;
      of.by[i] = by;
    });
    of.add(blocks.length, labels);
  }
  return [...of.sums.subarray(0, labels)];
}

const { fround } = Math;

test("WASM SIMD, the plain loop and the formula agree to the bit", () => {
  const cases = fc.integer({ min: 1, max: 80 }).chain((labels) => {
    const values = fc.int8Array({ minLength: labels, maxLength: labels + 200 });
    return values.chain((all) => {
      const block = fc.tuple(
        fc.nat(all.length - labels),
        fc.float({ noNaN: true, min: -(2 ** 100), max: 2 ** 100 }),
      );
      const calls = fc.array(fc.array(block, { maxLength: 40 }), { maxLength: 3 });
      return fc.tuple(fc.constant(labels), fc.constant(all), calls);
    });
  });
  fc.assert(
    fc.property(cases, ([labels, values, calls]) => {
      const expected = Array.from({ length: labels }, (_, k) =>
        calls.flat().reduce((sum, [at, by]) => fround(sum + fround(by * (values[at + k] as number))), 0.125),
      );
      expect(sumsOf(plainAccumulator(values, labels), calls, labels)).toEqual(expected);
      expect(sumsOf(simd(values, labels), calls, labels)).toEqual(expected);
      const thirds = Float32Array.from(values, (value) => value / 3);
      const exact = Array.from({ length: labels }, (_, k) =>
        calls.flat().reduce((sum, [at, by]) => sum + by * (thirds[at + k] as number), 0.125),
      );
      expect(sumsOf(plainAccumulator(thirds, labels), calls, labels)).toEqual(exact);
    }),
    { numRuns: 200 },
  );
});

test("a task of fewer labels than the most leaves the other sums alone in what is read of them", () => {
  const values = Int8Array.from({ length: 64 }, (_, i) => i - 32);
  for (const labels of [1, 7, 8, 9, 20]) {
    const [fast, plain] = [simd(values, 20), plainAccumulator(values, 20)];
    const blocks = [[[64 - labels, 0.5] as const, [3, -2] as const]];
    expect(sumsOf(fast, blocks, labels)).toEqual(sumsOf(plain, blocks, labels));
  }
});

test.each([65_529, 65_536])(
  "the sums of %d labels, the most that there are, leave the file alone",
  (labels) => {
    const values = Int8Array.from({ length: labels + 5 }, (_, i) => (i * 37) % 255);
    const memory = memoryOf(values.length, new Uint8Array(values.buffer));
    const { buffer, byteOffset } = memory.file;
    const fast = memory.accumulator(new Int8Array(buffer, byteOffset, values.length), labels);
    const blocks = [[[0, 0.5] as const, [5, -3] as const, [2, 1 / 3] as const]];
    const expected = sumsOf(plainAccumulator(values, labels), blocks, labels);
    const found = sumsOf(fast, blocks, labels);
    expect(found.findIndex((sum, k) => sum !== expected[k])).toBe(-1);
    expect(Buffer.compare(memory.file, new Uint8Array(values.buffer))).toBe(0);
  },
);

test("32-bit weights are added up in 64 bits: what would overflow 32 does not, and small parts stay", () => {
  const of = plainAccumulator(Float32Array.of(3e38, 3e38, 1, 0.1), 1);
  of.sums[0] = 0;
  of.at.set([0, 1]);
  of.by.set([1, 1]);
  of.add(2, 1);
  expect(of.sums[0]).toBe(2 * Math.fround(3e38));
  of.sums[0] = 1;
  of.at.set([2, 3]);
  of.by.set([1e-9, 0.1]);
  of.add(2, 1);
  expect(of.sums[0]).toBe(1 + 1e-9 + 0.1 * Math.fround(0.1));
});

const refused = class {
  constructor() {
    throw new EvalError("not allowed by the page");
  }
};

test.each([
  ["missing", undefined],
  ["refused", { Memory: class {}, Module: refused, Instance: refused }],
  ["out of memory", { Memory: refused }],
])("the plain loop takes over where WebAssembly is %s", (_, host) => {
  vi.stubGlobal("WebAssembly", host);
  const values = Int8Array.of(1, 2, 3, 4);
  expect(modelMemory(4)).toBeNull();
  expect(sumsOf(anyAccumulator(values, 2), [[[1, 10]]], 2)).toEqual([20.125, 30.125]);
});

test("a text of more features than a call takes is added up in several", () => {
  const features = 2 * MOST_BLOCKS + 7;
  const head = { labels: ["a", "b"], scale: Float32Array.of(1, 0.5), bias: Float32Array.of(0, 1) };
  const values = Int8Array.from({ length: features * 2 }, (_, at) => (at % 2 === 0 ? 1 : -2));
  for (const length of [MOST_BLOCKS - 1, MOST_BLOCKS, MOST_BLOCKS + 1, features]) {
    const x = new SparseVector();
    x.reserve(features);
    for (let i = 0; i < length; i++) {
      x.ids[i] = i;
      x.values[i] = 0.25;
    }
    x.length = length;
    const out = new Float64Array(2);
    const weights = { mask: new Uint8Array(features).fill(1), values };
    const blocks = blockStarts([2], weights.mask);
    new LinearModel([head], weights, blocks, anyAccumulator(values, 2)).score(x, 0, out);
    expect([...out]).toEqual([length / 4, 1 - length / 4]);
  }
});
