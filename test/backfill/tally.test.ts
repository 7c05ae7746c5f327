// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { LabelTally } from "../../src/backfill/tally.ts";
import { slotResult } from "../support/slot-results.ts";

const shown = (text: string, textB: string | null = null) => ({ text, textB });

describe("the tally of a label", () => {
  it("adds up what slots asked and took", () => {
    const tally = new LabelTally(null);
    tally.count(slotResult({ items: [null, "looped", "surplus"], rows: 2, faults: ["cut", "not_json"] }));
    tally.count(slotResult({ items: [], rows: 4, faults: ["cut"], givenUp: true }));
    tally.count(
      slotResult({ items: [null], judge: { ...slotResult().write, value: [], faults: ["blank"] } }),
    );
    expect(tally).toMatchObject({ slots: 3, requested: 10, received: 4, givenUp: 1, judged: 1 });
    expect([...tally.faults]).toEqual([
      ["cut", 2],
      ["not_json", 1],
      ["blank", 1],
    ]);
    expect(tally.tokens).toEqual({ prompt: 400, completion: 40, estimated: false });
    expect(tally.dollars).toBeNull();
  });

  it("counts dollars by the prices, of every attempt", () => {
    const tally = new LabelTally({ input: 10, output: 100 });
    expect(tally.dollars).toBe(0);
    const usage = [
      { promptTokens: 1000, completionTokens: 500 },
      { promptTokens: 2000, completionTokens: 0 },
    ];
    tally.count(slotResult({ usage }));
    expect(tally.dollars).toBeCloseTo(0.08, 12);
  });

  it("estimates tokens by bytes where the server does not count all of them", () => {
    const tally = new LabelTally(null);
    const usage = [{ promptTokens: 7, completionTokens: 7 }, null];
    tally.count(slotResult({ usage, bytes: { prompt: 401, reply: 40 } }));
    expect(tally.tokens).toEqual({ prompt: 101, completion: 10, estimated: true });
    tally.count(slotResult());
    expect(tally.tokens).toEqual({ prompt: 201, completion: 20, estimated: true });
  });

  it("keeps the first three examples of a reason, and counts all", () => {
    const tally = new LabelTally(null);
    tally.reject("wrong_shape", null);
    for (const text of ["a", "b", "c", "d"]) tally.reject("looped", shown(text));
    expect([...tally.rejected]).toEqual([
      ["wrong_shape", { count: 1, examples: [] }],
      ["looped", { count: 4, examples: ["a", "b", "c"] }],
    ]);
  });

  it.each([
    ["both texts of a pair", shown("here", "there"), "here | there"],
    ["200 units of a long one", shown("x".repeat(201)), `${"x".repeat(200)}…`],
    ["all of one of 200", shown("x".repeat(200)), "x".repeat(200)],
    ["no half of a character", shown(`${"x".repeat(199)}😀 and on`), `${"x".repeat(199)}…`],
    ["U+FFFD for half a pair", shown("a\ud800b"), "a\ufffdb"],
  ])("shows %s", (_, row, example) => {
    const tally = new LabelTally(null);
    tally.reject("too_long", row);
    expect(tally.rejected.get("too_long")?.examples).toEqual([example]);
  });
});
