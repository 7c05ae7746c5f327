import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FeatureHashes } from "../../src/model/analyzer.ts";
import { PairAnalyzer } from "../../src/model/pair-analyzer.ts";
import { SETTINGS } from "../support/model.ts";

function analyze(a: string, b: string) {
  const out = new FeatureHashes();
  new PairAnalyzer(SETTINGS).analyze(a, b, out, true);
  const hashes = [...out.hashes.subarray(0, out.length)];
  const terms = out.terms ?? [];
  const namespace = (n: number) => {
    const [from, to] = [out.ends[n - 1] ?? 0, out.ends[n]];
    return { hashes: hashes.slice(from, to), texts: terms.slice(from, to).map((term) => term.text) };
  };
  return { hashes, terms, ends: [...out.ends], namespace };
}

/** The highest level of each fact of the overlap namespace. */
function facts(a: string, b: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const text of analyze(a, b).namespace(5).texts) {
    const at = text.lastIndexOf(" ");
    found.set(text.slice(0, at), Math.max(found.get(text.slice(0, at)) ?? 0, Number(text.slice(at + 1))));
  }
  return found;
}

const texts = fc
  .array(fc.constantFrom("I", "am", "vegan", "not", "no", "don't", "7", "20", "20", "Été", "😀", "bed"), {
    maxLength: 9,
  })
  .map((words) => words.join(" "));

describe("PairAnalyzer", () => {
  it("has six namespaces, and a term for each hash", () => {
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        const { hashes, terms, ends } = analyze(a, b);
        expect(ends.length).toBe(6);
        expect(ends.at(-1)).toBe(hashes.length);
        expect(terms.length).toBe(hashes.length);
        expect(terms.every((term) => term.text !== "")).toBe(true);
      }),
    );
  });

  it("sorts words and their n-grams into both, only a and only b", () => {
    const found = analyze("I am vegan", "I am hungry");
    const words = (n: number) => found.namespace(n).texts.sort();
    expect(words(0)).toEqual(["am", "i", "i (first)", "i am", "i am (first two)"]);
    expect(words(1)).toEqual(["am vegan", "vegan", "vegan (last)"]);
    expect(words(2)).toEqual(["am hungry", "hungry", "hungry (last)"]);
    expect(found.namespace(3).texts).toContain(" am (characters)");
    expect(found.namespace(4).texts).toContain("veg (characters)");
    expect(found.namespace(4).texts).toContain("hun (characters)");
  });

  it("swaps only a and only b with the texts, and keeps both", () => {
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        const [forth, back] = [analyze(a, b), analyze(b, a)];
        for (const n of [0, 3]) expect(forth.namespace(n)).toEqual(back.namespace(n));
        expect(forth.namespace(1).texts).toEqual(back.namespace(2).texts);
        const shared = new Set(forth.namespace(1).hashes);
        expect(back.namespace(2).hashes.some((hash) => shared.has(hash))).toBe(false);
      }),
    );
  });

  it("keeps one hash for one term in one namespace, and never the same in two", () => {
    const hashOf = new Map<string, number>();
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        const { hashes, terms, ends } = analyze(a, b);
        terms.forEach(({ kind, text }, i) => {
          // A word n-gram hides its white space, so its text is its name here.
          const wordish = i < (ends[2] as number) ? "word" : "";
          const key = `${wordish} ${kind}: ${text}`;
          expect(hashOf.get(key) ?? hashes[i], key).toBe(hashes[i]);
          hashOf.set(key, hashes[i] as number);
        });
      }),
    );
    expect(new Set(hashOf.values()).size).toBe(hashOf.size);
  });

  it("leaves no trace of the pair before", () => {
    const analyzer = new PairAnalyzer(SETTINGS);
    const out = new FeatureHashes();
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        analyzer.analyze(a, b, out);
        expect([...out.hashes.subarray(0, out.length)]).toEqual(analyze(a, b).hashes);
        expect(out.terms).toBeNull();
      }),
    );
  });
});

describe("the facts of a pair", () => {
  const SYMMETRIC = ["words", "word n-grams", "characters", "length", "numbers", "first word", "last word"];

  it("are the same both ways, those that compare without a direction", () => {
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        const [forth, back] = [facts(a, b), facts(b, a)];
        for (const name of SYMMETRIC) expect(forth.get(name), name).toBe(back.get(name));
        expect(forth.get("words of a in b")).toBe(back.get("words of b in a"));
        expect(forth.get("words only in a")).toBe(back.get("words only in b"));
      }),
    );
  });

  it("are at their height for a text and itself", () => {
    expect(Object.fromEntries(facts("I paid 20 euros", "I PAID 20 euros"))).toEqual({
      words: 12,
      "words of a in b": 12,
      "words of b in a": 12,
      "word n-grams": 12,
      characters: 12,
      length: 12,
      "a longer": 0,
      numbers: 1,
      negation: 0,
      "first word": 1,
      "last word": 1,
    });
  });

  it.each([
    // none, the same, the same in another order, others
    ["numbers", "I have cats", "I have dogs", 0],
    ["numbers", "on 5 May, 20 euros", "5 then 20", 1],
    ["numbers", "5 and 20", "20 and 5", 2],
    ["numbers", "5 and 5", "5", 3],
    ["numbers", "5", "none", 3],
    ["numbers", "5 and 20", "5 and 21", 3],
    ["numbers", "1,500 euros", "800 euros", 3],
    ["negation", "I smoke", "You smoke", 0],
    ["negation", "I smoke", "I don't smoke", 1],
    ["negation", "I never smoke", "I smoke", 2],
    ["negation", "I don’t smoke", "I can't smoke", 3],
    ["first word", "Book it", "book that", 1],
    ["first word", "Book it", "Don't book it", 0],
    ["last word", "a b c", "x c", 1],
    ["last word", "a b c", "a b", 0],
    ["words", "a b", "c d", 0],
    ["words", "a b c", "a b d", 6],
    ["words of a in b", "a", "a b c d", 12],
    ["words of b in a", "a", "a b c d", 3],
    ["words of a in b", "", "a", 0],
    ["length", "a b c", "a b c d", 9],
    ["a longer", "a b c d", "a", 9],
    ["a longer", "a", "a b c d", 0],
    ["words only in b", "a", "a b c d", 3],
    ["words only in a", "a b c d e f g h i j k l m", "z", 10],
  ])("%s of %j and %j: %d", (name, a, b, level) => {
    expect(facts(a, b).get(name) ?? 0).toBe(level);
  });

  it("rise in steps, each of which is a feature", () => {
    const { texts: found } = analyze("a b c", "a b d").namespace(5);
    expect(found.filter((text) => /^words \d+$/.test(text))).toEqual(
      [0, 1, 2, 3, 4, 5, 6].map((l) => `words ${l}`),
    );
  });
});
