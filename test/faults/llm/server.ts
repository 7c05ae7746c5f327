// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type ChatReply, chatChunks, chatObject, sse } from "./envelope.ts";
import { contentFor, error, json, messagesOf, parsed } from "./protocol.ts";
import { type ActiveRule, type Exchange, type FaultRule, isPlayed, type SeenRequest } from "./script.ts";

// OpenAI's protocol on loopback, with a model that writes what the schema asks for: the same body, the same reply.

export interface LlmOptions {
  readonly model?: string;
  /** What `/v1/models` lists; null where there is no such path. The model alone where absent. */
  readonly models?: readonly string[] | null;
  /** The one key that is let in; anybody where absent. */
  readonly key?: string;
  /** False: `stream` is ignored. */
  readonly streams?: boolean;
  readonly usage?: boolean;
  /** What of `response_format` is honoured; the rest is ignored, as most servers do it. */
  readonly structured?: "json_schema" | "json_object" | "text";
  /** Fields of a body that are refused with a 400 which names them. */
  readonly refuses?: readonly string[];
  /** Milliseconds until a reply to the `index`-th chat request. */
  readonly latencyMs?: (seen: SeenRequest) => number;
  readonly fingerprint?: string | null;
  /** Extra fields of a message, by the request: a model that thinks, say. */
  readonly extra?: (seen: SeenRequest) => Readonly<Record<string, unknown>> | undefined;
}

export class LlmServer {
  readonly options: LlmOptions;
  readonly requests: SeenRequest[] = [];
  /** Most chat requests at a time so far. */
  maxInFlight = 0;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  #port = 0;
  #inFlight = 0;
  #removed = false;
  /** Whether it will be there again by itself. */
  #crashing = false;
  #chats = 0;
  #rules: ActiveRule[] = [];

  private constructor(options: LlmOptions) {
    this.options = options;
  }

  static async start(options: LlmOptions = {}): Promise<LlmServer> {
    const server = new LlmServer(options);
    await server.listen();
    return server;
  }

  /** Without `/v1`. */
  get origin(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** What a client is given. */
  get baseUrl(): string {
    return `${this.origin}/v1`;
  }

  get model(): string {
    return this.options.model ?? "test-model";
  }

  /** Whether nobody listens. */
  get isClosed(): boolean {
    return this.#server === null;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** The chat requests since the start or the last reset. */
  get chats(): readonly SeenRequest[] {
    return this.requests.filter(({ index }) => index >= 0);
  }

  /** How often each body came. */
  get counts(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { digest } of this.chats) counts.set(digest, (counts.get(digest) ?? 0) + 1);
    return counts;
  }

  play(...rules: readonly FaultRule[]): void {
    this.#rules.push(...rules.map((rule) => ({ ...rule, played: 0 })));
  }

  /** Forgets faults, requests and counts; a model that was removed is there again. */
  reset(): void {
    this.#rules = [];
    this.requests.length = 0;
    this.#chats = 0;
    this.#removed = false;
    this.maxInFlight = 0;
  }

  /** The model is there no more. */
  removeModel(): void {
    this.#removed = true;
  }

  /** Listens, at the port of before where it has listened already. */
  async listen(): Promise<void> {
    const server = createServer((request, response) => void this.#serve(request, response));
    server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.#port, "127.0.0.1", () => resolve());
    });
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Dies: every connection breaks, and nobody listens any more. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    this.#crashing = false;
    for (const socket of this.#sockets) socket.destroy();
    if (server !== null) await new Promise((resolve) => server.close(resolve));
  }

  /** Dies, and is there again after a while. */
  async crash(downMs: number): Promise<void> {
    if (this.#server === null) return;
    await this.close();
    this.#crashing = true;
    await sleep(downMs);
    if (this.#crashing) await this.listen();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = performance.now();
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    const path = (request.url ?? "").split("?")[0] ?? "";
    const isChat = request.method === "POST" && path === "/v1/chat/completions";
    const seen: SeenRequest = {
      method: request.method ?? "",
      path: request.url ?? "",
      headers: request.headers,
      body: parsed(bytes.toString("utf8")),
      digest: createHash("sha256").update(bytes).digest("hex"),
      at,
      index: isChat ? this.#chats++ : -1,
    };
    this.requests.push(seen);
    if (isChat) await this.#serveChat(seen, response);
    else this.#serveOther(seen, path, response);
  }

  #serveOther(seen: SeenRequest, path: string, response: ServerResponse): void {
    const refused = this.#refusal(seen);
    if (refused !== null) {
      json(response, refused.status, refused.body);
      return;
    }
    const models =
      this.options.models === undefined ? [this.#removed ? "another" : this.model] : this.options.models;
    if (path !== "/v1/models" || models === null) {
      json(response, 404, error("Not Found", "not_found"));
      return;
    }
    const data = models.map((id) => ({ id, object: "model", created: 1_700_000_000, owned_by: "test" }));
    json(response, 200, { object: "list", data });
  }

  async #serveChat(seen: SeenRequest, response: ServerResponse): Promise<void> {
    this.#inFlight++;
    this.maxInFlight = Math.max(this.maxInFlight, this.#inFlight);
    response.on("close", () => this.#inFlight--);
    const latency = this.options.latencyMs?.(seen) ?? 0;
    if (latency > 0) await sleep(latency);
    const rule = this.#rules.find((one) => isPlayed(one, seen));
    const refused = this.#refusal(seen);
    if (rule === undefined && refused !== null) {
      json(response, refused.status, refused.body);
      return;
    }
    if (rule !== undefined) rule.played++;
    const exchange = this.#exchange(seen, response);
    await (rule?.fault ?? ((one) => one.send()))(exchange);
  }

  /** What a healthy server refuses. */
  #refusal({ headers, body }: SeenRequest): { status: number; body: unknown } | null {
    const { key, refuses = [] } = this.options;
    if (key !== undefined && headers.authorization !== `Bearer ${key}`)
      return {
        status: 401,
        body: error(`Incorrect API key provided: ${headers.authorization}`, "invalid_api_key"),
      };
    const field = refuses.find((name) => body[name] !== undefined);
    if (field !== undefined) {
      const message = `Unrecognized request argument supplied: ${field}`;
      return {
        status: 400,
        body: { error: { message, type: "invalid_request_error", param: field, code: null } },
      };
    }
    const { model } = body;
    const names = this.#removed ? [] : [undefined, this.model, `${this.model}:latest`];
    if (names.some((name) => name === model)) return null;
    const message = `model "${model}" not found, try pulling it first`;
    return { status: 404, body: { error: { message, type: "api_error", param: null, code: null } } };
  }

  #exchange(seen: SeenRequest, response: ServerResponse): Exchange {
    const { streams = true, usage = true } = this.options;
    const reply = this.#replyTo(seen);
    const streamed = streams && seen.body.stream === true;
    const withUsage = usage && Object(seen.body.stream_options).include_usage === true;
    const body = (other: ChatReply = reply) =>
      streamed
        ? { type: "text/event-stream", bytes: Buffer.from(sse(chatChunks(other, withUsage))) }
        : { type: "application/json", bytes: Buffer.from(JSON.stringify(chatObject(other))) };
    const send = (other: ChatReply = reply): void => {
      const { type, bytes } = body(other);
      const length = streamed ? {} : { "content-length": String(bytes.length) };
      response.writeHead(200, { "content-type": type, ...length });
      response.end(bytes);
    };
    return { server: this, seen, response, reply, streamed, send, body };
  }

  #replyTo(seen: SeenRequest): ChatReply {
    const { usage = true, fingerprint = "fp_test" } = this.options;
    const messages = messagesOf(seen.body);
    const content = contentFor(seen.body, messages, this.options.structured ?? "json_schema");
    const bytes = messages.reduce((sum, one) => sum + Buffer.byteLength(one.content), 0);
    const extra = this.options.extra?.(seen);
    return {
      content,
      finish: "stop",
      model: this.model,
      fingerprint,
      promptTokens: Math.ceil(bytes / 4),
      completionTokens: usage ? Math.ceil(Buffer.byteLength(content) / 4) : null,
      ...(extra === undefined ? {} : { extra }),
    };
  }
}
