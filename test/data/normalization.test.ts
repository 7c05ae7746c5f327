// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { textColumn } from "../../src/core/text-column.ts";
import { NormalizedReader, normalizeText } from "../../src/data/normalization.ts";

function readAll(texts: readonly string[]): string[] {
  const column = textColumn(texts);
  const reader = new NormalizedReader();
  return texts.map((_, i) => {
    reader.read(column, i);
    return String.fromCharCode(...reader.units.subarray(0, reader.length));
  });
}

describe("normalizeText", () => {
  it.each([
    ["case", "HeLLo", "hello"],
    ["accents", "Café Ångström", "cafe angstrom"],
    ["compatibility forms", "ﬁne ①②", "fine 12"],
    ["full width", "ＡＢＣ", "abc"],
    ["white space", " a \t b ", "a b"],
    ["a dotted capital I", "İstanbul", "istanbul"],
    ["vowel signs are letters, not accents", "कि", "कि"],
    ["nothing but an accent keeps it", "\u0301", "\u0301"],
    ["punctuation stays", "a-b!", "a-b!"],
  ])("%s", (_, text, normalized) => {
    expect(normalizeText(text)).toBe(normalized);
  });
});

describe("NormalizedReader", () => {
  it("reads what normalizeText gives, whatever was read before", () => {
    const texts = ["", "A", " a  B\tc ", "É", "x".repeat(5000), "\ufdfa".repeat(700), "plain", "\x1c|\x7f"];
    expect(readAll(texts)).toEqual(texts.map(normalizeText));
  });

  it("agrees with normalizeText on any text", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary-ascii" }),
      fc.string({ unit: "binary" }),
      fc.string({ unit: fc.constantFrom("A", "z", " ", "\t", "\n", "é", "E\u0301") }),
    );
    fc.assert(
      fc.property(fc.array(text), (texts) => {
        expect(readAll(texts)).toEqual(texts.map(normalizeText));
      }),
      { numRuns: 300 },
    );
  });
});
