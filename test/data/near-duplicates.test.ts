// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seededRandom } from "../../src/core/random.ts";
import { textColumn } from "../../src/core/text-column.ts";
import { findNearDuplicates } from "../../src/data/near-duplicates.ts";
import { normalizeText } from "../../src/data/normalization.ts";
import { UnionFind } from "../../src/data/union-find.ts";
import { gramsOf } from "./support.ts";

interface Pair {
  readonly a: string;
  readonly b: string | null;
}

/** Grams of a pair: each side's in a space of its own. */
function gramsOfPair({ a, b }: Pair): Set<string> {
  const grams = new Set([...gramsOf(normalizeText(a))].map((gram) => `a${gram}`));
  if (b !== null) for (const gram of gramsOf(normalizeText(b))) grams.add(`b${gram}`);
  return grams;
}

/** The sets with a number for each gram, in order: two are compared twenty times as fast. */
function numbered(sets: readonly ReadonlySet<string>[]): Uint32Array[] {
  const numbers = new Map<string, number>();
  for (const gram of sets.flatMap((set) => [...set])) if (!numbers.has(gram)) numbers.set(gram, numbers.size);
  return sets.map((set) => Uint32Array.from(set, (gram) => numbers.get(gram) as number).sort());
}

function sortedJaccard(a: Uint32Array, b: Uint32Array): number {
  let common = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const difference = (a[i] as number) - (b[j] as number);
    if (difference === 0) common++;
    if (difference <= 0) i++;
    if (difference >= 0) j++;
  }
  return common / (a.length + b.length - common);
}

function bruteForce(rows: readonly Pair[], official: Uint8Array, threshold: number) {
  const grams = numbered(rows.map(gramsOfPair));
  const sets = new UnionFind(rows.length);
  const across = new Uint8Array(rows.length);
  for (let i = 0; i < rows.length; i++) {
    for (let j = i + 1; j < rows.length; j++) {
      const [x, y] = [grams[i] as Uint32Array, grams[j] as Uint32Array];
      if (Math.min(x.length, y.length) / Math.max(x.length, y.length) < threshold) continue;
      if (sortedJaccard(x, y) < threshold) continue;
      if (official[i] === official[j]) sets.union(i, j);
      else {
        across[i] = 1;
        across[j] = 1;
      }
    }
  }
  return { roots: [...sets.roots()], across: [...across] };
}

async function found(rows: readonly Pair[], official: Uint8Array, threshold: number) {
  const text = textColumn(rows.map(({ a }) => a));
  const textB = rows[0]?.b === null || rows.length === 0 ? null : textColumn(rows.map(({ b }) => b ?? ""));
  const { sets, across } = await findNearDuplicates(
    { length: rows.length, text, textB },
    official,
    threshold,
  );
  return { roots: [...sets.roots()], across: [...across] };
}

const WORDS =
  "my card was lost in the mail please send a new one how do I pay rent today by phone ünïcode 卡片 丢失".split(
    " ",
  );

/** Rows that are edits of few sentences, so that many pairs lie near the threshold, on either side. */
function edited(seed: number, count: number, sentences: number, words: number): string[] {
  const random = seededRandom(seed, "test");
  const word = () => WORDS[random.below(WORDS.length)] as string;
  const bases = Array.from({ length: sentences }, () => Array.from({ length: words }, word));
  return Array.from({ length: count }, () => {
    const text = [...(bases[random.below(sentences)] as string[])];
    for (let edits = random.below(4); edits > 0; edits--) text[random.below(words)] = word();
    return text.join(" ");
  });
}

describe("against brute force", () => {
  it.each([
    [0.8, 10],
    [0.8, 25],
    [0.5, 12],
    [0.95, 20],
    [1, 6],
    [0.3, 8],
  ])("at a threshold of %f, on edited sentences of %i words", async (threshold, words) => {
    const rows = edited(words, 700, 12, words).map((a) => ({ a, b: null }));
    const official = Uint8Array.from(rows, (_, i) => (i % 5 === 0 ? 1 : 0));
    const expected = bruteForce(rows, official, threshold);
    expect(new Set(expected.roots).size).toBeLessThan(rows.length);
    expect(await found(rows, official, threshold)).toEqual(expected);
  });

  it("of pairs, on both texts jointly", async () => {
    const b = edited(2, 500, 9, 8);
    const rows = edited(1, 500, 9, 8).map((a, i) => ({ a, b: b[i] as string }));
    // A pair with its sides exchanged has the same grams, but not on the same sides.
    rows.push(...rows.slice(0, 20).map((row) => ({ a: row.b, b: row.a })));
    const official = new Uint8Array(rows.length);
    expect(await found(rows, official, 0.7)).toEqual(bruteForce(rows, official, 0.7));
  });

  it("of short texts of any characters", async () => {
    const text = fc.string({
      unit: fc.constantFrom("a", "b", " ", "é", "\u{1f600}", "卡"),
      minLength: 1,
      maxLength: 9,
    });
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(text, { maxLength: 40 }),
        fc.constantFrom(0.4, 0.5, 0.8),
        async (texts, threshold) => {
          const rows = texts.map((a) => ({ a, b: null }));
          const official = Uint8Array.from(rows, (_, i) => i % 2);
          expect(await found(rows, official, threshold)).toEqual(bruteForce(rows, official, threshold));
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("large buckets", () => {
  /** `count` texts that share a template and differ in a part of their own. */
  function templated(count: number, template: string, length: number): string[] {
    const random = seededRandom(count, "templates");
    const letters = "abcdefghijklmnopqrstuvwxyz0123456789";
    const own = () => Array.from({ length }, () => letters[random.below(36)]).join("");
    return Array.from({ length: count }, () => `${template} ${own()}`);
  }

  it("of templated rows under the threshold stay apart, but for the few that are similar", async () => {
    const template =
      "please transfer the following amount to the account named below and confirm it to me by mail:";
    const texts = templated(1500, template, 34);
    // Copies with one to six edits, on either side of the threshold: those above must be found, though all
    // rows share most bands.
    const random = seededRandom(7, "edits");
    const copies = texts.slice(0, 120).map((text, i) => {
      const letters = [...text];
      for (let edit = 0; edit < 1 + (i % 6); edit++) letters[template.length + 1 + random.below(34)] = "#";
      return letters.join("");
    });
    const rows = [...texts, ...copies].map((a) => ({ a, b: null }));
    const official = new Uint8Array(rows.length);
    const expected = bruteForce(rows, official, 0.8);
    const groups = new Set(expected.roots).size;
    expect(groups).toBeGreaterThan(1500);
    expect(groups).toBeLessThan(1600);
    expect(await found(rows, official, 0.8)).toEqual(expected);
  });

  it("of official and other rows are compared across as well", async () => {
    const template =
      "please transfer the following amount to the account named below and confirm it to me by mail:";
    const texts = templated(1200, template, 34);
    const rows = [...texts, ...texts.slice(0, 30).map((text) => `${text}!`)].map((a) => ({ a, b: null }));
    const official = Uint8Array.from(rows, (_, i) => (i < 1200 ? 0 : 1));
    const expected = bruteForce(rows, official, 0.8);
    expect(expected.across.filter((x) => x === 1).length).toBe(60);
    expect(await found(rows, official, 0.8)).toEqual(expected);
  });

  it("of 20,000 near-identical rows become one group in seconds", async () => {
    const texts = templated(
      20_000,
      "your one-time code for signing in to the portal of the city library is",
      4,
    );
    const rows = texts.map((a) => ({ a, b: null }));
    const start = performance.now();
    const { roots } = await found(rows, new Uint8Array(rows.length), 0.8);
    expect(new Set(roots).size).toBe(1);
    // 2 * 10^8 pairs in each band, compared one by one, take minutes.
    expect(performance.now() - start).toBeLessThan(20_000);
  });
});
