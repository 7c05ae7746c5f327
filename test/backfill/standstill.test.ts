// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { Standstill, type Uselessness } from "../../src/backfill/standstill.ts";
import { failure } from "../support/failure.ts";

const ANSWERS = { kept: "the answers", refused: "try another model", any: true };

/** After how many of these requests it ends the work, and with what. */
function ends(faults: readonly (Uselessness | null)[], standstill = new Standstill(ANSWERS)) {
  for (const [i, fault] of faults.entries()) {
    const code = failure(() => standstill.look(fault));
    if (code !== null) return [i + 1, code];
  }
  return null;
}
const times = (count: number, fault: Uselessness | null) => Array.from({ length: count }, () => fault);

describe("a standstill", () => {
  it.each<[string, (Uselessness | null)[], readonly [number, string] | null]>([
    ["six alike in a row", times(6, "not_json"), [6, "LLM_INCOMPATIBLE"]],
    ["six without a label that is known", times(6, "unknown_labels"), [6, "LLM_INCOMPATIBLE"]],
    ["six of a fault without a meaning", times(6, "blank"), [6, "LLM_INCOMPATIBLE"]],
    ["a good one in between", [...times(5, "cut"), null, ...times(5, "cut")], null],
    ["another fault in between", [...times(5, "cut"), "not_json", ...times(5, "cut")], null],
    ["refusals, more than half", ["refused", null, "filtered", "refused"], [4, "LLM_REFUSING"]],
    ["refusals, half of them", times(20, null).map((_, i) => (i % 2 === 0 ? null : "refused")), null],
    ["good ones", times(100, null), null],
  ])("%s", (_, faults, expected) => {
    expect(ends(faults)).toEqual(expected);
  });

  it("of rows leaves a fault without a meaning to the yield", () => {
    expect(ends(times(20, "blank"), new Standstill())).toBeNull();
    expect(ends(times(20, "cut"), new Standstill())).toEqual([6, "LLM_INCOMPATIBLE"]);
  });

  it("of requests that all fail beside a server that is well says to give them more time", () => {
    expect(ends(times(20, "poisonous"), new Standstill())).toEqual([6, "LLM_UNREACHABLE"]);
  });

  it("says what is kept and what to do", () => {
    const standstill = new Standstill(ANSWERS);
    const message = () => {
      for (const fault of times(4, "refused")) standstill.look(fault);
    };
    expect(message).toThrow("refused or filtered; the answers so far are in the ledger");
  });
});
