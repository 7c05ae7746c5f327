// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HashComparison, type HashList } from "../../src/model/hash-comparison.ts";

const values = ({ hashes, length }: HashList) => [...hashes.subarray(0, length)];

const hashes = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 9 }),
    fc.constant(2 ** 32 - 1),
    fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  ),
  { maxLength: 60 },
);

describe("HashComparison", () => {
  it("sorts hashes into both, only a and only b, each once and in order", () => {
    const comparison = new HashComparison();
    fc.assert(
      fc.property(hashes, hashes, (a, b) => {
        comparison.compare(Uint32Array.from(a), 0, a.length, Uint32Array.from(b), 0, b.length);
        const [inA, inB] = [new Set(a), new Set(b)];
        expect(values(comparison.both)).toEqual([...inA].filter((hash) => inB.has(hash)));
        expect(values(comparison.onlyA)).toEqual([...inA].filter((hash) => !inB.has(hash)));
        expect(values(comparison.onlyB)).toEqual([...inB].filter((hash) => !inA.has(hash)));
      }),
    );
  });

  it("reads the ranges only, and grows", () => {
    const comparison = new HashComparison();
    const a = Uint32Array.from({ length: 5000 }, (_, i) => i);
    comparison.compare(a, 10, 4000, a, 3990, 5000);
    expect(values(comparison.both)).toEqual([3990, 3991, 3992, 3993, 3994, 3995, 3996, 3997, 3998, 3999]);
    expect([comparison.onlyA.length, comparison.onlyB.length]).toEqual([3980, 1000]);
    comparison.compare(a, 0, 1, a, 0, 0);
    expect([values(comparison.both), values(comparison.onlyA), values(comparison.onlyB)]).toEqual([
      [],
      [0],
      [],
    ]);
  });

  it("stays fast with hashes that share their low bits", () => {
    const comparison = new HashComparison();
    const milliseconds = (hash: (i: number) => number) => {
      const a = Uint32Array.from({ length: 20_000 }, (_, i) => hash(i));
      comparison.compare(a, 0, a.length, a, 0, a.length);
      const start = performance.now();
      comparison.compare(a, 0, a.length, a, 0, a.length);
      return performance.now() - start;
    };
    const spread = milliseconds((i) => Math.imul(i, 0x9e3779b1));
    expect(milliseconds((i) => i * 65_536)).toBeLessThan(spread * 40 + 20);
  });
});
