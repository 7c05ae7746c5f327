// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import { seededRandom } from "../../src/core/random.ts";
import { textColumn } from "../../src/core/text-column.ts";
import { prefixLength, splitByRareGrams } from "../../src/data/prefix-filter.ts";
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

it.each([
  [10, 0.8, 3],
  [5, 0.8, 2],
  [15, 0.8, 4],
  [7, 1, 1],
  [1, 0.8, 1],
])("of %i grams at %f is %i", (size, threshold, length) => {
  expect(prefixLength(size, threshold)).toBe(length);
});

it("brings every similar pair into a bucket of its own, and few others", () => {
  const random = seededRandom(3, "prefix");
  const template = "a long template that every row of the bucket has in common: ";
  const texts = Array.from({ length: 300 }, (_, i) => {
    const own = Array.from({ length: 30 }, (_, k) => ((i >> 2) * 7919 * (k + 3)) % 89).join("");
    const at = random.below(own.length - 1);
    return `${template}${own.slice(0, at)}#${own.slice(at + 1 + random.below(4))}`;
  });
  const grams = texts.map(gramsOf);
  const rows = Uint32Array.from(texts.keys());
  const split = splitByRareGrams({ length: 300, text: textColumn(texts), textB: null }, rows, 0.8);
  const met = new Set<string>();
  let start = 0;
  for (const end of split.ends) {
    const part = split.rows.subarray(start, end);
    for (const i of part) for (const j of part) met.add(`${i} ${j}`);
    start = end;
  }
  let similar = 0;
  for (let i = 0; i < 300; i++) {
    for (let j = 0; j < i; j++) {
      if (jaccard(grams[i] as Set<string>, grams[j] as Set<string>) < 0.8) continue;
      similar++;
      expect(met.has(`${i} ${j}`)).toBe(true);
    }
  }
  expect(similar).toBeGreaterThan(200);
  expect(met.size).toBeLessThan(300 * 300);
});
