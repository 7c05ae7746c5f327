// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { compileKernel, kernelSource } from "../../scripts/kernel.mjs";
import { mix32 } from "../../src/core/hash.ts";
import { bandKey, chooseBanding, MANY_ROWS, missProbability } from "../../src/data/banding.ts";
import { agree, minHash, SKETCH_WORDS, SLOTS, writeSketch } from "../../src/data/min-hash.ts";
import { fewestAgreeing } from "../../src/data/pair-verifier.ts";
import { plainMinHash } from "../support/oracle/plain-min-hash.ts";

/** Signatures of two random sets that share `common` of their `size` members each. */
function pairOf(trial: number, size: number, common: number): [Int32Array, Int32Array] {
  const member = (k: number) => mix32(trial * 1_000_003 + k) | 0;
  const a = Int32Array.from({ length: size }, (_, k) => member(k));
  const b = Int32Array.from({ length: size }, (_, k) => member(k < common ? k : size + k));
  const signatures: [Int32Array, Int32Array] = [new Int32Array(SLOTS), new Int32Array(SLOTS)];
  minHash(a, size, signatures[0]);
  minHash(b, size, signatures[1]);
  return signatures;
}

function agreement(trials: number, size: number, common: number) {
  const counts = Array.from({ length: trials }, (_, trial) => {
    const [a, b] = pairOf(trial, size, common);
    return a.reduce((sum, value, slot) => sum + (value === b[slot] ? 1 : 0), 0);
  });
  const mean = counts.reduce((x, y) => x + y, 0) / trials;
  const variance = counts.reduce((sum, x) => sum + (x - mean) ** 2, 0) / trials;
  return { mean: mean / SLOTS, variance, counts };
}

describe("the kernel of minHash", () => {
  it("is committed as it is compiled", async () => {
    const file = fileURLToPath(new URL("../../src/data/min-hash-bytes.ts", import.meta.url));
    expect(readFileSync(file, "utf8")).toBe(kernelSource(await compileKernel("min-hash"), "min-hash"));
  });

  // 40,000 hashes do not fit the memory that it begins with.
  it.each([1, 2, 3, 4, 5, 6, 7, 30, 43, 127, 128, 300, 40_000, 43])(
    "signs %i hashes as the plain loop does",
    (size) => {
      const [signature, plain] = [new Int32Array(SLOTS), new Int32Array(SLOTS)];
      for (let trial = 0; trial < 20; trial++) {
        const hashes = Int32Array.from({ length: size + 3 }, (_, k) => mix32(trial * 100_003 + k) | 0);
        minHash(hashes, size, signature);
        plainMinHash(hashes, size, plain);
        expect(signature).toEqual(plain);
      }
    },
  );
});

describe("minHash", () => {
  // 1,000 signatures of 128 slots: the standard error of the mean is under 0.0015 if slots are independent.
  it.each([
    [9, 8], // J = 0.8: texts of 11 characters
    [36, 32], // J = 0.8: 38 characters, where 128 slots are mostly empty after one round
    [63, 42], // J = 0.5
    [450, 400], // J = 0.8
    [100, 10],
    [1, 0],
  ])("agrees on a slot with the odds of the Jaccard: sets of %i that share %i", (size, common) => {
    const j = common / (2 * size - common);
    const { mean, variance } = agreement(1000, size, common);
    expect(Math.abs(mean - j)).toBeLessThan(0.008);
    // No slots tied together: at most a binomial's variance (copied slots would give several times that).
    expect(variance).toBeLessThan(1.2 * SLOTS * j * (1 - j) + 0.05);
  });

  it("fills every slot, of a set of one too, and does not see the order", () => {
    const signature = new Int32Array(SLOTS);
    minHash(Int32Array.of(7), 1, signature);
    expect(signature.includes(0x3fffffff)).toBe(false);
    const reversed = new Int32Array(SLOTS);
    minHash(Int32Array.of(1, 2, 3), 3, signature);
    minHash(Int32Array.of(3, 1, 2, 99), 3, reversed);
    expect(reversed).toEqual(signature);
  });
});

describe("sketches", () => {
  it("tell how many slots agree in four bits", () => {
    const sketches = new Int32Array(2 * SKETCH_WORDS);
    for (let trial = 0; trial < 50; trial++) {
      const [a, b] = pairOf(trial, 40, 25);
      writeSketch(a, sketches, 0);
      writeSketch(b, sketches, SKETCH_WORDS);
      const expected = a.filter((value, slot) => (value & 15) === ((b[slot] as number) & 15)).length;
      expect(agree(sketches, 0, SKETCH_WORDS, expected)).toBe(true);
      expect(agree(sketches, 0, SKETCH_WORDS, expected + 1)).toBe(false);
      expect(agree(sketches, 0, 0, SLOTS)).toBe(true);
    }
  });

  it("reject no pair at the threshold in 3,000", () => {
    for (const [size, common, threshold] of [
      [9, 8, 0.8],
      [36, 32, 0.8],
      [90, 80, 0.8],
      [30, 20, 0.5],
    ] as const) {
      const { counts } = agreement(3000, size, common);
      // Equal slots alone, without those that agree by chance, must nearly reach the bound.
      const chance = (SLOTS * (1 - threshold)) / 16;
      expect(Math.min(...counts) + chance).toBeGreaterThan(fewestAgreeing(threshold, 1000));
    }
  });
});

describe("banding", () => {
  it.each([
    [0.8, 10_000, { bands: 32, slots: 4 }],
    [0.8, MANY_ROWS, { bands: 25, slots: 5 }],
    [0.5, 10_000, { bands: 64, slots: 2 }],
    [0.95, 10_000, { bands: 16, slots: 8 }],
    [1, 10_000, { bands: 8, slots: 16 }],
    [0.05, 10_000, { bands: 128, slots: 1 }],
  ])("at %f of %i rows", (threshold, rows, banding) => {
    expect(chooseBanding(threshold, rows)).toEqual(banding);
  });

  it("misses what the formula says", () => {
    expect(missProbability(0.8, { bands: 32, slots: 4 })).toBeCloseTo(4.75e-8, 10);
    expect(missProbability(0.8, { bands: 25, slots: 5 })).toBeCloseTo(4.9e-5, 6);
  });

  it("finds a pair at the threshold in at least one band, 3,000 times of 3,000", () => {
    const { bands, slots } = chooseBanding(0.8, 1000);
    for (let trial = 0; trial < 3000; trial++) {
      const [a, b] = pairOf(trial, 36, 32);
      const met = Array.from(
        { length: bands },
        (_, band) => bandKey(a, band, slots) === bandKey(b, band, slots),
      );
      expect(met.includes(true)).toBe(true);
    }
  });
});
