// SPDX-License-Identifier: Apache-2.0
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { describe, expect, it, onTestFinished } from "vitest";
import { isPrivateLine, openTransport, readText, textOf } from "../../src/backfill/transport.ts";
import { faultOf, TransportFault } from "../../src/backfill/transport-fault.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

async function serve(handler: Handler): Promise<string> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function transport(
  url: string,
  changes: { timeoutMs?: number; maxBytes?: number; authorization?: string } = {},
) {
  return openTransport({
    origin: new URL(url).origin,
    authorization: "Bearer key",
    timeoutMs: 5000,
    maxBytes: 1 << 20,
    ...changes,
  });
}

/** The kind of fault that reading an answer ends with. */
async function kind(work: Promise<Response>): Promise<string> {
  try {
    return `read: ${await readText(await work)}`;
  } catch (error) {
    if (error instanceof TransportFault) return error.kind;
    throw error;
  }
}

/** Leads to a page that is there: who follows reads it. */
const redirecting: Handler = ({ url }, response) => {
  if (url === "/there") response.end("followed");
  else response.writeHead(302, { location: "/there" }).end();
};

describe("what is sent", () => {
  it("is what was given, and no more than that", async () => {
    let seen: IncomingMessage["headers"] = {};
    let body = "";
    const url = await serve(async (request, response) => {
      seen = request.headers;
      for await (const chunk of request) body += chunk;
      response.end("ok");
    });
    const headers = {
      "content-type": "application/json",
      "x-stainless-os": "Linux",
      authorization: "Bearer other",
    };
    const response = await transport(url)(`${url}/v1`, { method: "POST", headers, body: "{}" });
    expect(await readText(response)).toBe("ok");
    expect(seen).toMatchObject({
      "accept-encoding": "identity",
      authorization: "Bearer key",
      "content-type": "application/json",
      "user-agent": "modelpack",
    });
    expect(seen).not.toHaveProperty("x-stainless-os");
    expect(body).toBe("{}");
  });

  it("keeps the key from other origins", async () => {
    let seen: string | undefined = "none came";
    const url = await serve((request, response) => {
      seen = request.headers.authorization;
      response.end("ok");
    });
    const elsewhere = transport("https://api.example");
    await elsewhere(url);
    expect(seen).toBeUndefined();
  });

  it.each([
    ["http://localhost:1/v1", true],
    ["http://127.0.0.1:1/v1", true],
    ["http://127.1.2.3/v1", true],
    ["http://[::1]:1/v1", true],
    ["https://api.example/v1", true],
    ["http://192.168.0.2/v1", false],
    ["http://localhost.example/v1", false],
    ["http://127.0.0.1.example/v1", false],
  ])("%s may be told a key: %s", (url, expected) => {
    expect(isPrivateLine(new URL(url))).toBe(expected);
  });

  it("takes the files of the SDK", async () => {
    let body = "";
    let type = "";
    const url = await serve(async (request, response) => {
      type = request.headers["content-type"] ?? "";
      for await (const chunk of request) body += chunk;
      response.end("ok");
    });
    const form = new FormData();
    form.set("purpose", "batch");
    form.set("file", new File(["line 1\nline 2\n"], "batch.jsonl"));
    expect(await readText(await transport(url)(url, { method: "POST", body: form }))).toBe("ok");
    expect(type).toMatch(/^multipart\/form-data; boundary=/);
    expect(body).toContain('filename="batch.jsonl"');
    expect(body).toContain("line 1\nline 2\n");
  });
});

describe("what comes", () => {
  it("is handed on with its status and headers", async () => {
    const url = await serve((_, response) => {
      response.writeHead(418, { "retry-after": "7" });
      response.end("a teapot");
    });
    const response = await transport(url)(url);
    expect([response.status, response.headers.get("retry-after"), await readText(response)]).toEqual([
      418,
      "7",
      "a teapot",
    ]);
  });

  it.each([
    ["redirected", redirecting],
    ["dropped", (_, response) => void response.destroy()],
    [
      "broken",
      (_, response) =>
        void response.writeHead(200, { "content-length": "9" }).write("half", () => response.destroy()),
    ],
    ["broken", (_, response) => void response.writeHead(200).write("half", () => response.destroy())],
    ["not_text", (_, response) => void response.end(Buffer.from([0x61, 0xff, 0x62]))],
    ["not_text", (_, response) => void response.end(Buffer.from([0x61, 0xe2, 0x82]))],
    ["too_large", (_, response) => void response.end("x".repeat(2000))],
    ["late", () => undefined],
    ["late", (_, response) => void response.writeHead(200).write("a beginning")],
  ] satisfies [string, Handler][])("ends as %s", async (expected, handler) => {
    const url = await serve(handler);
    expect(await kind(transport(url, { timeoutMs: 150, maxBytes: 1000 })(url))).toBe(expected);
  });

  it("is late, too, when it drips", async () => {
    const url = await serve(async (_, response) => {
      for (let n = 0; n < 200 && !response.destroyed; n++) {
        response.write("x");
        await sleep(5);
      }
    });
    const began = performance.now();
    expect(await kind(transport(url, { timeoutMs: 100 })(url))).toBe("late");
    expect(performance.now() - began).toBeGreaterThanOrEqual(99);
  });

  it("costs no more memory than it may: a bomb of 200 MB", async () => {
    const bomb = gzipSync(Buffer.alloc(200 << 20, "x"));
    expect(bomb.length).toBeLessThan(220_000);
    const url = await serve((_, response) =>
      response.writeHead(200, { "content-encoding": "gzip" }).end(bomb),
    );
    const before = process.memoryUsage().rss;
    expect(await kind(transport(url)(url))).toBe("too_large");
    expect(process.memoryUsage().rss - before).toBeLessThan(60 << 20);
  });

  it("is away where nobody listens, at whatever address", async () => {
    const gone = createServer();
    await new Promise<void>((resolve) => gone.listen(0, "127.0.0.1", resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    for (const host of ["127.0.0.1", "localhost"])
      expect(await kind(transport("http://127.0.0.1")(`http://${host}:${port}/v1`))).toBe("away");
  });

  it("gives whole characters, however the bytes are cut", async () => {
    const url = await serve(async (_, response) => {
      for (const byte of Buffer.from("añ€😀")) {
        response.write(Buffer.from([byte]));
        await sleep(1);
      }
      response.end();
    });
    const pieces: string[] = [];
    for await (const piece of textOf(await transport(url)(url))) pieces.push(piece);
    expect(pieces.join("")).toBe("añ€😀");
    expect(pieces.every((piece) => /^[añ€😀]+$/u.test(piece))).toBe(true);
  });
});

describe("the meaning of an error", () => {
  const withCode = (code: string) =>
    new TypeError("fetch failed", { cause: Object.assign(new Error("x"), { code }) });
  it.each([
    ["ECONNREFUSED", "away"],
    ["EAI_AGAIN", "away"],
    ["UND_ERR_CONNECT_TIMEOUT", "away"],
    ["ENOTFOUND", "unresolved"],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "untrusted"],
    ["CERT_HAS_EXPIRED", "untrusted"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "untrusted"],
    ["ECONNRESET", "dropped"],
    ["UND_ERR_SOCKET", "dropped"],
  ])("%s is %s", (code, expected) => {
    const fault = faultOf(withCode(code), false);
    expect(fault.kind).toBe(expected);
    expect(fault.message).toContain(code);
    expect(fault.cause).toBeUndefined();
    // The SDK takes such words for a deadline of its own, and drops the error.
    expect(fault.message).not.toMatch(/timed? ?out/);
  });

  it("is that of the first address, where there are several, and a break once an answer has begun", () => {
    const cause = new AggregateError([Object.assign(new Error("x"), { code: "ECONNREFUSED" })]);
    expect(faultOf(new TypeError("fetch failed", { cause }), false).kind).toBe("away");
    expect(faultOf(withCode("UND_ERR_SOCKET"), true).kind).toBe("broken");
    expect(faultOf("what?", true).kind).toBe("broken");
  });
});
