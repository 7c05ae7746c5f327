// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { estimateLabel, slotTokens } from "../../src/backfill/estimate.ts";
import { taskOf } from "../support/backfill.ts";
import { slotContextOf, type TaskScene } from "../support/memory-fill.ts";

const scene = (more: TaskScene = {}) => slotContextOf({ wording: { batchSize: 8 }, ...more });

describe("an estimate", () => {
  it.each([
    // deficit, slots, requests with a judge: three of four items are taken
    [0, 0, 0],
    [1, 1, 2],
    [6, 1, 2],
    [7, 2, 4],
    [60, 10, 20],
    [61, 11, 22],
  ])("of %i rows is %i slots of eight", (deficit, slots, judged) => {
    const there = { rows: 12, target: 50, deficit };
    const plain = estimateLabel(scene(), 1, there);
    expect(plain).toMatchObject({ task: "topic", label: "travel", ...there, slots, requests: slots });
    expect(estimateLabel(scene({ verify: true }), 1, there)).toMatchObject({ slots, requests: judged });
    const one = slotTokens(scene(), 1, Math.min(8, deficit));
    expect(plain.tokens).toEqual({
      promptTokens: slots * one.promptTokens,
      completionTokens: slots * one.completionTokens,
    });
  });

  it("goes by the length of real rows, of pairs both texts", () => {
    const completion = (more: TaskScene) => slotTokens(scene(more), 0, 4).completionTokens;
    const rows = (length: number) =>
      Array.from({ length: 9 }, (_, i) => ({ text: "x".repeat(length - 1) + i, label: "food" }));
    expect(completion({})).toBe(4 * (30 + 8));
    expect(completion({ real: rows(40) })).toBe(4 * (10 + 8));
    expect(completion({ real: rows(400) })).toBe(4 * (100 + 8));
    const pair = rows(40).map((row) => ({ ...row, textB: "y".repeat(80) }));
    expect(completion({ task: taskOf(["food", "travel"], "pair"), real: pair })).toBe(4 * (30 + 8));
  });

  it("takes the prompt as it is written, in bytes of UTF-8", () => {
    const tokens = (text: string) =>
      slotTokens(scene({ real: [{ text, label: "food" }] }), 0, 4).promptTokens;
    expect(tokens("e".repeat(400))).toBeGreaterThan(500);
    expect(tokens("é".repeat(400))).toBe(tokens("e".repeat(400)) + 100);
    expect(tokens("e".repeat(480))).toBe(tokens("e".repeat(400)) + 20);
  });

  it("adds a judge's prompt, and a word on each row", () => {
    const [plain, judged] = [false, true].map((verify) => slotTokens(scene({ verify }), 0, 8));
    expect(judged?.completionTokens).toBe((plain?.completionTokens ?? 0) + 8 * 20);
    expect(judged?.promptTokens).toBeGreaterThan((plain?.promptTokens ?? 0) + 8 * 30 + 150);
  });
});
