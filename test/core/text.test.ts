// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  characterClass,
  foldText,
  isAscii,
  MARK,
  normalizeStable,
  OTHER,
  SPACE,
  WORD,
} from "../../src/core/text.ts";
import { expectLinear } from "../support/timing.ts";

/** Assigned after Unicode 15: what a newer runtime would lower-case, decompose or compose. */
const NEWER = {
  "a 15.1 ideograph": "\u{2ebf0}",
  "a 16 capital with a small letter (U+A7CB to U+0264)": "\ua7cb",
  "a 16 capital with a small letter (U+A7DC to U+019B)": "\ua7dc",
  "a 16 capital of Garay": "\u{10d50}",
  "a 16 mark": "\u0897",
  "a 16 letter that decomposes (Gurung Khema)": "\u{16121}",
  "a 16 letter that decomposes (Tulu-Tigalari)": "\u{11383}",
  "a 16 outlined letter that is compatible with A": "\u{1ccd6}",
  "a 17 capital": "\ua7ce",
};

/**
 * Code points that are OTHER, WORD, MARK and SPACE, counted from Unicode 15.0's own files, with the unassigned ones, without
 * those that no folded text has.
 */
const CLASS_COUNTS = [222_529, 872_797, 803, 10];
/** Characters of Unicode 15.0 that have a decomposition. */
const DECOMPOSING = 17_029;

describe("characterClass", () => {
  it.each([
    [0, OTHER],
    ["a", WORD],
    ["Z", WORD],
    ["7", WORD],
    ["_", WORD],
    ["-", OTHER],
    ["'", OTHER],
    [" ", SPACE],
    ["\t", SPACE],
    ["\n", SPACE],
    ["\u1680", SPACE],
    ["\u2028", SPACE],
    ["\u200b", OTHER],
    ["\ufeff", OTHER],
    ["ß", WORD],
    ["ω", WORD],
    ["中", WORD],
    ["ا", WORD],
    ["\u0301", MARK],
    ["\u05b0", MARK], // Hebrew point
    ["\u064e", MARK], // Arabic vowel
    ["\u093f", WORD], // Hindi vowel sign
    ["\u0e34", WORD], // Thai vowel
    ["\u200d", OTHER], // zero width joiner
    ["😀", OTHER],
    ["𝼀", WORD],
    ["\u{20000}", WORD],
    ["\u{e0100}", MARK], // variation selector
    ["\ud800", OTHER],
    ["\udfff", OTHER],
    ["\ue000", OTHER], // private use
    // What Unicode 15 does not assign: as the nearest below it.
    ["\u0378", WORD], // after a Greek letter
    ["\u{1faff}", OTHER], // after an emoji
    ["\u{e01f0}", OTHER], // after variation selectors, which are marks, and a tag
    ["\ufffe", OTHER],
    [0x10ffff, OTHER],
  ])("of %j is %d", (character, expected) => {
    const codePoint = typeof character === "number" ? character : (character.codePointAt(0) as number);
    expect(characterClass(codePoint)).toBe(expected);
  });

  it("has as many code points of each class as Unicode 15.0 gives them, in folded text", () => {
    const counts = [0, 0, 0, 0];
    for (let c = 0; c <= 0x10ffff; c++) {
      const kind = characterClass(c);
      const character = String.fromCodePoint(c);
      if (c <= 0x7f || kind === MARK || foldText(character).includes(character))
        counts[kind] = (counts[kind] as number) + 1;
    }
    expect(counts).toEqual(CLASS_COUNTS);
  });
});

describe("foldText", () => {
  it.each([
    ["", ""],
    ["Wire 200 EUROS to Anna!", "wire 200 euros to anna!"],
    ["Grüße aus KÖLN, Straße", "gruße aus koln, straße"],
    ["İSTANBUL'da ılık bir IŞIK", "istanbul'da ılık bir isik"],
    ["ΟΔΥΣΣΕΥΣ", "οδυσσευσ"],
    ["Ὀδυσσεύς", "οδυσσευσ"],
    ["Σ", "σ"],
    ["السَّلامُ عليكم", "السلام عليكم"],
    ["שָׁלוֹם", "שלום"],
    ["हिन्दी में", "हिन्दी में"],
    ["ภาษาไทยที่นี่", "ภาษาไทยที่นี่"],
    ["中文，简体", "中文,简体"],
    ["ｆｕｌｌ　ｗｉｄｔｈ１２", "full width12"],
    ["ﬁne ½ ℡ ™", "fine 1⁄2 tel tm"],
    ["😀👍🏽 ❤️", "😀👍🏽 ❤"],
    ["e\u0301 = é", "e = e"],
    ["Ǆ ǅ ǆ", "dz dz dz"],
    ["\u212b ngström", "a ngstrom"],
    ["\ud800x\udc00", "\ud800x\udc00"],
    ["a\u00a0b\tc\r\nd", "a b\tc\r\nd"],
  ])("of %j is %j", (text, expected) => {
    expect(foldText(text)).toBe(expected.normalize("NFKD"));
  });

  it("makes one form of composed and decomposed text", () => {
    const text = fc.string({ unit: "grapheme" });
    fc.assert(fc.property(text, (t) => foldText(t.normalize("NFC")) === foldText(t.normalize("NFD"))));
  });

  it("has nothing left to fold", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => foldText(foldText(text)) === foldText(text)),
      { numRuns: 500 },
    );
  });

  it("folds ASCII as it does beside a letter that is not", () => {
    const ascii = fc.string({ unit: "binary-ascii" });
    fc.assert(fc.property(ascii, (text) => foldText(`${text}λ`) === `${foldText(text)}λ`));
  });
});

describe("characters that Unicode 15 did not have", () => {
  it.each(Object.entries(NEWER))("leaves %s alone", (_, character) => {
    expect(foldText(`É${character}É`)).toBe(`e${character}e`);
    expect(foldText(character.repeat(3))).toBe(character.repeat(3));
    expect(normalizeStable(`e\u0301${character}e\u0301`, "NFC")).toBe(`é${character}é`);
    expect(normalizeStable(character, "NFKD")).toBe(character);
  });

  // Each newer Unicode makes more characters change.
  it("are no part of the code points that normalization and lower-casing change", () => {
    let changed = 0;
    for (let c = 0; c <= 0x10ffff; c++) {
      const character = String.fromCodePoint(c);
      const stable = normalizeStable(character, "NFKD");
      if (stable !== character && stable !== character.normalize("NFKD")) expect.fail(`U+${c.toString(16)}`);
      if (stable !== character) changed++;
    }
    expect(changed).toBe(DECOMPOSING);
  });
});

describe("normalizeStable", () => {
  it.each([
    ["NFC", "e\u0301", "é"],
    ["NFC", "ﬁ ½", "ﬁ ½"],
    ["NFKD", "é", "e\u0301"],
    ["NFKD", "ﬁ", "fi"],
    ["NFC", "a\u0323\u0307", "\u1ea1\u0307"],
    ["NFC", "a\u0307\u0323", "\u1ea1\u0307"],
    ["NFC", "\u1112\u1161\u11ab", "한"],
    ["NFC", "\ud800", "\ud800"],
    ["NFC", "\0 plain", "\0 plain"],
  ] as const)("%s of %j is %j", (form, text, expected) => {
    expect(normalizeStable(text, form)).toBe(expected);
  });
});

describe("isAscii", () => {
  it.each([
    ["", true],
    ["\0~\x7f", true],
    ["\x80", false],
    ["abcdé", false],
    ["abcd😀", false],
  ])("of %j is %s", (text, expected) => {
    expect(isAscii(text)).toBe(expected);
  });
});

describe("a long text", () => {
  it("is folded as its parts are, wherever it is cut", () => {
    const part = "Ἀθῆναι και Σπάρτη, dạng tổ hợp; e\u0323\u0301 한국어 हिन्दी ";
    for (const lead of ["", "x", "e\u0301", "αβγδ"]) {
      const text = lead + part.repeat(100);
      expect(foldText(text)).toBe(foldText(lead) + foldText(part).repeat(100));
      expect(normalizeStable(text, "NFC")).toBe(text.normalize("NFC"));
    }
  });

  it.each([
    ["ideographs", "中"],
    ["Hangul", "한"],
    ["conjoining Hangul", "\u1112\u1161\u11ab"],
    ["emoji", "😀"],
  ])("without any place to cut is normalized as a whole: %s", (_, unit) => {
    const text = unit.repeat(1200);
    expect(normalizeStable(text, "NFKD")).toBe(text.normalize("NFKD"));
  });

  it.each([
    ["accents", "é"],
    ["marks on one letter", "\u0301\u0323"],
    ["Thai marks on one letter", "\u0e48\u0e38"],
    ["characters that are not known", "\u{10d50}"],
    ["known and unknown in turn", "É\u{10d50}"],
    ["half surrogates", "\ud800"],
    ["ligatures of 18 letters", "\ufdfa"],
    ["sigmas", "Σ"],
    ["Hangul", "한"],
  ])("takes time by its length: %s", (_, unit) => {
    expectLinear(foldText, unit);
  });
});
