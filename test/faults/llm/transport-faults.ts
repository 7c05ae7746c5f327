// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { chatChunks, sse } from "./envelope.ts";
import { error, json } from "./protocol.ts";
import type { Exchange, Fault } from "./script.ts";

// What goes wrong around a reply: statuses, waits, framing, bytes. The numbers are the rows of RELIABILITY.md's
// table.

/** A fault and the row of the table that it plays. */
export interface NamedFault {
  readonly row: number;
  readonly fault: Fault;
}

/** Answers with a status and an error as OpenAI words it. */
export function status(
  code: number,
  message: string,
  name = "server_error",
  headers: Readonly<Record<string, string>> = {},
): Fault {
  return ({ response }) => json(response, code, error(message, name), headers);
}

function limited(headers: Readonly<Record<string, string>>): Fault {
  return status(429, "Rate limit reached", "rate_limit_exceeded", headers);
}

/** Any body of any type, with status 200. */
function plain(type: string, body: string | Buffer, headers: Readonly<Record<string, string>> = {}): Fault {
  return ({ response }) => {
    response.writeHead(200, { "content-type": type, ...headers });
    response.end(body);
  };
}

/** Sends the head and a part of the body, and breaks the connection. */
function cut(framed: boolean): Fault {
  return ({ response, body }) => {
    const { type, bytes } = body();
    const length = framed ? { "content-length": String(bytes.length) } : {};
    response.writeHead(200, { "content-type": type, ...length });
    response.write(bytes.subarray(0, bytes.length >> 1), () => response.destroy());
  };
}

/** The end of the connection is the end of the body, and comes too soon: no error for who reads. */
function cutUnframed({ response, body }: Exchange): void {
  const { type, bytes } = body();
  response.useChunkedEncodingByDefault = false;
  response.writeHead(200, { "content-type": type, connection: "close" });
  response.end(bytes.subarray(0, bytes.length >> 1));
}

function halfGzip({ response, body }: Exchange): void {
  const { type, bytes } = body();
  const packed = gzipSync(bytes);
  response.writeHead(200, { "content-type": type, "content-encoding": "gzip" });
  response.end(packed.subarray(0, packed.length >> 1));
}

let packedBomb: Buffer | null = null;

function gzipBomb({ response, body }: Exchange): void {
  packedBomb ??= gzipSync(Buffer.alloc(200 << 20, " "));
  response.writeHead(200, { "content-type": body().type, "content-encoding": "gzip" });
  response.end(packedBomb);
}

/** Sends pieces until the other side has had enough. */
async function forEver({ response }: Exchange, type: string, ms: number, piece: (n: number) => string) {
  response.writeHead(200, { "content-type": type });
  for (let n = 0; !response.destroyed; n++) {
    response.write(piece(n));
    await sleep(ms);
  }
}

/** Bytes that keep the connection alive and say nothing. */
const keepAlive: Fault = (exchange) =>
  forEver(exchange, exchange.body().type, 20, () => (exchange.streamed ? ": ping\n\n" : " "));

/** Pieces of a stream without a token in them. */
const emptyPieces: Fault = (exchange) => {
  const [empty] = chatChunks({ ...exchange.reply, content: "", finish: null }, false);
  return forEver(exchange, exchange.body().type, 20, () => (exchange.streamed ? sse([empty], false) : " "));
};

const drip: Fault = async ({ response, body }) => {
  const { type, bytes } = body();
  response.writeHead(200, { "content-type": type });
  for (let at = 0; at < bytes.length && !response.destroyed; at++) {
    response.write(bytes.subarray(at, at + 1));
    await sleep(20);
  }
  response.end();
};

function badBytes({ response, body }: Exchange): void {
  const { type, bytes } = body();
  const at = bytes.length >> 1;
  response.writeHead(200, { "content-type": type });
  response.end(Buffer.concat([bytes.subarray(0, at), Buffer.from([0xc3, 0x28, 0xff]), bytes.subarray(at)]));
}

/** Headers alone, then nothing. */
function silentBody({ response, body }: Exchange): void {
  response.writeHead(200, { "content-type": body().type });
  response.flushHeaders();
}

export const TRANSPORT_FAULTS = {
  gone: { row: 2, fault: ({ server }) => server.close() },
  unauthorized: { row: 4, fault: status(401, "Incorrect API key provided", "invalid_api_key") },
  forbidden: { row: 4, fault: status(403, "You have no access to this", "permission_denied") },
  model_reloading: { row: 5, fault: status(404, 'model "test-model" not found, try pulling it first', "") },
  model_removed: {
    row: 5,
    fault: (exchange) => {
      exchange.server.removeModel();
      return status(404, 'model "test-model" not found, try pulling it first', "")(exchange);
    },
  },
  overlong_openai: {
    row: 6,
    fault: status(400, "This model's maximum context length is 4096 tokens", "context_length_exceeded"),
  },
  overlong_vllm: {
    row: 6,
    fault: ({ response }) =>
      json(response, 400, {
        object: "error",
        message: "This model's maximum context length is 2048 tokens. However, you requested 2300 tokens",
        type: "BadRequestError",
        code: 400,
      }),
  },
  overlong_llama_cpp: {
    row: 6,
    fault: status(400, "the request exceeds the available context size", "exceed_context_size_error"),
  },
  overlong_ollama: {
    row: 6,
    fault: ({ response }) => json(response, 400, { error: "the input length exceeds the context length" }),
  },
  limited: { row: 8, fault: limited({ "retry-after": "0.1" }) },
  limited_ms: { row: 8, fault: limited({ "retry-after-ms": "100" }) },
  limited_silently: { row: 8, fault: limited({}) },
  limited_long: { row: 9, fault: limited({ "retry-after": "3600" }) },
  limited_for_ages: { row: 9, fault: limited({ "retry-after": "1e9" }) },
  limited_negative: { row: 9, fault: limited({ "retry-after": "-5" }) },
  limited_past: { row: 9, fault: limited({ "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT" }) },
  limited_soon: { row: 9, fault: limited({ "retry-after": "soon" }) },
  quota: { row: 10, fault: status(429, "You exceeded your current quota", "insufficient_quota") },
  internal: { row: 11, fault: status(500, "internal error") },
  bad_gateway: { row: 11, fault: plainStatus(502, "<html><h1>502 Bad Gateway</h1></html>") },
  overloaded: { row: 11, fault: status(503, "server busy, please try again", "overloaded_error") },
  gateway_timeout: { row: 11, fault: plainStatus(504, "upstream request timeout") },
  runner_terminated: { row: 11, fault: status(500, "llama runner process has terminated: exit status 2") },
  unexpected_eof: { row: 11, fault: status(500, "unexpected EOF") },
  conflict: { row: 11, fault: status(409, "locked") },
  told_to_retry: { row: 11, fault: status(400, "try again", "hiccup", { "x-should-retry": "true" }) },
  told_not_to_retry: { row: 11, fault: status(500, "no use", "hopeless", { "x-should-retry": "false" }) },
  bad_request: { row: 12, fault: status(400, "invalid grammar: unexpected token", "invalid_request_error") },
  crash: { row: 12, fault: ({ server }) => server.crash(5) },
  no_headers: { row: 13, fault: () => undefined },
  silent_body: { row: 14, fault: silentBody },
  keep_alive: { row: 15, fault: keepAlive },
  empty_pieces: { row: 15, fault: emptyPieces },
  drip: { row: 16, fault: drip },
  cut_length: { row: 17, fault: cut(true) },
  cut_chunked: { row: 17, fault: cut(false) },
  reset: { row: 17, fault: ({ response }) => void response.destroy() },
  cut_unframed: { row: 18, fault: cutUnframed },
  half_gzip: { row: 19, fault: halfGzip },
  gzip_bomb: { row: 20, fault: gzipBomb },
  html: { row: 22, fault: plain("text/html", "<html><body>Please log in</body></html>") },
  nothing: { row: 22, fault: plain("application/json", "") },
  wrong_type: { row: 22, fault: plain("text/plain", "OK") },
  other_json: { row: 22, fault: plain("application/json", '{"hello":"world"}') },
  bad_bytes: { row: 32, fault: badBytes },
  redirect: {
    row: 22,
    fault: ({ response, server }) => {
      response.writeHead(307, { location: `${server.origin}/elsewhere` });
      response.end();
    },
  },
} satisfies Readonly<Record<string, NamedFault>>;

function plainStatus(code: number, body: string): Fault {
  return ({ response }) => {
    response.writeHead(code, { "content-type": "text/html" });
    response.end(body);
  };
}
