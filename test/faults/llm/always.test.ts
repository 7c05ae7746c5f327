// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { connectServer } from "../../../src/backfill/probe.ts";
import { CELLS, type Cell, endOf, nameOf, RUN, run, unusual } from "./cells.ts";
import { chatChunks, sse } from "./envelope.ts";
import { HASTY, PATIENT } from "./expectations.ts";
import { FAULTS, type FaultName } from "./faults.ts";
import type { Fault, SeenRequest } from "./script.ts";
import { settingsFor } from "./support.ts";

// Faults that do not pass: of one request, of all of them, from some moment on.

const ONE: Cell = { at: 5, inFlight: 1, streams: true };
const CORNERS = CELLS.filter(({ at }) => at === 5);
const titled = (cells: readonly Cell[]) =>
  cells.map(
    (cell) =>
      [`at ${cell.at}, ${cell.inFlight} in flight, ${cell.streams ? "streamed" : "whole"}`, cell] as const,
  );
/** For the request that is the `at`-th of a run, whenever it comes. */
const always = (name: FaultName) => (at: number) => [
  { when: ({ body }: SeenRequest) => body.seed === 1000 + at, fault: FAULTS[name].fault },
];
const once = (name: FaultName) => (at: number) => [{ at, times: 1, fault: FAULTS[name].fault }];
const everyTime = (name: FaultName) => () => [{ fault: FAULTS[name].fault }];

describe.each([
  ["internal", PATIENT],
  ["bad_gateway", PATIENT],
  ["error_text", PATIENT],
  ["model_reloading", PATIENT],
  ["cut_length", PATIENT],
  ["cut_unframed", PATIENT],
  ["no_finish", PATIENT],
  ["half_gzip", PATIENT],
  ["no_headers", HASTY],
  ["keep_alive", HASTY],
] as const)("%s for one request, whenever it comes", (name, waits) => {
  it.each(titled(CORNERS))("drops it, since another is answered: %s", async (_, cell) => {
    const { server, ends } = await run(always(name), cell, waits);
    // The SDK's own crash words make two enough.
    expect(unusual(ends)).toEqual(["poisonous"]);
    expect(nameOf(ends[cell.at] ?? { error: expect.anything() })).toBe("poisonous");
    // Four tries, and the probe's request once more; waits that are too short for a busy machine cost some.
    const most = waits === HASTY ? RUN * 4 : RUN + 4;
    expect(server.chats.length).toBeLessThanOrEqual(most);
  });
});

describe("a request that kills the server", () => {
  it.each(titled(CELLS))("is sent twice and never again: %s", async (_, cell) => {
    const { server, ends } = await run(always("crash"), cell, PATIENT);
    expect(unusual(ends)).toEqual(["poisonous"]);
    const fatal = server.chats.filter(({ body }) => body.seed === 1000 + cell.at);
    expect(fatal).toHaveLength(2);
    // The second time it was alone: nobody else was hit. The probe's request tells that the server is well again.
    expect(server.chats.length).toBeLessThanOrEqual(RUN + cell.inFlight + 2);
  });
});

describe.each([
  // Four tries of each, and of the probe's request.
  ["internal", "LLM_UNREACHABLE", (RUN + 1) * 4],
  ["reset", "LLM_UNREACHABLE", (RUN + 1) * 4],
  ["overloaded", "LLM_UNREACHABLE", (RUN + 1) * 4],
  ["cut_length", "LLM_UNREACHABLE", (RUN + 1) * 4],
  ["html", "LLM_INCOMPATIBLE", 16],
  ["limited", "LLM_QUOTA", 8 * 9],
  ["limited_negative", "LLM_QUOTA", 8 * 9],
  ["thought", "LLM_INCOMPATIBLE", RUN],
  ["unauthorized", "LLM_DENIED", 8],
] as const)("%s for all requests", (name, code, most) => {
  it.each(titled(CORNERS))("stops: %s", async (_, cell) => {
    const { server, client, ends } = await run(everyTime(name), cell, PATIENT);
    const names = new Set(ends.map(nameOf));
    names.delete("thought");
    expect(names).toEqual(new Set([code]));
    expect(server.chats.length).toBeLessThanOrEqual(most);
    expect(client.statistics.limit).toBeLessThanOrEqual(cell.inFlight);
  });
});

it("a model that thinks in spite of everything is given up after five replies, with what to do", async () => {
  const { server, ends } = await run(everyTime("thought"), ONE, PATIENT);
  expect(ends.map(nameOf).slice(0, 5)).toEqual([
    ...Array.from({ length: 4 }, () => "thought"),
    "LLM_INCOMPATIBLE",
  ]);
  expect(server.chats).toHaveLength(5);
  const [end] = ends.slice(4);
  expect(end).toMatchObject({ error: { hint: expect.stringContaining("switch thinking off") } });
});

it("a reply between resets the count of thoughts", async () => {
  const rules = [0, 1, 2, 3, 5, 6, 7, 8].map((at) => ({ at, fault: FAULTS.thought.fault }));
  const { ends } = await run(() => rules, ONE, PATIENT);
  expect(unusual(ends)).toEqual(rules.map(() => "thought"));
});

describe.each(titled(CELLS))("a server that is gone in mid-run: %s", (_, cell) => {
  it("ends the run, and what is left is asked for when it is back", async () => {
    const { server, ends } = await run((at) => [{ at, times: 1, fault: FAULTS.gone.fault }], cell, PATIENT);
    const kept = ends.filter((end) => "outcome" in end).length;
    expect(kept).toBeGreaterThanOrEqual(Math.max(0, cell.at - cell.inFlight));
    await server.listen();
    const again = await connectServer(settingsFor(server, { concurrency: cell.inFlight, ...PATIENT }));
    const left = ends.flatMap((end, index) => ("error" in end ? [index] : []));
    expect(unusual(await Promise.all(left.map((index) => endOf(again, index))))).toEqual([]);
  });
});

it.each([0, 5, 11])(
  "a stream without the [DONE] that the server has sent before is sent again: at %d",
  async (at) => {
    const rules = [{ at, times: 1, fault: FAULTS.no_done.fault }];
    const { server, ends } = await run(() => rules, { ...ONE, at }, PATIENT);
    expect(unusual(ends)).toEqual([]);
    expect(server.chats).toHaveLength(RUN + 1);
  },
);

it.each([
  ["keep_alive", "no_headers"],
  ["empty_pieces", "silent_body"],
] as const)("what holds no token is no news: %s, and %s", async (...names) => {
  const rules = names.map((name, n) => ({ at: 3 + 4 * n, times: 1, fault: FAULTS[name].fault }));
  const began = performance.now();
  const { ends } = await run(() => rules, ONE, { ...HASTY, timeoutMs: 60_000 });
  expect(unusual(ends)).toEqual([]);
  expect(performance.now() - began).toBeLessThan(20_000);
});

it("between two tokens less time may pass than before the first one", async () => {
  const timing = { ...HASTY.timing, firstTokenMs: 60_000, idleMs: 150 };
  const stalls: Fault = ({ response, reply }) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(sse(chatChunks({ ...reply, finish: null }, false), false));
  };
  const slow = ({ index }: { index: number }) => (index === 2 ? 400 : 0);
  const changes = { ...HASTY, timeoutMs: 60_000, timing };
  const { server, ends } = await run(() => [{ at: 5, times: 1, fault: stalls }], ONE, changes, {
    latencyMs: slow,
  });
  expect(unusual(ends)).toEqual([]);
  expect(server.chats).toHaveLength(RUN + 1);
});

it("a reply that goes on and on ends with the time for a request", async () => {
  const { server, ends } = await run((at) => [{ at, times: 1, fault: FAULTS.endless.fault }], ONE, HASTY);
  expect(unusual(ends)).toEqual([]);
  const [first, second] = server.chats.filter(({ body }) => body.seed === 1005);
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(HASTY.timeoutMs);
});

it("a request that the server does not want again is not sent again", async () => {
  const { server, ends } = await run(once("told_not_to_retry"), ONE, PATIENT);
  expect(unusual(ends)).toEqual(["poisonous"]);
  expect(server.chats.filter(({ body }) => body.seed === 1005)).toHaveLength(1);
});

it.each([0, 2])("with %d retries a request is sent so much more often", async (maxRetries) => {
  const { server, ends } = await run(always("internal"), ONE, { ...PATIENT, maxRetries });
  expect(unusual(ends)).toEqual(["poisonous"]);
  expect(server.chats.filter(({ body }) => body.seed === 1005)).toHaveLength(1 + maxRetries);
  expect(server.chats).toHaveLength(RUN + maxRetries + 1);
});

it("stuck replies are given up long before their end", async () => {
  for (const name of ["blank_loop", "block_loop"] as const) {
    const { ends } = await run((at) => [{ at, fault: FAULTS[name].fault }], ONE, PATIENT);
    const end = ends[5];
    const text =
      end !== undefined && "outcome" in end && "completion" in end.outcome
        ? end.outcome.completion?.text
        : "";
    expect(text?.length).toBeGreaterThan(100);
    expect(text?.length).toBeLessThan(700);
  }
});

it("a change of the model is told once, and kept with each reply", async () => {
  const rules = [5, 6, 7].map((at) => ({ at, fault: FAULTS.swapped.fault }));
  const { ends, notes } = await run(() => rules, ONE, PATIENT);
  expect(notes).toEqual([
    "the LLM's server answers as another-model (fp_other) now, and as test-model (fp_test) before; each row is kept with what wrote it",
  ]);
  const models = ends.map(
    (end) => "outcome" in end && "completion" in end.outcome && end.outcome.completion?.model,
  );
  expect(models.filter((model) => model === "another-model")).toHaveLength(3);
});

it("what a caller judges comes as it was written", async () => {
  const written = {
    think_tags: /^<think>/,
    fenced: /^```json\n/,
    bom: /^\ufeff/,
    prose: /^Sure!/,
    proto_key: /__proto__/,
  };
  for (const [name, pattern] of Object.entries(written)) {
    const { ends } = await run((at) => [{ at, fault: FAULTS[name as FaultName].fault }], ONE, PATIENT);
    expect(ends[5]).toMatchObject({ outcome: { completion: { text: expect.stringMatching(pattern) } } });
  }
});
