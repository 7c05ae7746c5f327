// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  cleanCell,
  cleanText,
  foldWhiteSpace,
  MAX_RAW_LENGTH,
  MAX_TEXT_LENGTH,
} from "../../src/data/cleaning.ts";

describe("cleanText", () => {
  it.each([
    ["plain text stays", "Hello, world!", "Hello, world!"],
    ["NUL goes", "a\0b", "ab"],
    ["controls go", "a\x01\x08\x0e\x1fb\x7f\x80\x9fc", "abc"],
    ["white space of any kind is one space", "a\t\n\v\f\r \x85\u00a0\u2003\u2028\u3000\ufeffb", "a b"],
    ["ends are trimmed", "\ufeff  a  ", "a"],
    ["white space around a control folds", "a \0 b", "a b"],
    ["NFC composes", "Cafe\u0301", "Café"],
    ["a control between base and accent does not hinder it", "e\0\u0301", "é"],
    ["canonical singletons are mapped", "\u212b", "Å"],
    ["compatibility forms stay", "ﬁ ①", "ﬁ ①"],
    ["case and punctuation stay", "ÄÖ -- ?!", "ÄÖ -- ?!"],
    ["zero-width joiners stay", "👩\u200d💻", "👩\u200d💻"],
    ["what Unicode 15 does not know stays as it came", "\u{16126}\u{1611e}e\u0301", "\u{16126}\u{1611e}é"],
    ["nothing but white space is empty", " \n\t ", ""],
    ["one space is empty", " ", ""],
    ["empty", "", ""],
  ])("%s", (_, raw, clean) => {
    expect(cleanText(raw)).toBe(clean);
  });

  it("is idempotent, and leaves no control and no double space", () => {
    const wild = fc.string({
      unit: fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom(" ", "\0", "\t", "\u0301", "\x85")),
    });
    fc.assert(
      fc.property(wild, (raw) => {
        const clean = cleanText(raw);
        expect(cleanText(clean)).toBe(clean);
        expect(clean).toBe(clean.trim());
        // biome-ignore lint/suspicious/noControlCharactersInRegex: the point of the test
        expect(clean).not.toMatch(/[\0-\x1f\x7f-\x9f]| {2}/);
      }),
      { numRuns: 500 },
    );
  });

  it("takes time linear in the text", () => {
    // The least of several runs: what else the machine does only adds.
    const time = (n: number) => {
      const raw = `${" \0".repeat(n)}x`;
      const runs = Array.from({ length: 9 }, () => {
        const start = performance.now();
        cleanText(raw);
        return performance.now() - start;
      });
      return Math.min(...runs);
    };
    time(10_000);
    // Eight times the text: quadratic would take 64 times as long.
    expect(time(320_000)).toBeLessThan(30 * time(40_000));
  });
});

describe("foldWhiteSpace", () => {
  it.each([
    [" ", ""],
    ["  a  b  ", "a b"],
    ["a", "a"],
    ["", ""],
  ])("%j is %j", (text, folded) => {
    expect(foldWhiteSpace(text)).toBe(folded);
  });
});

describe("cleanCell", () => {
  it.each([
    ["NULL", null, "empty_text"],
    ["empty", "", "empty_text"],
    ["only controls", "\0\x01", "empty_text"],
    ["an unpaired high surrogate", "a\ud800b", "invalid_text"],
    ["an unpaired low surrogate", "a\udc00", "invalid_text"],
    ["too long", "x".repeat(MAX_TEXT_LENGTH + 1), "too_long"],
    ["far too long, though it would fold", " ".repeat(MAX_RAW_LENGTH + 1), "too_long"],
  ] as const)("%s", (_, raw, reason) => {
    expect(cleanCell(raw)).toEqual({ text: null, reason });
  });

  it("takes what is just long enough, and counts after cleaning", () => {
    expect(cleanCell(`${"x".repeat(MAX_TEXT_LENGTH)}   `)).toEqual({
      text: "x".repeat(MAX_TEXT_LENGTH),
      reason: null,
    });
  });

  it("takes paired surrogates", () => {
    expect(cleanCell("😀").text).toBe("😀");
  });
});
