// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { type Cell, nameOf, RUN, run, unusual } from "./cells.ts";
import { PATIENT } from "./expectations.ts";
import { FAULTS, type FaultName } from "./faults.ts";
import type { SeenRequest } from "./script.ts";
import type { LlmServer } from "./server.ts";

// How long the client leaves a server alone, and how much it asks of one that is overloaded.

const CELLS: readonly Cell[] = [0, 5, 11].flatMap((at) =>
  [1, 8].map((inFlight) => ({ at, inFlight, streams: true })),
);
const waits = { ...PATIENT, timing: { ...PATIENT.timing, maxRetryAfterMs: 150 } };
const once = (name: FaultName) => (at: number) => [{ at, times: 1, fault: FAULTS[name].fault }];

/** What is in flight with the `at`-th request is answered only after that. */
const latency = (at: number) => ({ latencyMs: ({ index }: SeenRequest) => (index === at ? 0 : 60) });

/** Milliseconds from the `at`-th request to the next one that was not sent together with it. */
function gapAfter(server: LlmServer, { at, inFlight }: Cell): number {
  const together = Math.max(at + 1, inFlight === 1 ? 0 : inFlight);
  return Math.min(...server.chats.slice(together).map((chat) => chat.at)) - (server.chats[at]?.at ?? 0);
}

describe.each([
  ["limited", 100],
  ["limited_ms", 100],
  ["limited_long", 150],
  ["limited_for_ages", 150],
] as const)("%s: everybody waits %d ms", (name, ms) => {
  it.each(CELLS)("at $at, $inFlight in flight", async (cell) => {
    const { server, client, ends, notes } = await run(once(name), cell, waits, latency(cell.at));
    expect(unusual(ends)).toEqual([]);
    expect(server.chats).toHaveLength(RUN + 1);
    expect(gapAfter(server, cell)).toBeGreaterThanOrEqual(ms - 1);
    expect(client.statistics.waitedMs).toBeGreaterThanOrEqual(ms - 1);
    const capped = name === "limited_long" ? "3600 s" : name === "limited_for_ages" ? "1000000000 s" : null;
    expect(notes).toEqual(
      capped === null ? [] : [`the LLM's server asks to wait ${capped}; trying again after 0.2 s`],
    );
  });
});

describe.each(["limited_negative", "limited_past", "limited_soon", "limited_silently"] as const)(
  "%s: the usual wait, not none",
  (name) => {
    it.each(CELLS)("at $at, $inFlight in flight", async (cell) => {
      const timing = { ...waits.timing, backoffMs: 80, maxBackoffMs: 80 };
      const { server, ends, notes } = await run(once(name), cell, { ...waits, timing }, latency(cell.at));
      expect(unusual(ends)).toEqual([]);
      expect(notes).toEqual([]);
      expect(gapAfter(server, cell)).toBeGreaterThanOrEqual(79);
    });
  },
);

it("a quota that is used up ends the run at once", async () => {
  const { server, ends } = await run(once("quota"), { at: 0, inFlight: 1, streams: true }, waits);
  expect(new Set(ends.map(nameOf))).toEqual(new Set(["LLM_QUOTA"]));
  expect(server.chats).toHaveLength(1);
  expect(ends[0]).toMatchObject({ error: { hint: expect.stringContaining("run the same command again") } });
});

it("a request that is limited four times is not counted as failed", async () => {
  const when = ({ body }: SeenRequest) => body.seed === 1005;
  const rules = () => [
    { when, times: 1, fault: FAULTS.internal.fault },
    { when, times: 4, fault: FAULTS.limited_ms.fault },
  ];
  const cell = { at: 5, inFlight: 1, streams: true };
  const { server, ends } = await run(rules, cell, { ...waits, maxRetries: 1 });
  expect(unusual(ends)).toEqual([]);
  expect(server.chats).toHaveLength(RUN + 5);
});

it("an overloaded server is asked for half as much, and for more again once it answers", async () => {
  const rules = () => [{ at: 7, times: 1, fault: FAULTS.overloaded.fault }];
  const cell = { at: 7, inFlight: 8, streams: true };
  const latencyMs = ({ index }: { index: number }) => (index < 8 ? 20 : 40);
  const { server, client } = await run(rules, cell, waits, { latencyMs });
  expect(server.maxInFlight).toBe(8);
  // 4 after the fault; 12 were answered since, so that one more was let in.
  expect(client.statistics.limit).toBeGreaterThanOrEqual(4);
  expect(client.statistics.limit).toBeLessThan(8);
});
