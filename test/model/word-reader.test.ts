import { describe, expect, it } from "vitest";
import { characterClass, SPACE, WORD } from "../../src/core/text.ts";
import { FeatureHashes } from "../../src/model/analyzer.ts";
import { WordReader } from "../../src/model/word-reader.ts";
import { SETTINGS } from "../support/model.ts";

describe("tokens", () => {
  it("know the class of ASCII without the table, and it is the table's", () => {
    const analyzer = new WordReader(SETTINGS);
    for (let unit = 0; unit < 128; unit++) {
      const text = String.fromCharCode(unit);
      analyzer.analyze(text, new FeatureHashes());
      const isWord = analyzer.tokens > 0 && analyzer.isWord(0);
      const kind = characterClass(unit);
      expect([unit, analyzer.tokens, isWord]).toEqual([unit, kind === SPACE ? 0 : 1, kind === WORD]);
    }
  });

  it.each([
    ["", []],
    [" \t\n", []],
    ["It's 3:30 pm_x!", ["it", "'", "s", "3", ":", "30", "pm_x", "!"]],
    ["👍🏽ok", ["👍", "🏽", "ok"]],
    ["𝔸𝔹 𐐀x", ["ab", "𐐨x"]],
    ["\ud800a", ["\ud800", "a"]],
    ["\ud800 b", ["\ud800", "b"]],
    ["\ud800\ud83d\ude00", ["\ud800", "😀"]],
    ["a\udc00b", ["a", "\udc00", "b"]],
    // Letters after Unicode 15: as what stands before them there, a letter and a symbol.
    ["x\u{10d50}y", ["x\u{10d50}y"]],
    ["x\u{1fae9}y", ["x", "\u{1fae9}", "y"]],
    ["हिन्दी ภาษาไทย", ["हिन्दी", "ภาษาไทย"]],
    ["\u0301", []],
  ])("of %j are %j", (text, expected) => {
    const analyzer = new WordReader(SETTINGS);
    analyzer.analyze(text, new FeatureHashes());
    expect(Array.from({ length: analyzer.tokens }, (_, i) => analyzer.token(i))).toEqual(expected);
  });

  it.each([
    ["200 euros", true],
    ["2nd", true],
    ["v2", false],
    ["_1", false],
    ["٣", false],
  ])("%j begins with a digit: %s", (text, expected) => {
    const analyzer = new WordReader(SETTINGS);
    analyzer.analyze(text, new FeatureHashes());
    expect(analyzer.startsWithDigit(0)).toBe(expected);
  });
});
