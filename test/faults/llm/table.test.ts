// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { CELLS, nameOf, RUN, run, unusual } from "./cells.ts";
import { AGAIN, HANDED_ON, HASTY, OUTCOMES, PATIENT, SILENT, STOPS } from "./expectations.ts";
import { FAULTS, type FaultName } from "./faults.ts";
import { rowsRequest } from "./support.ts";

// Every fault, once, at the first, a middle and the last of twelve requests, with one and eight in flight, streamed
// and not.

/** For what is the caller's to judge: his tests play it everywhere. */
const MIDDLE = CELLS.filter(({ at }) => at === 5);

const once = (name: FaultName) => (at: number) => [{ at, times: 1, fault: FAULTS[name].fault }];
const titleOf = ({ at, inFlight, streams }: (typeof CELLS)[number]) =>
  `at ${at}, ${inFlight} in flight, ${streams ? "streamed" : "whole"}`;

describe.each(AGAIN)("%s is sent again", (name) => {
  it.each(CELLS.map((cell) => [titleOf(cell), cell] as const))("%s", async (_, cell) => {
    const { server, client, ends } = await run(once(name), cell, PATIENT);
    expect(unusual(ends)).toEqual([]);
    // A crash hits whatever is in flight with it.
    const most = name === "crash" ? RUN + cell.inFlight : RUN + 1;
    expect(server.chats.length).toBeGreaterThan(RUN);
    expect(server.chats.length).toBeLessThanOrEqual(most);
    expect(client.statistics.retries).toBeGreaterThanOrEqual(1);
    expect(server.maxInFlight).toBeLessThanOrEqual(cell.inFlight);
  });
});

describe.each(SILENT)("%s is given up and sent again", (name) => {
  it.each(CELLS.map((cell) => [titleOf(cell), cell] as const))("%s", async (_, cell) => {
    const began = performance.now();
    const { server, ends } = await run(once(name), cell, HASTY);
    expect(unusual(ends)).toEqual([]);
    expect(server.chats.length).toBeGreaterThan(RUN);
    expect(server.chats.length).toBeLessThanOrEqual(RUN * 4);
    expect(performance.now() - began).toBeGreaterThanOrEqual(199);
  });
});

describe.each(Object.entries(OUTCOMES))("%s ends in %s", (name, outcome) => {
  it.each(CELLS.map((cell) => [titleOf(cell), cell] as const))("%s", async (_, cell) => {
    const { server, ends } = await run(once(name as FaultName), cell, PATIENT);
    expect(unusual(ends)).toEqual([outcome]);
    expect(server.chats).toHaveLength(RUN);
  });
});

describe.each(Object.entries(STOPS))("%s stops with %s", (name, code) => {
  it.each(CELLS.map((cell) => [titleOf(cell), cell] as const))("%s", async (_, cell) => {
    const { server, client, ends } = await run(once(name as FaultName), cell, PATIENT);
    const stopped = unusual(ends);
    expect(stopped.length).toBeGreaterThanOrEqual(1);
    expect(new Set(stopped)).toEqual(new Set([code]));
    // What was in flight ends by itself; what came before is whole.
    expect(ends.length - stopped.length).toBeGreaterThanOrEqual(Math.max(0, cell.at - cell.inFlight));
    const sent = server.requests.length;
    await expect(client.complete(rowsRequest(99))).rejects.toMatchObject({ code });
    expect(server.requests).toHaveLength(sent);
  });
});

describe.each(HANDED_ON)("%s is handed on", (name) => {
  it.each(MIDDLE.map((cell) => [titleOf(cell), cell] as const))("%s", async (_, cell) => {
    const { server, ends } = await run(once(name), cell, PATIENT);
    expect(ends.map(nameOf)).toEqual(ends.map(() => "completed"));
    expect(server.chats).toHaveLength(RUN);
  });
});
