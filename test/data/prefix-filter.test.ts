// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import { seededRandom } from "../../src/core/random.ts";
import { textColumn } from "../../src/core/text-column.ts";
import { indexRareGrams, prefixLength, sharedInPrefix } from "../../src/data/prefix-filter.ts";
import { gramsOf, jaccard } from "./support.ts";

it("takes a prefix that reaches what two similar sets share, even if that comes last in the order", () => {
  for (const threshold of [0.3, 0.5, 0.8, 0.9, 1]) {
    for (let a = 1; a <= 60; a++) {
      for (let b = 1; b <= a; b++) {
        for (let common = 1; common <= b; common++) {
          if (common / (a + b - common) < threshold) continue;
          expect(prefixLength(a, threshold)).toBeGreaterThan(a - common);
          expect(prefixLength(b, threshold)).toBeGreaterThan(b - common);
        }
      }
    }
  }
});

it("counts no more shared grams than the worst order of two similar sets leaves", () => {
  // Sets of a and b that share `common`, under any order of the grams: the worst puts what is not shared first.
  for (const threshold of [0.3, 0.8, 0.9, 1]) {
    for (let a = 1; a <= 40; a++) {
      for (let b = 1; b <= a; b++) {
        for (let common = 1; common <= b; common++) {
          if (common / (a + b - common) < threshold) continue;
          const inA = prefixLength(a, threshold) - (a - common);
          const inB = prefixLength(b, threshold) - (b - common);
          expect(sharedInPrefix(a, b, threshold)).toBeLessThanOrEqual(Math.min(inA, inB));
        }
      }
    }
  }
  expect(sharedInPrefix(130, 130, 0.8)).toBe(13);
  expect(sharedInPrefix(130, 104, 0.8)).toBe(1);
});

it.each([
  [10, 0.8, 3],
  [5, 0.8, 2],
  [15, 0.8, 4],
  [7, 1, 1],
  [1, 0.8, 1],
])("of %i grams at %f is %i", (size, threshold, length) => {
  expect(prefixLength(size, threshold)).toBe(length);
});

it("lets every similar pair share enough rare grams, and few others", () => {
  const random = seededRandom(3, "prefix");
  const template = "a long template that every row of the bucket has in common: ";
  const texts = Array.from({ length: 300 }, (_, i) => {
    const own = Array.from({ length: 30 }, (_, k) => ((i >> 2) * 7919 * (k + 3)) % 89).join("");
    const at = random.below(own.length - 1);
    return `${template}${own.slice(0, at)}#${own.slice(at + 1 + random.below(4))}`;
  });
  const grams = texts.map(gramsOf);
  const rows = Uint32Array.from(texts.keys());
  const index = indexRareGrams({ length: 300, text: textColumn(texts), textB: null }, rows, 0.8);
  const rare = texts.map((_, x) => index.lists.subarray(index.offsets[x], index.offsets[x + 1]));
  const shared = (i: number, j: number) =>
    [...(rare[i] ?? [])].filter((list) => rare[j]?.includes(list)).length;
  const enough = (i: number, j: number) =>
    shared(i, j) >= sharedInPrefix(grams[i]?.size ?? 0, grams[j]?.size ?? 0, 0.8);
  let similar = 0;
  let candidates = 0;
  for (let i = 0; i < 300; i++) {
    for (let j = 0; j < i; j++) {
      if (enough(i, j)) candidates++;
      if (jaccard(grams[i] as Set<string>, grams[j] as Set<string>) < 0.8) continue;
      similar++;
      expect(enough(i, j)).toBe(true);
    }
  }
  expect(similar).toBeGreaterThan(200);
  expect(candidates).toBeLessThan(3 * similar);
  for (let list = 0; list + 1 < index.starts.length; list++) {
    for (const x of index.members.subarray(index.starts[list], index.starts[list + 1]))
      expect(rare[x]).toContain(list);
  }
});
