// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { connectServer } from "../../../src/backfill/probe.ts";
import { PATIENT } from "./expectations.ts";
import { FAULTS } from "./faults.ts";
import { llmServer, rowsRequest, settingsFor } from "./support.ts";

// Ctrl-C ends whatever a request is doing.

describe("aborting", () => {
  it("ends the probe at once", async () => {
    const server = await llmServer({ latencyMs: () => 5000 });
    const began = performance.now();
    const signal = AbortSignal.timeout(50);
    await expect(connectServer(settingsFor(server, PATIENT), { signal })).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
    expect(performance.now() - began).toBeLessThan(2000);
  });

  it.each(["in flight", "waiting for a place", "waiting to try again", "paused"])(
    "ends a request that is %s",
    async (where) => {
      const server = await llmServer();
      const timing = { ...PATIENT.timing, backoffMs: 8000, maxBackoffMs: 8000, maxRetryAfterMs: 8000 };
      const client = await connectServer(settingsFor(server, { ...PATIENT, timing, concurrency: 1 }));
      server.reset();
      if (where === "waiting to try again") server.play({ fault: FAULTS.internal.fault });
      else if (where === "paused") server.play({ fault: FAULTS.limited_long.fault });
      else server.play({ fault: FAULTS.no_headers.fault });
      const stop = new AbortController();
      const began = performance.now();
      const asked = [client.complete(rowsRequest(1), stop.signal)];
      if (where === "waiting for a place") asked.push(client.complete(rowsRequest(2), stop.signal));
      const ends = Promise.allSettled(asked);
      while (server.chats.length < 1) await new Promise((resolve) => setTimeout(resolve, 5));
      setTimeout(() => stop.abort(), 50);
      for (const end of await ends) expect(end).toMatchObject({ reason: { code: "INTERRUPTED" } });
      expect(performance.now() - began).toBeLessThan(4000);
      expect(client.statistics.inFlight).toBe(0);
      // The others go on.
      server.reset();
      if (where === "in flight") expect((await client.complete(rowsRequest(3))).kind).toBe("completed");
    },
  );
});
