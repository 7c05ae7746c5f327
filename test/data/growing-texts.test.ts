// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { expect, it } from "vitest";
import { type TextColumn, textAt, textColumn } from "../../src/core/text-column.ts";
import { GrowingTexts } from "../../src/data/growing-texts.ts";

const textsOf = (column: TextColumn) => Array.from({ length: column.length }, (_, i) => textAt(column, i));

it("holds the texts of its base and those that were kept, and shows the one that is tried", () => {
  const text = fc.oneof(fc.string({ unit: "binary", maxLength: 40 }), fc.constant("é".repeat(300)));
  const step = fc.record({ text, keep: fc.boolean() });
  fc.assert(
    fc.property(fc.array(text, { maxLength: 10 }), fc.array(step, { maxLength: 60 }), (base, steps) => {
      const column = textColumn(base);
      const texts = new GrowingTexts(column);
      const kept = [...base];
      for (const { text: one, keep } of steps) {
        texts.try(one);
        expect(textAt(texts, texts.length)).toBe(one);
        if (!keep) continue;
        texts.keep();
        kept.push(one);
      }
      expect(textsOf(texts)).toEqual(kept);
      expect(textsOf(column)).toEqual(base);
    }),
    { numRuns: 15 },
  );
});

it("grows past its first room and its first chunk, and what was built before stays as it is", () => {
  const texts = new GrowingTexts(textColumn(["base"]));
  const long = "x".repeat(500_000);
  const kept = ["base"];
  for (let i = 0; i < 3000; i++) {
    const text = i % 1000 === 0 ? `${i} ${long}` : `text ${i}`;
    texts.try(`${text} that is not kept`);
    texts.try(text);
    texts.keep();
    kept.push(text);
  }
  const before = texts.build();
  texts.try("more");
  texts.keep();
  expect(textsOf(before)).toEqual(kept);
  expect(textsOf(texts.build())).toEqual([...kept, "more"]);
});
