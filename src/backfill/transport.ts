// SPDX-License-Identifier: Apache-2.0
import { Agent, fetch as send } from "undici";
import { faultOf, TransportFault } from "./transport-fault.ts";

// Node's own fetch gives up when headers or a piece of a body take 300 s, whatever deadline its caller set
// (ollama-js#72): a large model on a small machine takes longer. undici's Agent can be told not to.

/**
 * Bytes of an answer at most. The longest reply that can be asked for is some 100,000 tokens; in a stream each
 * costs about 150 bytes around it. What is larger is a bomb (200 KB of gzip make 200 MB) or no chat server.
 */
export const MAX_ANSWER_BYTES = 1 << 25;
/** Until there is a connection. A server that is there accepts in milliseconds. */
const CONNECT_MS = 4000;
/** Headers of the SDK that are sent on. Others would come from OPENAI_CUSTOM_HEADERS, or tell about this machine. */
const HEADERS = ["accept", "content-type"];
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** How requests are sent. */
export interface TransportOptions {
  /** The one origin that credentials are for. */
  readonly origin: string;
  /** Value of the Authorization header; null where there is none. */
  readonly authorization: string | null;
  /** Of a request in all, to the last byte of its answer. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

/** Whether a key may be sent there: over TLS, or to this machine. */
export function isPrivateLine(url: URL): boolean {
  return url.protocol === "https:" || LOOPBACK.test(url.hostname);
}

/**
 * A `fetch` that follows no redirect, takes no compressed bodies, ends in time, and reads so many bytes at most.
 * What fails throws a {@link TransportFault}, from the call or while the body is read.
 */
export function openTransport(options: TransportOptions): typeof fetch {
  const agent = new Agent({ headersTimeout: 0, bodyTimeout: 0, connect: { timeout: CONNECT_MS } });
  return async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const stop = new AbortController();
    // libuv's timers are on a monotonic clock.
    const timer = setTimeout(
      () => stop.abort(new TransportFault("late", `no whole answer within ${options.timeoutMs} ms`)),
      options.timeoutMs,
    );
    const end = (): void => clearTimeout(timer);
    const signals = [stop.signal, ...(init.signal == null ? [] : [init.signal])];
    let answered = false;
    try {
      const { body, type } = await bodyOf(init.body);
      const response = await send(url, {
        method: init.method ?? "GET",
        headers: headersOf(url, new Headers(init.headers), type, options),
        body,
        redirect: "error",
        signal: AbortSignal.any(signals),
        dispatcher: agent,
      });
      answered = true;
      return guarded(response, stop, end, options.maxBytes);
    } catch (error) {
      end();
      throw stop.signal.aborted ? stop.signal.reason : faultOf(error, answered);
    }
  };
}

/** What undici takes as a body. Node's own FormData, which the SDK makes of files, is none: it is written out. */
async function bodyOf(body: unknown): Promise<{ body: string | Uint8Array | null; type: string | null }> {
  if (body === undefined || body === null) return { body: null, type: null };
  if (typeof body === "string" || body instanceof Uint8Array) return { body, type: null };
  const whole = new Response(body as FormData);
  return { body: new Uint8Array(await whole.arrayBuffer()), type: whole.headers.get("content-type") };
}

function headersOf(
  url: URL,
  given: Headers,
  type: string | null,
  options: TransportOptions,
): Record<string, string> {
  const headers: Record<string, string> = { "accept-encoding": "identity", "user-agent": "modelpack" };
  for (const name of HEADERS) {
    const value = given.get(name);
    if (value !== null) headers[name] = value;
  }
  if (type !== null) headers["content-type"] = type;
  if (options.authorization !== null && url.origin === options.origin && isPrivateLine(url))
    headers.authorization = options.authorization;
  return headers;
}

type UndiciResponse = Awaited<ReturnType<typeof send>>;

/** The same answer as Node's Response, with a body that ends with a fault where it goes wrong. */
function guarded(
  response: UndiciResponse,
  stop: AbortController,
  end: () => void,
  maxBytes: number,
): Response {
  const { status, headers, body } = response;
  const init = { status, headers: [...headers] };
  if (body === null) {
    end();
    return new Response(null, init);
  }
  const reader = (body as ReadableStream<Uint8Array>).getReader();
  let bytes = 0;
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) {
          end();
          controller.close();
          return;
        }
        bytes += value.length;
        if (bytes > maxBytes)
          throw new TransportFault("too_large", `an answer of more than ${maxBytes} bytes`);
        controller.enqueue(value);
      } catch (error) {
        end();
        const fault = stop.signal.aborted ? stop.signal.reason : faultOf(error, true);
        // Nothing more of it is wanted; without this the connection would go on receiving.
        stop.abort(fault);
        controller.error(fault);
      }
    },
    async cancel() {
      end();
      await reader.cancel().catch(() => undefined);
    },
  });
  return new Response(stream, init);
}

/** A body as text, whole and strictly UTF-8: `Response.text()` would put U+FFFD in place of bad bytes, silently. */
export async function readText(response: Response): Promise<string> {
  const text: string[] = [];
  for await (const piece of textOf(response)) text.push(piece);
  return text.join("");
}

/** The same, as it arrives. */
export async function* textOf(response: Response): AsyncGenerator<string> {
  if (response.body === null) return;
  const decode = strictDecoder();
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    const piece = decode(chunk);
    if (piece !== "") yield piece;
  }
  decode(null);
}

function strictDecoder(): (chunk: Uint8Array | null) => string {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  return (chunk) => {
    try {
      return chunk === null ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch {
      throw new TransportFault("not_text", "the answer is no UTF-8");
    }
  };
}
