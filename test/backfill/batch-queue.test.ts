// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { BatchQueue, MAX_BYTES, MAX_REQUESTS } from "../../src/backfill/batch-queue.ts";

function queue(quietMs: number) {
  const groups: string[][] = [];
  return { groups, queue: new BatchQueue(quietMs, (group) => void groups.push(group.map(({ id }) => id))) };
}

describe("BatchQueue", () => {
  it("gives away what came until nothing came for a moment", async () => {
    const { groups, queue: one } = queue(40);
    for (const id of ["a", "b", "c"]) {
      one.add({ id, line: "x" });
      await sleep(5);
    }
    expect(groups).toEqual([]);
    await sleep(80);
    expect(groups).toEqual([["a", "b", "c"]]);
    one.add({ id: "d", line: "x" });
    await sleep(80);
    expect(groups).toEqual([["a", "b", "c"], ["d"]]);
  });

  it("gives away a full group at once: by requests", () => {
    const { groups, queue: one } = queue(60_000);
    for (let i = 0; i < MAX_REQUESTS + 1; i++) one.add({ id: `${i}`, line: "x" });
    expect(groups.map(({ length }) => length)).toEqual([50_000]);
    one.clear();
  });

  it("gives away a full group at once: by bytes, of which one sign may have three", () => {
    const { groups, queue: one } = queue(60_000);
    const line = "€".repeat(MAX_BYTES / 6);
    for (const id of ["a", "b", "c"]) one.add({ id, line });
    expect(groups).toEqual([["a", "b"]]);
    one.clear();
  });

  it("keeps to a lower limit, and forgets what it is told to", async () => {
    const { groups, queue: one } = queue(10);
    one.most = 2;
    for (const id of ["a", "b", "c"]) one.add({ id, line: "x" });
    one.clear();
    await sleep(30);
    expect(groups).toEqual([["a", "b"]]);
  });
});
