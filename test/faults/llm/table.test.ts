// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { CELLS, nameOf, RUN, run, unusual } from "./cells.ts";
import { FAULTS, type FaultName } from "./faults.ts";
import { rowsRequest } from "./support.ts";

// Every fault, once, at the first, a middle and the last of twelve requests, with one and eight in flight, streamed
// and not.

/** Waits that a busy machine does not run into. */
const PATIENT = {
  timeoutMs: 20_000,
  timing: { backoffMs: 5, maxBackoffMs: 20, maxRetryAfterMs: 60, firstTokenMs: 10_000, idleMs: 10_000 },
};
/** For faults that are silence. */
const HASTY = {
  timeoutMs: 700,
  timing: { ...PATIENT.timing, firstTokenMs: 300, idleMs: 200 },
};

/** Sent again, and answered then. */
const AGAIN: readonly FaultName[] = [
  ...(["model_reloading", "limited", "limited_ms", "limited_silently", "limited_long"] as const),
  ...(["limited_for_ages", "limited_negative", "limited_past", "limited_soon", "internal"] as const),
  ...(["bad_gateway", "overloaded", "gateway_timeout", "runner_terminated", "unexpected_eof"] as const),
  ...(["conflict", "told_to_retry", "crash", "cut_length", "cut_chunked", "reset", "cut_unframed"] as const),
  ...(["half_gzip", "html", "nothing", "wrong_type", "other_json", "no_finish", "error_overloaded"] as const),
  ...(["error_code", "error_text"] as const),
];
const SILENT: readonly FaultName[] = ["no_headers", "silent_body", "keep_alive", "drip"];

/** The request that it hits ends so, and no other. */
const OUTCOMES: Readonly<Partial<Record<FaultName, string>>> = {
  overlong_openai: "overlong",
  overlong_vllm: "overlong",
  overlong_llama_cpp: "overlong",
  overlong_ollama: "overlong",
  error_overlong: "overlong",
  gzip_bomb: "too_large",
  bad_bytes: "not_text",
  no_choices: "empty",
  null_message: "empty",
  null_content: "empty",
  array_content: "empty",
  tool_calls: "empty",
  thought: "thought",
  thought_content: "thought",
  thought_thinking: "thought",
  thought_cut: "thought",
  cut_by_length: "cut",
  whole_but_length: "cut",
  filtered: "filtered",
  refused: "refused",
  blank_loop: "blank",
  block_loop: "looping",
};

/** It ends the run. */
const STOPS: Readonly<Partial<Record<FaultName, string>>> = {
  gone: "LLM_UNREACHABLE",
  unauthorized: "LLM_DENIED",
  forbidden: "LLM_DENIED",
  model_removed: "LLM_MODEL_MISSING",
  prompt_cut: "LLM_INCOMPATIBLE",
  quota: "LLM_QUOTA",
  error_key: "LLM_DENIED",
  redirect: "LLM_INCOMPATIBLE",
};

/** The caller's to judge: handed on as it came. */
const HANDED_ON: readonly FaultName[] = [
  ...(["think_tags", "think_unclosed", "refused_in_words", "looped_sentence", "prose", "fenced"] as const),
  ...(["extra_keys", "proto_key", "duplicate_key", "numbers", "nested", "none", "surrogate"] as const),
  ...(["nul", "replaced", "bom", "variants", "echo", "template", "other_script", "swapped"] as const),
];

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
  it.each(CELLS.map((cell) => [titleOf(cell), cell] as const))("%s", async (_, cell) => {
    const { server, ends } = await run(once(name), cell, PATIENT);
    expect(ends.map(nameOf)).toEqual(ends.map(() => "completed"));
    expect(server.chats).toHaveLength(RUN);
  });
});
