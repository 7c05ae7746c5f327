// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type TextColumn, TextColumnBuilder, textAt, textColumn } from "../../src/core/text-column.ts";

const all = (column: TextColumn) => Array.from({ length: column.length }, (_, i) => textAt(column, i));
const wellFormed = fc.array(fc.string({ unit: "grapheme" }));

describe("a text column", () => {
  it("gives back what was put in", () => {
    fc.assert(
      fc.property(wellFormed, (texts) => {
        expect(all(textColumn(texts))).toEqual(texts);
      }),
    );
  });

  it.each([
    { texts: [] },
    { texts: [""] },
    { texts: ["", "", ""] },
    { texts: ["\ufeffBOM stays", "NUL \0 too", "a\r\nb"] },
    { texts: ["Straße", "😀👩‍👩‍👧", "日本語", "עברית", "हिन्दी"] },
  ])("keeps $texts", ({ texts }) => {
    const column = textColumn(texts);
    expect(column.length).toBe(texts.length);
    expect(all(column)).toEqual(texts);
  });

  it.each([
    ["\ud800", "\ufffd"],
    ["a\udc00b", "a\ufffdb"],
    ["\udc00\ud800", "\ufffd\ufffd"],
    ["\ud800\ud800\udc00", "\ufffd\u{10000}"],
  ])("makes unpaired surrogates U+FFFD: %j", (text, expected) => {
    expect(textAt(textColumn([text]), 0)).toBe(expected);
  });

  it("grows over chunks, and past the first offsets", () => {
    const long = "ä".repeat(1_500_000);
    const texts = [...Array.from({ length: 3000 }, (_, i) => `row ${i}`), long, "between", `${long}!`, "end"];
    const column = textColumn(texts);
    expect(column.chunks.length).toBeGreaterThan(1);
    expect(all(column)).toEqual(texts);
  });

  it("takes a text larger than a chunk", () => {
    const huge = "語".repeat(2_000_000);
    const column = textColumn(["a", huge, "b"]);
    expect(textAt(column, 1) === huge).toBe(true);
    expect(textAt(column, 2)).toBe("b");
  });

  it("is not changed by what is pushed later", () => {
    const builder = new TextColumnBuilder();
    builder.push("one");
    const column = builder.build();
    for (let i = 0; i < 5000; i++) builder.push("more");
    expect(all(column)).toEqual(["one"]);
    expect(builder.length).toBe(5001);
    expect(textAt(builder.build(), 5000)).toBe("more");
  });

  it.each([-1, 2, 1.5, Number.NaN])("has no text %d of 2", (i) => {
    expect(() => textAt(textColumn(["a", "b"]), i)).toThrow(RangeError);
  });
});
