// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { candidatesOf, type NamedRow } from "../../src/data/candidate.ts";
import { taskOf } from "./support.ts";

const LABELS = ["a", "__proto__", "10", "\u00e9", "e\u0301"];

function named(row: Partial<NamedRow>): NamedRow {
  return { text: "some text", textB: null, label: "a", language: "", ...row };
}

describe("a row of names", () => {
  it.each(LABELS.map((label, index) => [label, index] as const))(
    "of label %j is one of %i",
    (label, index) => {
      const candidate = { text: "some text", textB: null, label: index, language: "de" };
      expect(candidatesOf(taskOf(LABELS))(named({ label, language: "de" }))).toEqual(candidate);
    },
  );

  it("of a pair has both texts", () => {
    const row = named({ textB: "another" });
    expect(candidatesOf(taskOf(LABELS, "pair"))(row)).toEqual({ ...row, label: 0 });
  });

  it.each([
    ["constructor", "unknown_label"],
    ["A", "unknown_label"],
    ["", "unknown_label"],
  ])("of label %j is refused", (label, expected) => {
    expect(candidatesOf(taskOf(LABELS))(named({ label }))).toBe(expected);
  });

  it.each([
    ["a pair for one text", "text", "another"],
    ["one text for a pair", "pair", null],
  ] as const)("of the wrong input is refused: %s", (_, input, textB) => {
    expect(candidatesOf(taskOf(LABELS, input))(named({ textB }))).toBe("wrong_input");
  });

  it.each([
    ["nothing", ""],
    ["spaces at the end", "text "],
    ["two spaces", "a  b"],
    ["NUL", "a\0b"],
    ["an unpaired surrogate", "a\ud800"],
    ["a decomposed letter", "e\u0301"],
    ["over the limit", "x".repeat(20_001)],
  ])("that is not clean is refused: %s", (_, text) => {
    expect(candidatesOf(taskOf(LABELS))(named({ text }))).toBe("unclean_text");
    expect(candidatesOf(taskOf(LABELS, "pair"))(named({ textB: text }))).toBe("unclean_text");
  });
});
