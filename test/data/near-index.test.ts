// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { type Random, seededRandom } from "../../src/core/random.ts";
import { textAt, textColumn } from "../../src/core/text-column.ts";
import type { RowTexts } from "../../src/data/exact-duplicates.ts";
import { NearIndex } from "../../src/data/near-index.ts";
import { normalizeText } from "../../src/data/normalization.ts";
import { gramsOf } from "./support.ts";

interface Pair {
  readonly a: string;
  readonly b: string | null;
}

function textsOf(rows: readonly Pair[], pair: boolean): RowTexts {
  return {
    length: rows.length,
    text: textColumn(rows.map(({ a }) => a)),
    textB: pair ? textColumn(rows.map(({ b }) => b ?? "")) : null,
  };
}

function indexOf(texts: readonly string[], threshold = 0.8): Promise<NearIndex> {
  return NearIndex.over(
    textsOf(
      texts.map((a) => ({ a, b: null })),
      false,
    ),
    threshold,
  );
}

/** Every row that the index calls near to what it has read, ascending. */
function allNear(index: NearIndex): number[] {
  const found = new Set<number>();
  for (;;) {
    const row = index.near((one) => !found.has(one));
    if (row === null) return [...found].sort((i, j) => i - j);
    found.add(row);
  }
}

const grams = ({ a, b }: Pair) => [
  ...[...gramsOf(normalizeText(a))].map((gram) => `a${gram}`),
  ...(b === null ? [] : [...gramsOf(normalizeText(b))].map((gram) => `b${gram}`)),
];

const normalized = ({ a, b }: Pair) =>
  JSON.stringify([normalizeText(a), b === null ? null : normalizeText(b)]);

/** Knows for each gram the rows that hold it, and counts: the Jaccard of a row with every other one. */
class Oracle {
  readonly #sizes: number[] = [];
  readonly #texts: string[] = [];
  readonly #holders = new Map<string, number[]>();

  add(row: Pair): void {
    const set = grams(row);
    for (const gram of set) {
      const holders = this.#holders.get(gram);
      if (holders === undefined) this.#holders.set(gram, [this.#sizes.length]);
      else holders.push(this.#sizes.length);
    }
    this.#sizes.push(set.length);
    this.#texts.push(normalized(row));
  }

  near(row: Pair, threshold: number): number[] {
    const set = grams(row);
    const common = new Uint32Array(this.#sizes.length);
    for (const gram of set)
      for (const i of this.#holders.get(gram) ?? []) common[i] = (common[i] as number) + 1;
    return this.#sizes.flatMap((size, i) => {
      const both = common[i] as number;
      return both / (size + set.length - both) >= threshold ? [i] : [];
    });
  }

  same(row: Pair): number[] {
    const text = normalized(row);
    return this.#texts.flatMap((other, i) => (other === text ? [i] : []));
  }
}

const pick = <T>(random: Random, items: readonly T[]) => items[random.below(items.length)] as T;

const WORDS =
  "bank card lost money wire account é Zürich ok a of to never 漢字 transfer please again soon".split(" ");

function sentence(random: Random): string {
  return Array.from({ length: 3 + random.below(12) }, () => pick(random, WORDS) + random.below(40)).join(" ");
}

/** A few characters of a text changed: mostly still near, at the border of every threshold. */
function edited(text: string, random: Random): string {
  let result = text;
  for (let edits = random.below(5) - 2; edits > 0; edits--) {
    const at = random.below(result.length + 1);
    const cut = random.below(3);
    result = result.slice(0, at) + pick(random, ["", "x", "Q ", "7"]) + result.slice(at + cut);
  }
  return result.toUpperCase() === text.toUpperCase() && random.below(2) === 0 ? result.toUpperCase() : result;
}

/** Rows that are edits of few texts. */
function family(random: Random, length: number, pair: boolean): Pair[] {
  const bases = Array.from({ length: 200 }, () => [sentence(random), sentence(random)] as const);
  return Array.from({ length }, () => {
    const [a, b] = pick(random, bases);
    return { a: edited(a, random), b: pair ? edited(b, random) : null };
  });
}

describe("look-ups", () => {
  it.each([
    ["texts", false, 0.5],
    ["texts", false, 0.8],
    ["texts", false, 0.95],
    ["pairs", true, 0.5],
    ["pairs", true, 0.8],
    ["pairs", true, 0.95],
  ] as const)("find what comparing all %s finds (pairs: %s, threshold %f)", async (_, pair, threshold) => {
    const random = seededRandom(7, `near-index ${pair} ${threshold}`);
    const rows = family(random, 2400, pair);
    const base = 2000;
    const index = await NearIndex.over(textsOf(rows.slice(0, base), pair), threshold);
    const oracle = new Oracle();
    for (const row of rows.slice(0, base)) oracle.add(row);
    let near = 0;
    let same = 0;
    for (const row of rows.slice(base)) {
      index.read(row.a, row.b);
      const expected = oracle.near(row, threshold);
      expect(allNear(index)).toEqual(expected);
      const equal = oracle.same(row);
      const found = index.same();
      if (equal.length === 0) expect(found).toBeNull();
      else expect(equal).toContain(found);
      near += expected.length;
      same += equal.length;
      index.add();
      oracle.add(row);
    }
    // The rows do have what is looked for.
    expect([near > 200, same > 10]).toEqual([true, true]);
    expect(index.length).toBe(rows.length);
  });

  it("tell the same text from one of the same grams", async () => {
    const index = await indexOf(["ababab", "Wire  money"]);
    index.read("abababab", null);
    expect([index.same(), index.near(() => true)]).toEqual([null, 0]);
    index.read("ABABAB", null);
    expect(index.same()).toBe(0);
    index.read("wire MONEY", null);
    expect(index.same()).toBe(1);
  });

  it("ask only for rows that are wanted, each once", async () => {
    const index = await indexOf(["the same long text", "the same long text!", "something else entirely"]);
    index.read("the same long text?", null);
    const asked: number[] = [];
    expect(index.near((row) => asked.push(row) === 0)).toBeNull();
    expect(asked.sort()).toEqual([0, 1]);
    expect(index.near((row) => row === 1)).toBe(1);
  });

  it("hold a pair's texts each against its own side", async () => {
    const index = await NearIndex.over(textsOf([{ a: "first text", b: "second text" }], true), 0.8);
    index.read("second text", "first text");
    expect([index.same(), index.near(() => true)]).toEqual([null, null]);
    index.read("First text", "Second text");
    expect(index.same()).toBe(0);
  });

  it("are of an empty base, too, and of a text of one letter", async () => {
    const index = await indexOf([]);
    index.read("a", null);
    expect([index.same(), index.near(() => true)]).toEqual([null, null]);
    index.add();
    index.read("A", null);
    expect([index.same(), index.near(() => true)]).toEqual([0, 0]);
  });

  it("what is read and not added leaves no trace", async () => {
    const index = await indexOf(["one text that stays"]);
    index.read("another that was only asked for", null);
    index.read("another that was only asked for", null);
    expect([index.same(), index.near(() => true), index.length]).toEqual([null, null, 1]);
  });

  it("grows through thousands of rows from none", async () => {
    const index = await indexOf([]);
    const texts = Array.from({ length: 5000 }, (_, i) => `row ${i * 7919} of number ${i}`);
    for (const text of texts) {
      index.read(text, null);
      index.add();
    }
    for (const [i, text] of texts.entries()) {
      index.read(text, null);
      expect(index.same()).toBe(i);
    }
    const { text, textB, length } = index.texts();
    expect(Array.from({ length }, (_, i) => textAt(text, i))).toEqual(texts);
    expect(textB).toBeNull();
  });
});
