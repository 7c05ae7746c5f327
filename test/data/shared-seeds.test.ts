// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { textAt } from "../../src/core/text-column.ts";
import { type MappedRow, NO_LABEL, type TextPool } from "../../src/data/rows.ts";
import { SharedSeeds } from "../../src/data/shared-seeds.ts";

const row = (text: string | null, textB: string | null = null): MappedRow => ({
  text,
  textB,
  label: "a label that is left alone",
  language: null,
  group: null,
  origin: "real",
});
const textsOf = ({ length, text, textB }: TextPool) =>
  Array.from({ length }, (_, i) => [textAt(text, i), textB === null ? null : textAt(textB, i)]);

describe("seeds of no task", () => {
  it("go to tasks of their kind of input, clean, in their order, and without a label", () => {
    const seeds = new SharedSeeds();
    const taken = [
      row(" one\n two"),
      row(null),
      row("a", " b "),
      row("three"),
      row("a", " \t"),
      row("", "b"),
    ].map((one) => seeds.push(one));
    expect(taken).toEqual([true, false, true, true, false, false]);
    expect(textsOf(seeds.pool("text"))).toEqual([
      ["one two", null],
      ["three", null],
    ]);
    expect(textsOf(seeds.pool("pair"))).toEqual([["a", "b"]]);
    expect([...seeds.pool("text").label, ...seeds.pool("pair").label]).toEqual([
      NO_LABEL,
      NO_LABEL,
      NO_LABEL,
    ]);
  });

  it("may be none", () => {
    expect([new SharedSeeds().pool("text").length, new SharedSeeds().pool("pair").length]).toEqual([0, 0]);
  });
});
