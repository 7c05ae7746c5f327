import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FeatureHashes } from "../../src/model/analyzer.ts";
import { PairAnalyzer } from "../../src/model/pair-analyzer.ts";
import { SETTINGS } from "../support/model.ts";

const [WORDS, SHARED_CHARACTERS, CHARACTERS_OF_A, CHARACTERS_OF_B, OVERLAPS, ORDERS, EXCHANGES] = [
  0, 1, 2, 3, 4, 5, 6,
];

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

/** The highest level of each fact of the two namespaces of facts. */
function facts(a: string, b: string): Map<string, number> {
  const found = new Map<string, number>();
  const { namespace } = analyze(a, b);
  for (const text of [...namespace(OVERLAPS).texts, ...namespace(ORDERS).texts]) {
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
  it("has seven namespaces, and a term for each hash", () => {
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        const { hashes, terms, ends } = analyze(a, b);
        expect(ends.length).toBe(7);
        expect(ends.at(-1)).toBe(hashes.length);
        expect(terms.length).toBe(hashes.length);
        expect(terms.every(({ text }) => text !== "" && !text.includes("undefined"))).toBe(true);
      }),
    );
  });

  it("sorts words and their n-grams into both, only a and only b", () => {
    const found = analyze("I am vegan", "I am hungry");
    const words = found.terms.slice(0, found.ends[WORDS]);
    const of = (owner: string) =>
      words
        .filter((term) => term.in === owner)
        .map(({ kind, text }) => (kind === "word" ? text : `${text} (${kind})`))
        .sort();
    expect(of("both")).toEqual(["am", "i", "i (first)", "i am", "i am (first two)"]);
    expect(of("a")).toEqual(["am vegan", "vegan", "vegan (last)"]);
    expect(of("b")).toEqual(["am hungry", "hungry", "hungry (last)"]);
    expect(found.namespace(SHARED_CHARACTERS).texts).toContain(" am");
    expect(found.namespace(CHARACTERS_OF_A).texts).toContain("veg");
    expect(found.namespace(CHARACTERS_OF_B).texts).toContain("hun");
  });

  it("takes character n-grams of 4 at most, or of the least that is asked for", () => {
    const longest = (charNgramMin: number, charNgramMax: number) => {
      const out = new FeatureHashes();
      new PairAnalyzer({ ...SETTINGS, charNgramMin, charNgramMax }).analyze("abcdefghij", "", out, true);
      const texts = out.terms?.filter((term) => term.kind === "characters") ?? [];
      return Math.max(0, ...texts.map((term) => term.text.length));
    };
    expect([longest(3, 5), longest(2, 3), longest(6, 8), longest(3, 0)]).toEqual([4, 3, 6, 0]);
  });

  it("swaps only a and only b with the texts, and keeps both", () => {
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        const [forth, back] = [analyze(a, b), analyze(b, a)];
        const sorted = (found: typeof forth, n: number) => found.namespace(n).hashes.sort((x, y) => x - y);
        expect(sorted(forth, SHARED_CHARACTERS)).toEqual(sorted(back, SHARED_CHARACTERS));
        expect(forth.namespace(CHARACTERS_OF_A).texts).toEqual(back.namespace(CHARACTERS_OF_B).texts);
        const words = (found: typeof forth, owner: string) =>
          found.terms
            .slice(0, found.ends[WORDS])
            .filter((term) => term.in === owner)
            .map((term) => `${term.kind} ${term.text}`)
            .sort();
        expect(words(forth, "both")).toEqual(words(back, "both"));
        expect(words(forth, "a")).toEqual(words(back, "b"));
      }),
    );
  });

  it("pairs each word only in a with each only in b, symbols apart", () => {
    expect(analyze("a red car.", "a blue, fast car").namespace(EXCHANGES).texts).toEqual([
      "red > blue",
      "red > fast",
    ]);
    expect(analyze("a red car", "a red car").namespace(EXCHANGES).texts).toEqual([]);
  });

  it("pairs no words where too many differ", () => {
    const words = (prefix: string, n: number) =>
      Array.from({ length: n }, (_, i) => `${prefix}${i}`).join(" ");
    expect(analyze(words("a", 12), words("b", 12)).namespace(EXCHANGES).texts.length).toBe(144);
    expect(analyze(words("a", 12), words("b", 13)).namespace(EXCHANGES).texts.length).toBe(0);
  });

  it("keeps one hash for one term in one namespace, and never the same in two", () => {
    const hashOf = new Map<string, number>();
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        const { hashes, terms, ends } = analyze(a, b);
        terms.forEach((term, i) => {
          // A word n-gram hides its white space, so its text is its name here.
          const wordish = i < (ends[WORDS] as number) ? "word" : "";
          const key = `${wordish} ${term.kind} in ${term.in}: ${term.text}`;
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

  it.each([
    ["words", (n: number) => Array.from({ length: n / 8 }, (_, i) => `w${(i * 7919) % 999_983}`).join(" ")],
    ["one word", (n: number) => "ab".repeat(n / 2)],
    ["symbols", (n: number) => "?!".repeat(n / 2)],
  ])("takes twice the time for twice the length: %s", (_, make) => {
    const analyzer = new PairAnalyzer(SETTINGS);
    const out = new FeatureHashes();
    // The least of many, taken in turns: the machine may have other work.
    const least = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
    for (let i = 0; i < 15; i++)
      [10_000, 80_000].forEach((n, at) => {
        const [a, b] = [make(n), make(n).toUpperCase()];
        const start = performance.now();
        analyzer.analyze(a, b, out);
        least[at] = Math.min(least[at] as number, performance.now() - start);
      });
    expect((least[1] as number) / (least[0] as number)).toBeLessThan(2.6 ** 3);
  });
});

describe("the facts of a pair", () => {
  const SYMMETRIC = [
    "words",
    "word n-grams",
    "characters",
    "words in both",
    "length",
    "first word",
    "last word",
    "order of words in both",
    "longest stretch",
    "same beginning",
    "same end",
  ];

  it("are the same both ways, those that compare without a direction", () => {
    fc.assert(
      fc.property(texts, texts, (a, b) => {
        const [forth, back] = [facts(a, b), facts(b, a)];
        for (const name of SYMMETRIC) expect(forth.get(name), name).toBe(back.get(name));
        for (const name of ["words", "word n-grams", "characters"])
          expect(forth.get(`${name} of a in b`)).toBe(back.get(`${name} of b in a`));
        expect(forth.get("words only in a")).toBe(back.get("words only in b"));
        expect(forth.get("order of a in b")).toBe(back.get("order of b in a"));
      }),
    );
  });

  it("are at their height for a text and itself", () => {
    expect(Object.fromEntries(facts("I paid 20 euros", "I PAID 20 euros."))).toMatchObject({
      words: 16,
      "words of a in b": 16,
      "words of b in a": 16,
      "words in both": 4,
      "words only in a": 0,
      "words only in b": 0,
      length: 16,
      "a longer": 0,
      numbers: 1,
      negation: 0,
      "first word": 1,
      "last word": 1,
      "order of a in b": 16,
      "order of b in a": 16,
      "order of words in both": 16,
      "longest stretch": 16,
      "words of the longest stretch": 4,
      "same beginning": 16,
      "words of the same beginning": 4,
      "same end": 0,
      "words of the same end": 0,
    });
  });

  it.each([
    // 1 in both, 2 only in a, 4 only in b
    ["numbers", "I have cats", "I have dogs", 0],
    ["numbers", "5 and 20", "20 and 5", 1],
    ["numbers", "5", "none", 2],
    ["numbers", "on 5 May, 20 euros", "5 then", 3],
    ["numbers", "none", "5", 4],
    ["numbers", "5 and 20", "5 and 21", 7],
    ["numbers", "20 euros", "80 euros", 6],
    ["negation", "I smoke", "You smoke", 0],
    ["negation", "I smoke", "I don't smoke", 1],
    ["negation", "I never smoke", "I smoke", 2],
    ["negation", "I don’t smoke", "I can't smoke", 3],
    ["first word", "Book it", "“book that”", 1],
    ["first word", "Book it", "Don't book it", 0],
    ["first word", "", "", 0],
    ["last word", "a b c", "x c.", 1],
    ["last word", "a b c", "a b", 0],
    ["words", "a b", "c d", 0],
    ["words", "a b c", "a b d", 8],
    ["words of a in b", "a", "a b c d", 16],
    ["words of b in a", "a", "a b c d", 4],
    ["words of a in b", "", "a", 0],
    ["word n-grams of b in a", "a b", "a b", 16],
    ["characters of a in b", "😀", "😀 bed", 16],
    ["length", "a b c", "a b c d", 12],
    ["a longer", "a b c d", "a", 12],
    ["a longer", "a", "a b c d", 0],
    ["words in both", "a b c d", "d a x", 2],
    ["words only in b", "a", "a b c d", 3],
    ["words only in a", "a b c d e f g h i j k l m n", "z", 12],
    // a d c, or a b c
    ["order of a in b", "a b c d", "a d c", 8],
    ["order of b in a", "a b c d", "a d c", 11],
    ["order of words in both", "a b c d", "a d c", 11],
    ["order of words in both", "a a", "a a", 16],
    ["longest stretch", "x a b c y", "a b c z", 12],
    ["words of the longest stretch", "x a b c y a b", "a b c z", 3],
    ["same beginning", "a b c", "a b x y", 11],
    ["words of the same beginning", "a b c", "a b x y", 2],
    ["same end", "x y a b", "z a b", 11],
    ["words of the same end", "x y a b", "z a b", 2],
  ])("%s of %j and %j: %d", (name, a, b, level) => {
    expect(facts(a, b).get(name) ?? 0).toBe(level);
  });

  it("rise in steps, each of which is a feature", () => {
    const { texts: found } = analyze("a b c", "a b d").namespace(OVERLAPS);
    expect(found.filter((text) => /^words \d+$/.test(text))).toEqual(
      [0, 1, 2, 3, 4, 5, 6, 7, 8].map((l) => `words ${l}`),
    );
  });
});
