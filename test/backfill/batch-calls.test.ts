// SPDX-License-Identifier: Apache-2.0
import type { ServerResponse } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { BatchCalls } from "../../src/backfill/batch-calls.ts";
import type { ServerSettings } from "../../src/backfill/completion.ts";
import { serverAddress } from "../../src/backfill/server-address.ts";
import type { LlmServer } from "../faults/llm/server.ts";
import { KEY, llmServer, settingsFor } from "../faults/llm/support.ts";
import { rejection } from "../support/failure.ts";

const LINE = `${JSON.stringify({ custom_id: "a", method: "POST", url: "/v1/chat/completions", body: {} })}\n`;

function callsTo(
  llm: LlmServer,
  changes: Partial<ServerSettings> = {},
  stop = new AbortController(),
): BatchCalls {
  const settings = settingsFor(llm, changes);
  onTestFinished(() => stop.abort());
  return new BatchCalls({ settings, address: serverAddress(settings) }, stop.signal);
}

/** Answers the first `times` calls of a kind otherwise. */
function refusing(
  llm: LlmServer,
  call: string,
  times: number,
  answer: (response: ServerResponse) => void,
): void {
  llm.batches.faults = {
    call: (name, response, before) => {
      if (name !== call || before >= times) return false;
      answer(response);
      return true;
    },
  };
}

const says =
  (status: number, message: string, headers = {}) =>
  (response: ServerResponse) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify({ error: { message } }));
  };

async function made(calls: BatchCalls, name = "n"): Promise<string> {
  return (await calls.create(await calls.upload([LINE], name), name)).id;
}

async function linesIn(calls: BatchCalls, file: string): Promise<string[]> {
  const lines: string[] = [];
  expect(await calls.read(file, (line) => void lines.push(line.toString()))).toBe(true);
  return lines;
}

describe("the calls of the Batch API", () => {
  it("upload, create, retrieve, find and read", async () => {
    const llm = await llmServer({ key: KEY });
    const calls = callsTo(llm);
    const id = await made(calls, "first");
    expect(id).toBe("batch_0");
    expect(await calls.retrieve(id)).toMatchObject({
      id,
      name: "first",
      status: "in_progress",
      counts: { completed: 0, failed: 0, total: 1 },
      files: [],
      problem: null,
    });
    const over = await calls.retrieve(id);
    expect(over).toMatchObject({ status: "completed", counts: { completed: 1 }, files: ["out-0"] });
    expect((await linesIn(calls, "out-0")).map((line) => JSON.parse(line).custom_id)).toEqual(["a"]);
    expect(await calls.find("first")).toMatchObject({ id });
    expect(await calls.find("another")).toBeNull();
    expect(await calls.retrieve("batch_9")).toBeNull();
    expect(await calls.read("file-9", () => undefined)).toBe(false);
  });

  it("find a batch on a later page, and give up where there is none", async () => {
    const llm = await llmServer();
    const batch = { number: 0, metadata: {}, input: "f", lines: [], fate: "completed", looks: 9 } as const;
    const batches = Array.from({ length: 230 }, (_, i) => ({
      ...batch,
      id: `batch_${i}`,
      metadata: { modelpack_batch: `name ${i}` },
    }));
    llm.batches.store = { files: new Map(), batches };
    const calls = callsTo(llm);
    expect(await calls.find("name 3")).toMatchObject({ id: "batch_3" });
    expect(llm.batches.times("list")).toBe(3);
    expect(await calls.find("none")).toBeNull();
  });

  it.each([
    ["upload", 500],
    ["upload", 429],
    ["create", 503],
    ["retrieve", 502],
    ["content", 500],
  ])("are made again where %s says %i", async (call, status) => {
    const llm = await llmServer();
    refusing(llm, call, 2, says(status, "try later"));
    const calls = callsTo(llm);
    const id = await made(calls);
    await calls.retrieve(id);
    await calls.retrieve(id);
    expect(await linesIn(calls, "out-0")).toHaveLength(1);
    expect(llm.batches.sent).toEqual(["a"]);
    expect(llm.batches.times(call)).toBeGreaterThan(2);
  });

  it("wait as long as a provider asks for, up to the most", async () => {
    const llm = await llmServer();
    refusing(llm, "upload", 1, says(429, "slow down", { "retry-after": "3600" }));
    const began = performance.now();
    await callsTo(llm).upload([LINE], "n");
    expect(performance.now() - began).toBeGreaterThanOrEqual(195);
    expect(performance.now() - began).toBeLessThan(1_500);
  });

  it("make a batch once, although the answer to it is lost", async () => {
    const llm = await llmServer();
    let lost = 0;
    const id = await new Promise<string>((resolve) => {
      llm.batches.faults = {
        done: (call) => {
          if (call !== "create" || lost++ > 0) return undefined;
          // Longer than the client waits.
          return new Promise((end) => setTimeout(end, 250));
        },
      };
      void made(callsTo(llm, { timeoutMs: 120 })).then(resolve);
    });
    expect(id).toBe("batch_0");
    expect(llm.batches.sent).toEqual(["a"]);
    expect(llm.batches.times("create")).toBe(1);
  });

  it("wait for a file that the provider has not seen yet", async () => {
    const llm = await llmServer();
    refusing(
      llm,
      "create",
      2,
      says(400, "Cannot find file file-0, or project x does not have access to it."),
    );
    expect(await made(callsTo(llm))).toBe("batch_0");
  });

  it("read a file again that broke off, and its lines as they are", async () => {
    const llm = await llmServer();
    const whole = '{"a":1}\n{"b":"é"}\n{"c":3}';
    refusing(llm, "content", 1, (response) => {
      // As long as the connection says, and half a line: only its JSON tells.
      response.writeHead(200, { connection: "close" });
      response.end(whole.slice(0, 14));
    });
    llm.batches.store = { files: new Map([["out", whole]]), batches: [] };
    const lines = await linesIn(callsTo(llm), "out");
    expect(lines).toEqual(['{"a":1}', '{"a":1}', '{"b":"é"}', '{"c":3}']);
  });

  it.each([404, 405, 501])("say what to do where a server has none (%i)", async (status) => {
    const llm = await llmServer();
    refusing(llm, "upload", 9, says(status, "no such path"));
    expect(await rejection(callsTo(llm).upload([LINE], "n"))).toMatchObject({
      code: "LLM_INCOMPATIBLE",
      message: expect.stringContaining("has no Batch API"),
      hint: expect.stringContaining('synthetic_llm.mode = "live"'),
    });
    expect(llm.batches.times("upload")).toBe(1);
  });

  it.each([
    ["a key that is wrong", says(401, "Incorrect API key"), "LLM_DENIED"],
    ["an account without money", says(429, "You exceeded your current quota"), "LLM_QUOTA"],
    ["a file that is too large", says(413, "File is too large."), "LLM_INCOMPATIBLE"],
    ["a request that it does not take", says(400, "Invalid purpose"), "LLM_INCOMPATIBLE"],
    ["a failure that is final", says(500, "no use", { "x-should-retry": "false" }), "LLM_UNREACHABLE"],
  ])("end at once for %s", async (_, answer, code) => {
    const llm = await llmServer();
    refusing(llm, "upload", 9, answer);
    expect(await rejection(callsTo(llm).upload([LINE], "n"))).toMatchObject({ code });
    expect(llm.batches.times("upload")).toBe(1);
  });

  it("end when every try has failed, and at once when they are told to", async () => {
    const llm = await llmServer();
    refusing(llm, "retrieve", 99, says(500, "down"));
    expect(await rejection(callsTo(llm, { maxRetries: 2 }).retrieve("batch_0"))).toMatchObject({
      code: "LLM_UNREACHABLE",
    });
    expect(llm.batches.times("retrieve")).toBe(3);
    const stop = new AbortController();
    const timing = { ...settingsFor(llm).timing, backoffMs: 60_000, maxBackoffMs: 60_000 };
    const waiting = callsTo(llm, { timing }, stop).retrieve("batch_0");
    setTimeout(() => stop.abort(), 50);
    expect(await rejection(waiting)).toMatchObject({ code: "INTERRUPTED" });
  });
});
