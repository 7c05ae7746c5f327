// SPDX-License-Identifier: Apache-2.0
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import type { ServerSettings } from "../../../src/backfill/completion.ts";
import { connectServer } from "../../../src/backfill/probe.ts";
import { ModelpackError } from "../../../src/core/error.ts";
import { inWords, leaks } from "./cells.ts";
import { PATIENT } from "./expectations.ts";
import { FAULTS } from "./faults.ts";
import { KEY, llmServer, rowsRequest, settingsFor } from "./support.ts";

// The beginning of a talk: whether anybody is there, and what it can do.

/** The error that connecting ends with. */
async function refusal(settings: ServerSettings): Promise<ModelpackError> {
  try {
    await connectServer(settings);
  } catch (error) {
    expect(leaks(JSON.stringify(inWords(error)))).toEqual([]);
    if (error instanceof ModelpackError) return error;
    throw error;
  }
  throw new Error("expected a refusal");
}

describe("nobody is there", () => {
  it.each([
    ["ollama", "is Ollama running at http://127.0.0.1:", "`ollama serve`"],
    ["vllm", "is vLLM running at http://127.0.0.1:", "`vllm serve test-model`"],
    ["llama.cpp", "is llama-server running at http://127.0.0.1:", "`llama-server -m"],
    ["openai", "(no connection (ECONNREFUSED))", "check the address and the network"],
  ])("%s: says so within 5 s", async (provider, message, hint) => {
    const server = await llmServer();
    await server.close();
    const began = performance.now();
    const error = await refusal(settingsFor(server, { provider }));
    expect(error.code).toBe("LLM_UNREACHABLE");
    expect(error.message).toContain(message);
    expect(error.hint).toContain(hint);
    expect(error.hint).toContain("--no-llm");
    expect(performance.now() - began).toBeLessThan(5000);
  });

  it("three knocks at most, though each is answered by silence", async () => {
    let knocks = 0;
    const deaf = createServer((_, response) => {
      knocks++;
      response.destroy();
    });
    await new Promise<void>((resolve) => deaf.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void deaf.close());
    const server = await llmServer();
    const baseUrl = `http://127.0.0.1:${(deaf.address() as AddressInfo).port}/v1`;
    expect((await refusal(settingsFor(server, { baseUrl }))).code).toBe("LLM_UNREACHABLE");
    expect(knocks).toBe(3);
  });

  it("a port of another protocol is no reason to wait", async () => {
    const server = await llmServer();
    const error = await refusal(settingsFor(server, { baseUrl: "http://127.0.0.1:9/v1", ...PATIENT }));
    expect(error.message).toContain("no HTTP is allowed on that port");
  });

  it("a host that does not exist is no reason to wait", async () => {
    const server = await llmServer();
    const error = await refusal(settingsFor(server, { baseUrl: "http://a..b/v1", ...PATIENT }));
    expect(error).toMatchObject({ code: "LLM_UNREACHABLE", message: expect.stringContaining("(ENOTFOUND)") });
  });

  it("a server that speaks no TLS is not asked without it, and the hint names plain HTTP", async () => {
    const server = await llmServer();
    const baseUrl = server.baseUrl.replace("http:", "https:");
    const error = await refusal(settingsFor(server, { baseUrl, ...PATIENT }));
    expect(error).toMatchObject({
      code: "LLM_UNREACHABLE",
      hint: "what answers there may speak plain HTTP: try http:// in synthetic_llm.base_url",
    });
    expect(server.requests).toEqual([]);
  });
});

describe("the wrong server", () => {
  it("has no /v1", async () => {
    const server = await llmServer();
    const error = await refusal(settingsFor(server, { baseUrl: server.origin }));
    expect(error.code).toBe("LLM_INCOMPATIBLE");
    expect(error.hint).toBe(`synthetic_llm.base_url should end with /v1, as in ${server.origin}/v1`);
  });

  it("lacks the model, and says which it has", async () => {
    const server = await llmServer({ models: ["llama3:latest", "qwen3:8b"] });
    const error = await refusal(settingsFor(server, { model: "qwen4" }));
    expect(error.code).toBe("LLM_MODEL_MISSING");
    expect(error.message).toContain('no model "qwen4"');
    expect(error.message).toContain("it has llama3:latest, qwen3:8b");
    expect(error.hint).toContain("`ollama pull qwen4`");
    expect(server.chats).toHaveLength(1);
  });

  it("wants a key", async () => {
    const server = await llmServer({ key: "another" });
    const wrong = await refusal(settingsFor(server));
    expect(wrong).toMatchObject({ code: "LLM_DENIED", hint: "check the key in TEST_LLM_KEY" });
    // The server repeats the key that it was sent.
    expect(wrong.message).toContain("Incorrect API key provided: Bearer [hidden]");
    const none = await refusal(settingsFor(server, { apiKey: null }));
    expect(none.hint).toBe("put the server's key into TEST_LLM_KEY");
  });

  it.each(["html", "nothing", "redirect", "wrong_type", "other_json"] as const)(
    "answers with %s",
    async (name) => {
      const server = await llmServer();
      server.play({ fault: FAULTS[name].fault });
      expect((await refusal(settingsFor(server, PATIENT))).code).toBe("LLM_INCOMPATIBLE");
      expect(server.chats.length).toBe(name === "redirect" ? 1 : 2);
    },
  );

  it.each(["ftp://127.0.0.1/v1", "127.0.0.1:11434/v1", "://user:secret@x"])(
    "is no address: %s",
    async (baseUrl) => {
      const server = await llmServer();
      const error = await refusal(settingsFor(server, { baseUrl }));
      expect(error).toMatchObject({ code: "CONFIG_INVALID", where: "synthetic_llm.base_url" });
      expect(JSON.stringify(inWords(error))).not.toContain("secret");
    },
  );
});

describe("the address", () => {
  it.each(["", "/", "///"])("may end with %j", async (end) => {
    const server = await llmServer();
    const client = await connectServer(settingsFor(server, { baseUrl: server.baseUrl + end }));
    expect((await client.complete(rowsRequest(1))).kind).toBe("completed");
    expect(new Set(server.requests.map(({ path }) => path))).toEqual(
      new Set(["/v1/models", "/v1/chat/completions"]),
    );
  });

  it("may hold credentials, which are sent as such and shown nowhere", async () => {
    const server = await llmServer();
    const baseUrl = server.baseUrl.replace("http://", "http://someone:pass%2Fword-1234@");
    await connectServer(settingsFor(server, { baseUrl }));
    const basic = `Basic ${Buffer.from("someone:pass/word-1234").toString("base64")}`;
    expect(new Set(server.requests.map(({ headers }) => headers.authorization))).toEqual(new Set([basic]));
    await server.close();
    const closed = await refusal(settingsFor(server, { baseUrl }));
    expect(JSON.stringify(inWords(closed))).not.toMatch(/someone|word-1234/);
    expect(closed.where).toBe(server.baseUrl);
  });

  it("may have a query", async () => {
    const server = await llmServer();
    await connectServer(settingsFor(server, { baseUrl: `${server.baseUrl}?api-version=1` }));
    expect(new Set(server.requests.map(({ path }) => path))).toEqual(
      new Set(["/v1/models?api-version=1", "/v1/chat/completions?api-version=1"]),
    );
  });

  it("gets no key over plain HTTP, unless it is this machine", async () => {
    const server = await llmServer();
    // All of these are this machine; the first two are known to be.
    for (const [host, sent] of [
      ["127.0.0.1", true],
      ["localhost", true],
      ["0.0.0.0", false],
    ] as const) {
      server.reset();
      const notes: string[] = [];
      const baseUrl = server.baseUrl.replace("127.0.0.1", host);
      await connectServer(settingsFor(server, { baseUrl }), { note: (note) => notes.push(note) });
      expect([
        host,
        server.requests.every(({ headers }) => headers.authorization === `Bearer ${KEY}`),
      ]).toEqual([host, sent]);
      expect(notes).toEqual(sent ? [] : [`no key is sent to ${baseUrl}: it is plain HTTP to another host`]);
    }
  });
});
