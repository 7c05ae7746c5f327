// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import { type TextColumn, textAt } from "../../src/core/text-column.ts";
import { joinRows } from "../../src/training/joined-rows.ts";
import { examples } from "../support/examples.ts";

const texts = (column: TextColumn | null) =>
  column === null ? null : Array.from({ length: column.length }, (_, i) => textAt(column, i));

it("joins rows of several splits, and keeps their groups apart", () => {
  const a = examples([
    { text: "zero", label: 0, count: 2 },
    { text: "éins", label: 1, origin: "synthetic" },
  ]);
  const b = {
    ...examples([
      { text: "two", label: 2 },
      { text: "", label: 0 },
    ]),
    group: Uint32Array.of(0, 0),
  };
  const joined = joinRows([a, examples([]), b]);
  expect(texts(joined.text)).toEqual(["zero", "éins", "two", ""]);
  expect(joined).toMatchObject({ rows: 4, textB: null });
  expect([...joined.label]).toEqual([0, 1, 2, 0]);
  expect([...joined.count]).toEqual([2, 1, 1, 1]);
  expect([...joined.origin]).toEqual([0, 2, 0, 0]);
  expect([...joined.group]).toEqual([0, 1, 2, 2]);
});

it("joins both sides of pairs", () => {
  const pair = (text: string, b: string) => examples([{ text, b, label: 0 }]);
  const joined = joinRows([pair("a", "b"), pair("c", "d")]);
  expect([texts(joined.text), texts(joined.textB)]).toEqual([
    ["a", "c"],
    ["b", "d"],
  ]);
});
