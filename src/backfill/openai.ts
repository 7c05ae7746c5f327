// SPDX-License-Identifier: Apache-2.0
import OpenAI, { APIError } from "openai";
import type { ChatBody } from "./chat-body.ts";
import { eventData } from "./event-stream.ts";
import { type Refusal, refusalOf } from "./refusal.ts";
import { answerOf, isError, objectOf, type Reply, ReplyReader } from "./reply.ts";
import type { ServerAddress } from "./server-address.ts";
import type { TokenWatch } from "./token-watch.ts";
import { MAX_ANSWER_BYTES, openTransport, readText, textOf } from "./transport.ts";
import { faultOf, TransportFault } from "./transport-fault.ts";

/** The SDK wants a key; ours stays in the transport, out of the reach of the SDK's errors. */
const NO_KEY = "not-sent";
/** The SDK's own deadline ends with the headers: the transport has one for the whole answer. */
const NO_DEADLINE_MS = 2 ** 31 - 1;

/** What came of one attempt. */
export type Attempt =
  | {
      readonly kind: "reply";
      readonly reply: Reply;
      /** Whether it came in pieces. */
      readonly streamed: boolean;
      /** Whether the stream said that it was whole. */
      readonly done: boolean;
    }
  | { readonly kind: "refusal"; readonly refusal: Refusal }
  /** A status of success, but nothing that a chat server says. */
  | { readonly kind: "strange"; readonly what: string }
  | { readonly kind: "fault"; readonly fault: TransportFault };

/**
 * The SDK, so set up that it takes nothing from the environment, writes nothing, and repeats nothing. Its own
 * methods for files and batches work too; what they throw never holds the key.
 */
export function openaiClient(
  address: ServerAddress,
  timeoutMs: number,
  maxBytes: number = MAX_ANSWER_BYTES,
): OpenAI {
  const { baseUrl, origin, authorization, query } = address;
  const send = openTransport({ origin, authorization, timeoutMs, maxBytes });
  return new OpenAI({
    baseURL: baseUrl,
    defaultQuery: { ...query },
    apiKey: NO_KEY,
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    logLevel: "off",
    maxRetries: 0,
    timeout: NO_DEADLINE_MS,
    fetch: async (input, init) => canonical(await send(input, init)),
  });
}

/** The SDK keeps of an error's body what stands under `error`; not every server puts it there. */
async function canonical(response: Response): Promise<Response> {
  if (response.ok) return response;
  const { status, headers } = response;
  const text = await readText(response).catch(() => "");
  const body = parsed(text) ?? text;
  const inner: unknown = objectOf(body).error ?? withoutInput(objectOf(body).detail) ?? body;
  const error = typeof inner === "object" ? inner : { message: inner };
  return new Response(JSON.stringify({ error }), { status, headers });
}

/** FastAPI says what is wrong field by field, each with the input: that is a prompt, with rows of datasets in it. */
function withoutInput(detail: unknown): unknown {
  if (!Array.isArray(detail)) return detail;
  return detail.map((one) => String(objectOf(one).msg ?? "a field is wrong")).join("; ");
}

/** Sends a chat request once. */
export async function sendChat(client: OpenAI, body: ChatBody, watch: TokenWatch): Promise<Attempt> {
  return attempting<Attempt>(watch, async () => {
    const options = { signal: watch.signal };
    const response = await client.chat.completions.create(body, options).asResponse();
    const type = mediaType(response);
    if (type === "text/event-stream") return readStream(response, watch);
    if (!isJson(type))
      return unread(response, type === "" ? "a reply of no type" : `a reply of type ${type}`);
    return readWhole(response);
  });
}

/** The SDK's client, for who may not import the SDK. */
export type Client = OpenAI;

/** Names of the server's models, or why there is no list of them. */
export async function listModels(client: OpenAI, watch: TokenWatch): Promise<readonly string[] | Attempt> {
  let models: readonly string[] = [];
  const attempt = await attempting<Attempt | null>(watch, async () => {
    const response = await client.get("/models", { signal: watch.signal }).asResponse();
    if (!isJson(mediaType(response))) return unread(response, "no list of models");
    const { data } = objectOf(parsed(await readText(response)));
    if (!Array.isArray(data)) return { kind: "strange", what: "no list of models" };
    models = data.map((one) => objectOf(one).id).filter((id) => typeof id === "string");
    return null;
  });
  return attempt ?? models;
}

/** An answer whose body nobody wants: left open, its deadline would keep the process for the whole timeout. */
async function unread(response: Response, what: string): Promise<Attempt> {
  await response.body?.cancel();
  return { kind: "strange", what };
}

/** Whether a list of models came. */
export function isList(models: readonly string[] | Attempt): models is readonly string[] {
  return Array.isArray(models);
}

/** What `work` comes to with the SDK, whose errors become attempts; ends `watch`. */
export async function attempting<T>(watch: TokenWatch, work: () => Promise<T>): Promise<T | Attempt> {
  try {
    return await work();
  } catch (error) {
    // The SDK puts an error of its own in the place of why a signal was aborted.
    const reason: unknown = watch.signal.aborted ? watch.signal.reason : error;
    return failedAttempt(reason);
  } finally {
    watch.end();
  }
}

function failedAttempt(error: unknown): Attempt {
  if (error instanceof APIError && error.status !== undefined)
    return { kind: "refusal", refusal: refusalOf(error.status, error.error, error.headers ?? new Headers()) };
  const cause = error instanceof APIError ? error.cause : error;
  if (cause instanceof TransportFault) return { kind: "fault", fault: cause };
  return { kind: "fault", fault: faultOf(cause, true) };
}

async function readWhole(response: Response): Promise<Attempt> {
  const text = await readText(response);
  const body = parsed(text);
  if (body === undefined) {
    if (text.trim() === "") return { kind: "strange", what: "an empty reply" };
    // Half a body of gzip, or of a connection that ends where it is closed, comes without an error.
    return { kind: "fault", fault: new TransportFault("broken", "the reply is half a JSON text") };
  }
  const answer = answerOf(body, response.headers);
  if (answer === null) return { kind: "strange", what: "JSON that is no chat completion" };
  if ("refusal" in answer) return { kind: "refusal", refusal: answer.refusal };
  return { kind: "reply", reply: answer.reply, streamed: false, done: true };
}

async function readStream(response: Response, watch: TokenWatch): Promise<Attempt> {
  const reader = new ReplyReader();
  let done = false;
  let events = 0;
  for await (const data of eventData(textOf(response))) {
    events++;
    // Nothing that comes after is read: the connection may stay open.
    done = data.trim() === "[DONE]";
    if (done) break;
    const piece = parsed(data);
    if (piece === undefined) throw new TransportFault("broken", "a piece of the stream is half a JSON text");
    if (isError(objectOf(piece)))
      return { kind: "refusal", refusal: refusalOf(null, piece, response.headers) };
    if (reader.add(piece)) watch.touch();
    if (reader.stuck !== null) break;
  }
  if (events === 0) return { kind: "strange", what: "an empty stream" };
  return { kind: "reply", reply: reader.reply, streamed: true, done };
}

function mediaType(response: Response): string {
  return (response.headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
}

function isJson(type: string): boolean {
  return type === "application/json" || type.endsWith("+json");
}

/** A JSON value; undefined where the text is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
