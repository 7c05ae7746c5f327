// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import { RequestIndex } from "../../src/backfill/request-index.ts";
import { requestRecord } from "../support/ledger.ts";

const place = (sum: string) => ({ position: 0, bytes: 1, sum });

it("counts a request anew that another record of its key takes the place of", () => {
  const index = new RequestIndex();
  index.add(requestRecord(0, { slot: 9, fill: 1 }), place("b"));
  expect([index.usageOf(1).requests.write, index.lastSlot("query_domain", "label 0", "write", 3)]).toEqual([
    1, 9,
  ]);
  index.add(requestRecord(0, { slot: 4, fill: 2 }), place("a"));
  expect([index.usageOf(1).requests.write, index.usageOf(2).requests.write]).toEqual([0, 1]);
  expect(index.lastSlot("query_domain", "label 0", "write", 3)).toBe(4);
  index.add(requestRecord(0, { slot: 7, fill: 2 }), place("c"));
  expect(index.lastSlot("query_domain", "label 0", "write", 3)).toBe(4);
  expect(index.place(requestRecord(0).key)).toEqual(place("a"));
});

it("takes many fills", () => {
  const index = new RequestIndex();
  const record = requestRecord(0);
  for (let i = 1; i <= 200_000; i++) index.add({ ...record, key: String(i), fill: i }, place("a"));
  expect([index.lastFill, index.lastSlot("query_domain", "label 0", "write", 1e9)]).toEqual([200_000, 0]);
});
