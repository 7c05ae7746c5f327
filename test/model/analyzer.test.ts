import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mix32 } from "../../src/core/hash.ts";
import { characterClass, foldText, SPACE, WORD } from "../../src/core/text.ts";
import {
  Analyzer,
  type AnalyzerSettings,
  FeatureHashes,
  MAX_TEXT_LENGTH,
  type Term,
} from "../../src/model/analyzer.ts";
import { SETTINGS } from "../support/model.ts";
import { expectLinear } from "../support/timing.ts";

function analyze(text: string, settings: AnalyzerSettings = SETTINGS) {
  const out = new FeatureHashes();
  new Analyzer(settings).analyze(text, out, true);
  return { hashes: [...out.hashes.subarray(0, out.length)], ends: [...out.ends], terms: out.terms ?? [] };
}

interface Token {
  readonly start: number;
  readonly end: number;
}

function naiveTokens(text: string): Token[] {
  const tokens: Token[] = [];
  let open = false;
  let at = 0;
  for (const character of text) {
    const kind = characterClass(character.codePointAt(0) as number);
    const last = tokens[tokens.length - 1];
    const end = at + character.length;
    if (kind === WORD && open && last !== undefined) tokens[tokens.length - 1] = { ...last, end };
    else if (kind !== SPACE) tokens.push({ start: at, end });
    open = kind === WORD;
    at = end;
  }
  return tokens;
}

/** The terms of a text, from the description of the analyzer alone, with a string for each of them. */
function naiveTerms(raw: string, s: AnalyzerSettings): Term[] {
  const text = foldText(raw);
  const tokens = naiveTokens(text);
  const token = (i: number) => text.slice(tokens[i]?.start, tokens[i]?.end);
  const span = (from: number, to: number) => [tokens[from]?.start ?? 0, tokens[to]?.end ?? 0] as const;
  const terms: Term[] = [];
  const push = (kind: string, term: string, start: number, end: number) => {
    const spaced = Array.from(term, (c) => (characterClass(c.codePointAt(0) as number) === SPACE ? " " : c));
    terms.push({ kind, text: spaced.join(""), in: "text", start, end });
  };
  for (let i = 0; s.ngramMax > 0 && i < tokens.length; i++)
    for (let n = s.ngramMin; n <= s.ngramMax && i + n <= tokens.length; n++)
      if (n > 0) push("word", text.slice(...span(i, i + n - 1)), ...span(i, i + n - 1));
  if (s.ngramMax > 0 && tokens.length > 0) {
    const last = tokens.length - 1;
    push("first", token(0), ...span(0, 0));
    if (tokens.length > 1) push("first two", text.slice(...span(0, 1)), ...span(0, 1));
    push("last", token(last), ...span(last, last));
  }
  let stretch = "";
  let at = 0;
  for (const character of s.charNgramMax > 0 ? [...text, " "] : []) {
    at += character.length;
    if (characterClass(character.codePointAt(0) as number) !== SPACE) {
      stretch += character;
      continue;
    }
    const padded = stretch === "" ? "" : ` ${stretch} `;
    const end = at - character.length;
    const from = end - stretch.length - 1;
    for (let i = 0; i < padded.length; i++)
      for (let n = Math.max(1, s.charNgramMin); n <= s.charNgramMax && i + n <= padded.length; n++)
        push("characters", padded.slice(i, i + n), from + i, from + i + n);
    stretch = "";
  }
  return terms;
}

interface Golden {
  readonly text: string;
  readonly ends: readonly number[];
  readonly hashes: readonly number[];
  readonly terms: readonly string[];
}
// Computed once: what a text hashes to is part of the model file's format.
const golden = JSON.parse(
  readFileSync(new URL("../golden/analyzer.json", import.meta.url), "utf8"),
) as Golden[];

describe("the golden texts", () => {
  it.each(golden)("hashes $text as ever", ({ text, ends, hashes, terms }) => {
    const found = analyze(text);
    expect(found.terms.map((term) => `${term.kind}: ${term.text}`)).toEqual(terms);
    expect(found.hashes).toEqual(hashes);
    expect(found.ends).toEqual(ends);
  });
});

const settings = fc.record({
  ngramMin: fc.nat(3),
  ngramMax: fc.nat(4),
  charNgramMin: fc.nat(4),
  charNgramMax: fc.nat(6),
});
const pieces = [
  "a",
  "B",
  "don't",
  " ",
  "\t",
  "-",
  "Été",
  "e\u0301",
  "日本",
  "😀",
  "𝔸",
  "7",
  "_",
  "\ud800",
  "\udc00",
];
const texts = fc.oneof(
  fc.array(fc.constantFrom(...pieces), { maxLength: 20 }).map((parts) => parts.join("")),
  fc.string({ unit: "binary", maxLength: 30 }),
);

/** The hash of a term of characters, as docs/format.md has it. */
function characterHash(text: string): number {
  const step = (h: number, unit: number) => {
    const m = Math.imul(h ^ unit, 0x9e3779b1);
    return m ^ (m >>> 15);
  };
  return mix32(Array.from({ length: text.length }, (_, i) => text.charCodeAt(i)).reduce(step, 0x6c078965));
}

describe("terms", () => {
  it("stand beside their hashes, one each", () => {
    fc.assert(
      fc.property(texts, settings, (text, s) => {
        const { hashes, terms, ends } = analyze(text, s);
        expect(hashes.length).toBe(terms.length);
        expect(hashes.slice(ends[0])).toEqual(terms.slice(ends[0]).map((term) => characterHash(term.text)));
        const named = new FeatureHashes();
        new Analyzer(s).analyze(text, named);
        expect([...named.hashes.subarray(0, named.length)]).toEqual(hashes);
      }),
      { numRuns: 500 },
    );
  });

  it("are those that the description gives, in order", () => {
    fc.assert(
      fc.property(texts, settings, (text, s) => {
        expect(analyze(text, s).terms).toEqual(naiveTerms(text, s));
      }),
      { numRuns: 500 },
    );
  });

  it("stand for one hash each, and one hash for one term", () => {
    const hashOf = new Map<string, number>();
    const spaced = (text: string) => text.replace(/\s+/gu, "");
    fc.assert(
      fc.property(texts, (text) => {
        const { hashes, terms, ends } = analyze(text);
        expect(hashes.length).toBe(terms.length);
        expect(ends.at(-1)).toBe(hashes.length);
        terms.forEach(({ kind, text: term }, i) => {
          // Tokens keep the white space between them in the term's text only.
          const tokens = () => naiveTokens(term).map((t) => term.slice(t.start, t.end));
          const key = `${kind} ${kind === "word" || kind === "first two" ? tokens() : term}`;
          expect(hashOf.get(key) ?? hashes[i], spaced(key)).toBe(hashes[i]);
          hashOf.set(key, hashes[i] as number);
        });
      }),
    );
    expect(new Set(hashOf.values()).size).toBe(hashOf.size);
  });

  it("are not gathered unless asked for", () => {
    const out = new FeatureHashes();
    new Analyzer(SETTINGS).analyze("no terms", out);
    expect(out.terms).toBeNull();
  });
});

describe("the folded path", () => {
  it("hashes ASCII as it does where a character makes it fold", () => {
    const ascii = fc.string({ unit: "binary-ascii", maxLength: 40 });
    fc.assert(
      fc.property(ascii, (text) => {
        // U+0301 on a space is dropped, and leaves the text as it was.
        expect(analyze(`\u0301${text}`).hashes).toEqual(analyze(text).hashes);
      }),
    );
  });

  it.each([
    ["CAFÉ", "cafe"],
    ["cafe\u0301", "café"],
    ["ＷＩＲＥ　２００", "wire 200"],
    ["ΟΔΟΣ", "οδος"],
    ["a\u00a0b", "a b"],
    ["a\n\n b", "a b"],
  ])("hashes %j as %j", (a, b) => {
    expect(analyze(a).hashes).toEqual(analyze(b).hashes);
  });

  it.each([
    ["a b", "ab"],
    ["a-b", "a b"],
    ["10", "1 0"],
    ["日本", "日 本"],
    ["😀", "😁"],
    ["\ud800", "\udc00"],
    ["is it", "it is"],
  ])("tells %j from %j", (a, b) => {
    expect(analyze(a).hashes).not.toEqual(analyze(b).hashes);
  });
});

describe("settings", () => {
  const kinds = (s: Partial<AnalyzerSettings>) =>
    new Set(analyze("wire 200 euros", { ...SETTINGS, ...s }).terms.map((term) => term.kind));

  it.each([
    [{}, ["word", "first", "first two", "last", "characters"]],
    [{ ngramMax: 0 }, ["characters"]],
    [{ charNgramMax: 0 }, ["word", "first", "first two", "last"]],
    [{ ngramMax: 0, charNgramMax: 0 }, []],
    [{ ngramMin: 3 }, ["first", "first two", "last", "characters"]],
    [{ charNgramMin: 16, charNgramMax: 16 }, ["word", "first", "first two", "last"]],
  ])("%j give %j", (s, expected) => {
    expect([...kinds(s)]).toEqual(expected);
  });

  it("close both namespaces, whatever is off", () => {
    expect(analyze("wire money", { ...SETTINGS, ngramMax: 0 }).ends[0]).toBe(0);
    expect(analyze("", SETTINGS).ends).toEqual([0, 0]);
  });
});

describe("reuse and bounds", () => {
  it("leaves no trace of the text before", () => {
    const analyzer = new Analyzer(SETTINGS);
    const out = new FeatureHashes();
    fc.assert(
      fc.property(texts, (text) => {
        analyzer.analyze(text, out, true);
        expect([...out.hashes.subarray(0, out.length)]).toEqual(analyze(text).hashes);
      }),
    );
  });

  it("reads every token of a short text that has nothing else", () => {
    const text = Array.from({ length: 700 }, (_, i) => String.fromCharCode(0x21 + (i % 14))).join("");
    const [fresh, grown] = [new Analyzer(SETTINGS), new Analyzer(SETTINGS)];
    grown.analyze("a ".repeat(5000), new FeatureHashes());
    const [one, other] = [new FeatureHashes(), new FeatureHashes()];
    fresh.analyze(text, one);
    grown.analyze(text, other);
    expect(fresh.tokens).toBe(700);
    expect(one.hashes.subarray(0, one.length)).toEqual(other.hashes.subarray(0, other.length));
    // Of 14 tokens in turn: themselves, 14 pairs, the first one, the first two and the last one.
    expect(new Set(one.hashes.subarray(0, one.ends[0])).size).toBe(14 + 14 + 3);
  });

  it.each([
    ["ASCII", "ab c"],
    ["accents", "é x "],
    ["emoji", "😀"],
    ["ligatures of 18 letters", "\ufdfa"],
  ])("reads the first 100,000 code units only: %s", (_, unit) => {
    const long = unit.repeat(MAX_TEXT_LENGTH);
    const analyzer = new Analyzer(SETTINGS);
    const out = new FeatureHashes();
    analyzer.analyze(long, out);
    // Three lengths of characters, two of words, and a text of single letters has four of them a letter.
    expect(out.length).toBeLessThan(MAX_TEXT_LENGTH * 6);
    const first = out.hashes.slice(0, out.length);
    analyzer.analyze(long.slice(0, MAX_TEXT_LENGTH), out);
    expect(first.length).toBe(out.length);
    expect(first.every((hash, i) => hash === out.hashes[i])).toBe(true);
  });

  it.each(["word ", "x", "é", "- ", "\u0e48\u0e38"])("takes time by its length: %j", (unit) => {
    const analyzer = new Analyzer(SETTINGS);
    const out = new FeatureHashes();
    expectLinear((text) => analyzer.analyze(text, out), unit);
  });
});
