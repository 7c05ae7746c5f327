// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RepetitionWatch } from "../../src/backfill/repetition.ts";
import { seededRandom } from "../../src/core/random.ts";
import { FILLER, pick } from "../faults/llm/words.ts";

/** What a text is found to be stuck in, when it comes in pieces of a size. */
function stuck(text: string, size: number): string | null {
  const watch = new RepetitionWatch();
  for (let at = 0; at < text.length; at += size) {
    const found = watch.add(text.slice(at, at + size));
    if (found !== null) return found;
  }
  return null;
}

function prose(words: number): string {
  const random = seededRandom(words, "prose");
  return Array.from({ length: words }, () => pick(FILLER, random)).join(" ");
}

const BLOCK = "forty characters that come again, again ";

describe.each([1, 7, 32, 100, 5000])("in pieces of %d", (size) => {
  it.each([
    ["white space", `{"rows": [${" \n\t".repeat(80)}`, "blank"],
    ["200 blanks", `{${" ".repeat(200)}`, "blank"],
    ["a block", `{"a":"${BLOCK.repeat(8)}`, "looping"],
    ["a short block", `{"a":"${"ha ".repeat(100)}`, "looping"],
    ["one letter", "a".repeat(200), "looping"],
    ["a long block", prose(60).repeat(6), "looping"],
  ])("finds %s", (_, text, expected) => {
    expect(stuck(text, size)).toBe(expected);
  });

  it.each([
    ["prose", prose(2000)],
    [
      "rows",
      JSON.stringify(
        { rows: Array.from({ length: 40 }, (_, n) => ({ text: prose(8 + (n % 5)) + n })) },
        null,
        2,
      ),
    ],
    [
      "labels that are numbered",
      JSON.stringify(
        Array.from({ length: 60 }, (_, n) => ({ n, label: "account_balance", confidence: 0.9 })),
      ),
    ],
    ["deep indentation", `{\n${`${" ".repeat(60)}"a": 1,\n`.repeat(1)}}`],
    ["199 blanks, twice", `{${" ".repeat(199)}1${" ".repeat(199)}}`],
    ["a block three times", `{"a":"${BLOCK.repeat(3)}"}`],
    ["nothing", ""],
  ])("lets %s pass", (_, text) => {
    expect(stuck(text, size)).toBe(null);
  });
});

it("stays stuck, and finds it early", () => {
  const watch = new RepetitionWatch();
  expect(watch.add(BLOCK.repeat(5))).toBe("looping");
  expect(watch.add(prose(50))).toBe("looping");
  const late = new RepetitionWatch();
  let read = 0;
  while (late.add(BLOCK) === null) read += BLOCK.length;
  expect(read).toBeLessThan(BLOCK.length * 6);
});

it("finds any block of 32 characters or more", () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 32, maxLength: 200 }),
      fc.integer({ min: 1, max: 64 }),
      (block, size) => {
        fc.pre(block.trim().length > 16 && /\S\s{0,8}$/.test(block));
        expect(stuck(block.repeat(6), size)).not.toBe(null);
      },
    ),
    { seed: 5 },
  );
});

it("reads a reply of two megabytes in no time", () => {
  const watch = new RepetitionWatch();
  const began = performance.now();
  for (let n = 0; n < 20; n++) expect(watch.add(prose(18_000 + n))).toBe(null);
  expect(performance.now() - began).toBeLessThan(5000);
});
