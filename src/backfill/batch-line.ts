// SPDX-License-Identifier: Apache-2.0
import { isUtf8 } from "node:buffer";
import { canonicalJson, sha256 } from "../storage/digest.ts";
import type { ChatBody } from "./chat-body.ts";
import type { CompletionRequest } from "./completion.ts";
import type { Attempt } from "./openai.ts";
import { refusalOf } from "./refusal.ts";
import { answerOf, objectOf } from "./reply.ts";
import { TransportFault } from "./transport-fault.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

// The lines of a batch's files, as OpenAI's reference of the Batch API has them.

/** Errors of a line that only say that its turn never came. */
const NEVER_RUN = /^batch_(?:expired|cancelled)$/;

/**
 * The `custom_id` of a request, 64 characters, which is the API's most: the same in every run, so that a reply
 * finds its request after a restart. The server's dialect is not in it, as it is not in the ledger's key.
 */
export function customId(
  model: string,
  { messages, schema, temperature, topP, maxTokens, seed }: CompletionRequest,
): string {
  return sha256(canonicalJson({ model, messages, schema, temperature, topP, maxTokens, seed }));
}

/** The line of a request. */
export function inputLine(id: string, body: ChatBody): string {
  return `${JSON.stringify({ custom_id: id, method: "POST", url: "/v1/chat/completions", body })}\n`;
}

/** What came of one request of a batch. */
export interface ResultLine {
  readonly id: string;
  readonly attempt: Attempt;
}

/** Reads a line of an output or error file; null where it answers nothing. */
export function resultOf(line: Uint8Array): ResultLine | null {
  const json = objectOf(parsed(line));
  const { custom_id: id, response, error } = json;
  if (typeof id !== "string") return null;
  if (!isUtf8(line)) {
    const fault = new TransportFault("not_text", "the reply is no UTF-8");
    return { id, attempt: { kind: "fault", fault } };
  }
  const { status_code: status, body } = objectOf(response);
  if (typeof status === "number" && status >= 400)
    return { id, attempt: { kind: "refusal", refusal: refusalOf(status, body, new Headers()) } };
  if (response !== null && response !== undefined) return { id, attempt: attemptOf(body) };
  if (NEVER_RUN.test(String(objectOf(error).code))) return null;
  return { id, attempt: { kind: "refusal", refusal: refusalOf(null, { error }, new Headers()) } };
}

function attemptOf(body: unknown): Attempt {
  const answer = answerOf(body, new Headers());
  if (answer === null) return { kind: "strange", what: "a line of a batch that is no chat completion" };
  if ("refusal" in answer) return { kind: "refusal", refusal: answer.refusal };
  return { kind: "reply", reply: answer.reply, streamed: false, done: true };
}

function parsed(line: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(line));
  } catch {
    return null;
  }
}
