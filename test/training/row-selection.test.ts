// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import { type TextColumn, textAt } from "../../src/core/text-column.ts";
import { selectRows } from "../../src/training/row-selection.ts";
import { examples } from "../support/examples.ts";

const texts = (column: TextColumn | null) =>
  column === null ? null : Array.from({ length: column.length }, (_, i) => textAt(column, i));

it("takes rows with all their columns, in the order that they are asked for", () => {
  const all = examples([
    { text: "zero", label: 0 },
    { text: "éins", label: 1, count: 4, origin: "synthetic" },
    { text: "", label: 2 },
    { text: "three", label: 1, origin: "llm_labelled" },
  ]);
  const taken = selectRows(all, Uint32Array.of(3, 1));
  expect(texts(taken.text)).toEqual(["three", "éins"]);
  expect(taken).toMatchObject({ rows: 2, textB: null });
  expect([...taken.label]).toEqual([1, 1]);
  expect([...taken.count]).toEqual([1, 4]);
  expect([...taken.origin]).toEqual([1, 2]);
  expect([...taken.group]).toEqual([3, 1]);
});

it("takes both sides of pairs, and no row at all", () => {
  const pairs = examples([
    { text: "a", b: "b", label: 0 },
    { text: "c", b: "d", label: 0 },
  ]);
  const one = selectRows(pairs, Uint32Array.of(1));
  expect([texts(one.text), texts(one.textB)]).toEqual([["c"], ["d"]]);
  const none = selectRows(pairs, new Uint32Array(0));
  expect([none.rows, texts(none.text), texts(none.textB)]).toEqual([0, [], []]);
});
