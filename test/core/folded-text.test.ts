// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { foldWithSource } from "../../src/core/folded-text.ts";
import { foldText } from "../../src/core/text.ts";

/** What a stretch of the folded text comes from. */
function sourceOf(text: string, part: string): string {
  const folded = foldWithSource(text);
  const at = folded.text.indexOf(part);
  return text.slice(folded.starts[at], folded.ends[at + part.length - 1]);
}

describe("foldWithSource", () => {
  it.each([
    ["Größe", "o", "ö"],
    ["Gro\u0308ße", "o", "o\u0308"],
    ["eﬃcient", "ffi", "ﬃ"],
    ["İstanbul", "i", "İ"],
    ["ΟΔΟΣ ΟΔΟΣ", "οδοσ", "ΟΔΟΣ"],
    ["a 한국 b", foldText("국"), "국"],
    ["x 😀 Y", "y", "Y"],
    ["\ud800 K", "k", "K"],
  ])("knows where %j has %j from", (text, part, source) => {
    expect(sourceOf(text, part)).toBe(source);
  });

  it("folds as foldText does, with sources that go on and lie in the text", () => {
    const texts = fc.oneof(
      fc.string({ unit: "binary", maxLength: 40 }),
      fc.string({ unit: "grapheme", maxLength: 40 }),
      fc
        .array(fc.constantFrom("a", "\u0301", "\u0323", "Σ", " ", "ﬁ", "\u0345", "\u{1f9ff}"), {
          maxLength: 30,
        })
        .map((x) => x.join("")),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const { text: folded, starts, ends } = foldWithSource(text);
        expect(folded).toBe(foldText(text));
        expect([starts.length, ends.length]).toEqual([folded.length, folded.length]);
        starts.forEach((start, i) => {
          expect(start).toBeLessThan(ends[i] as number);
          expect(ends[i]).toBeLessThanOrEqual(text.length);
          if (i > 0) expect(start).toBeGreaterThanOrEqual(starts[i - 1] as number);
        });
      }),
      { numRuns: 500 },
    );
  });

  it("stays right where folding cuts a text into pieces", () => {
    const text = `before ${"a"}${"\u0301\u0323".repeat(900)} after`;
    expect(sourceOf(text, "after")).toBe("after");
    expect(foldWithSource(text).text).toBe(foldText(text));
  });
});
