// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { SlotFault } from "../../src/backfill/inquiry.ts";
import { Standstill } from "../../src/backfill/standstill.ts";
import { ModelpackError } from "../../src/core/error.ts";
import { type SlotScene, slotResult } from "../support/slot-results.ts";

/** After which slot it ends, and with what; null where it goes on. */
function endOf(scenes: readonly SlotScene[]): { after: number; error: ModelpackError } | null {
  const standstill = new Standstill();
  for (const [i, scene] of scenes.entries()) {
    try {
      standstill.check(slotResult(scene));
    } catch (error) {
      if (error instanceof ModelpackError) return { after: i + 1, error };
      throw error;
    }
  }
  return null;
}
const failed = (fault: SlotFault): SlotScene => ({ givenUp: true, faults: [fault] });
const times = (count: number, scene: SlotScene) => Array.from({ length: count }, () => scene);
const good: SlotScene = { items: [null, "refusal"] };

describe("slots that are settled", () => {
  it.each<[SlotFault, RegExp, RegExp]>([
    ["no_canary", /seems to cut prompts/, /OLLAMA_CONTEXT_LENGTH/],
    ["not_json", /not JSON/, /follows a JSON schema/],
    ["wrong_shape", /another shape/, /follows a JSON schema/],
    ["unclosed_thought", /thinking that does not end/, /max_tokens/],
    ["cut", /cut at the limit/, /max_tokens/],
    ["overlong", /longer than the server's context/, /larger context/],
  ])("six times in a row with %s end the fill, with a next step", (fault, message, hint) => {
    const end = endOf(times(10, failed(fault)));
    expect(end?.after).toBe(6);
    expect(end?.error).toMatchObject({ code: "LLM_INCOMPATIBLE", where: "synthetic_llm" });
    expect(end?.error.message).toMatch(message);
    expect(end?.error.message).toMatch(/the rows so far are in the ledger$/);
    expect(end?.error.hint).toMatch(hint);
  });

  it.each<[string, readonly SlotScene[]]>([
    ["a good one in between", [...times(5, failed("cut")), good, ...times(5, failed("cut"))]],
    [
      "another fault in between",
      [...times(5, failed("cut")), failed("not_json"), ...times(5, failed("cut"))],
    ],
    ["faults that were overcome", times(20, { items: [null], faults: ["cut", "cut"] })],
    [
      "requests that fail five times in a row",
      [...times(5, failed("poisonous")), good, ...times(5, failed("poisonous"))],
    ],
    ["a refusal among good items", times(20, good)],
    ["half of them refused", times(10, failed("refused")).flatMap((bad) => [good, bad])],
    ["three refused, and no more", [...times(3, failed("refused"))]],
    ["none", []],
  ])("go on with %s", (_, scenes) => {
    expect(endOf(scenes)).toBeNull();
  });

  it.each<[string, SlotScene]>([
    ["filtered", failed("filtered")],
    ["refused", failed("refused")],
    ["of nothing but refusals", { items: ["refusal", "refusal"] }],
  ])("more than half %s end the fill", (_, bad) => {
    expect(endOf(times(4, bad))).toMatchObject({ after: 4, error: { code: "LLM_REFUSING" } });
    // The latest ten are looked at: six of them.
    expect(endOf([...times(20, good), ...times(9, bad)])?.after).toBe(26);
  });
});
