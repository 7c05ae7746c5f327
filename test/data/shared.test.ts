// SPDX-License-Identifier: Apache-2.0
import { expect } from "vitest";
import { itShared, SHARED_DATA as shared } from "../support/shared.ts";
import { mapOf, read, textAndLabel } from "./reading.ts";

itShared("banking77: every row and label", async () => {
  const { rows, sourceRows } = await read(shared, "banking77/train.jsonl.gz");
  expect([sourceRows, rows[0]?.length, new Set(rows[0]?.map((row) => row.label)).size]).toEqual([
    10_003, 10_003, 77,
  ]);
  expect(rows[0]?.[0]).toMatchObject({ text: "I am still waiting on my card?", label: "card_arrival" });
});

itShared("pairs, patterns and lists of structs", async () => {
  const pair = mapOf({ text_a: "text_a", text_b: "text_b", label_column: "label" });
  const { rows } = await read(shared, "mrpc/*.jsonl.gz", [pair]);
  expect(rows[0]?.length).toBe(4076 + 1725);
  expect(rows[0]?.filter((row) => row.text === null || row.textB === null || row.label === null)).toEqual([]);
  // test.jsonl.gz comes first.
  const trec = await read(shared, "trec6/*.jsonl.gz", [textAndLabel]);
  const split = await read(shared, "trec6/test.jsonl.gz", [textAndLabel]);
  expect(trec.rows[0]?.slice(0, 500)).toEqual(split.rows[0]);
  const spans = mapOf({ sql: "SELECT text, spans[1][3] AS label FROM source WHERE len(spans) > 0" });
  const pii = await read(shared, "pii_spans/all.jsonl.gz", [spans]);
  expect(pii.sourceRows).toBe(1500);
  expect(new Set(pii.rows[0]?.map((row) => row.label)).size).toBeGreaterThan(5);
});
