// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { Capabilities, ServerSettings } from "../../../src/backfill/completion.ts";
import { connectServer } from "../../../src/backfill/probe.ts";
import { PATIENT } from "./expectations.ts";
import { FAULTS } from "./faults.ts";
import type { LlmOptions } from "./server.ts";
import { KEY, llmServer, rowsRequest, settingsFor } from "./support.ts";

// What the probe finds out, and what the SDK is kept from.

async function found(
  options: LlmOptions,
  changes: Partial<ServerSettings> = {},
): Promise<[Capabilities, string[], number]> {
  const server = await llmServer(options);
  const notes: string[] = [];
  const client = await connectServer(settingsFor(server, { ...PATIENT, ...changes }), {
    note: (note) => notes.push(note),
  });
  const outcome = await client.complete(rowsRequest(1));
  expect(outcome.kind).toBe("completed");
  return [client.capabilities, notes, server.chats.length];
}

describe("the probe", () => {
  it.each(["json_schema", "json_object", "text"] as const)(
    "finds structured output: %s",
    async (structured) => {
      const [capabilities, notes, chats] = await found({ structured });
      expect(capabilities.structured).toBe(structured);
      expect(notes).toEqual([]);
      expect(chats).toBe({ json_schema: 2, json_object: 3, text: 4 }[structured]);
    },
  );

  it.each([
    ["ollama", '{"reasoning_effort":"none"}'],
    ["openai", '{"reasoning_effort":"none"}'],
    ["vllm", '{"chat_template_kwargs":{"enable_thinking":false,"thinking":false}}'],
    ["llama.cpp", '{"chat_template_kwargs":{"enable_thinking":false,"thinking":false}}'],
    ["another", ""],
  ])("switches thinking off as %s documents it", async (provider, thinkingOff) => {
    expect((await found({}, { provider }))[0].thinkingOff).toBe(thinkingOff);
  });

  it("finds what keeps an unknown server from thinking", async () => {
    const extra = ({ body }: { body: Readonly<Record<string, unknown>> }) =>
      body.chat_template_kwargs === undefined ? { reasoning_content: "Hm, a banana" } : undefined;
    const [capabilities, notes] = await found({ extra }, { provider: "another" });
    expect(capabilities.thinkingOff).toContain("enable_thinking");
    expect(notes).toEqual([]);
  });

  it("says that a model thinks in spite of everything", async () => {
    const [capabilities, notes] = await found({ extra: () => ({ reasoning: "Hm, a banana" }) });
    expect(capabilities.thinkingOff).toBe("");
    expect(notes).toEqual([expect.stringContaining("the model thinks")]);
  });

  it.each([
    ["reasoning_effort", { thinkingOff: "" }, []],
    ["stream_options", { usage: false, streams: true }, []],
    ["stream", { streams: false, usage: true }, []],
    ["response_format", { structured: "text" }, []],
    [
      "temperature",
      { structured: "json_schema" },
      ["the LLM's server takes no temperature: its own is used"],
    ],
    ["seed", { structured: "json_schema" }, ["the LLM's server takes no seed: its own is used"]],
    ["max_tokens", { structured: "json_schema" }, []],
  ] as const)("leaves out what a server refuses: %s", async (field, expected, said) => {
    const [capabilities, notes] = await found({ refuses: [field] });
    expect(capabilities).toMatchObject(expected);
    expect(notes).toEqual(said);
  });

  it("calls OpenAI's limit by its newer name, and by the older one where that is refused", async () => {
    const server = await llmServer({ refuses: ["max_completion_tokens"] });
    const client = await connectServer(settingsFor(server, { provider: "openai" }));
    await client.complete(rowsRequest(1));
    const names = server.chats.map(({ body }) => Object.keys(body).filter((name) => name.startsWith("max_")));
    expect(names).toEqual([["max_completion_tokens"], ["max_tokens"], ["max_tokens"]]);
  });

  it("is content without a list of models, and with a list that has other names", async () => {
    expect((await found({ models: null }))[1]).toEqual([]);
    expect((await found({ models: ["test-model:latest"] }))[1]).toEqual([]);
    expect((await found({ models: ["another"] }))[1]).toEqual([
      "the LLM's server does not list test-model; asking it all the same",
    ]);
  });

  it("measures, and tells whether tokens are counted", async () => {
    expect((await found({}))[0]).toMatchObject({ usage: true, tokensPerSecond: expect.any(Number) });
    expect((await found({ usage: false }))[0]).toMatchObject({ usage: false, tokensPerSecond: null });
  });

  it("waits where it is asked to, and goes on after failures that pass", async () => {
    const server = await llmServer();
    server.play({ at: 0, fault: FAULTS.limited_ms.fault }, { at: 1, fault: FAULTS.internal.fault });
    const client = await connectServer(settingsFor(server, PATIENT));
    expect(client.statistics).toMatchObject({ sent: 4, retries: 2 });
    expect(client.statistics.waitedMs).toBeGreaterThan(60);
  });
});

it("the SDK takes nothing from the environment and writes nothing", async () => {
  const names = ["OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"];
  for (const name of names) vi.stubEnv(name, "from-the-environment");
  vi.stubEnv("OPENAI_BASE_URL", "http://127.0.0.1:9/elsewhere");
  vi.stubEnv("OPENAI_LOG", "debug");
  vi.stubEnv(
    "OPENAI_CUSTOM_HEADERS",
    "Authorization: Bearer from-the-environment\nX-Custom: from-the-environment",
  );
  const written = (["log", "info", "warn", "error", "debug"] as const).map((name) => vi.spyOn(console, name));
  onTestFinished(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
  });
  const server = await llmServer({ key: KEY });
  server.play({ at: 1, fault: FAULTS.internal.fault });
  const client = await connectServer(settingsFor(server, PATIENT));
  expect((await client.complete(rowsRequest(1))).kind).toBe("completed");
  expect(JSON.stringify(server.requests)).not.toContain("from-the-environment");
  expect(Object.keys(server.requests[0]?.headers ?? {}).sort()).toEqual([
    ...["accept", "accept-encoding", "accept-language", "authorization", "connection", "host"],
    ...["sec-fetch-mode", "user-agent"],
  ]);
  expect(written.map((spy) => spy.mock.calls)).toEqual(written.map(() => []));
});
