// SPDX-License-Identifier: Apache-2.0
import {
  type Completion,
  MAX_NAME,
  MAX_REPLY,
  MAX_TOKENS,
  type Outcome,
  type ReplyFault,
  type Usage,
} from "./completion.ts";
import { type Refusal, refusalOf } from "./refusal.ts";
import { RepetitionWatch, type Stuck } from "./repetition.ts";

type Json = Readonly<Record<string, unknown>>;

/** A reply as far as it has come. */
export interface Reply {
  readonly text: string;
  /** Whether there was text in the reasoning. */
  readonly reasoned: boolean;
  readonly refused: boolean;
  /** Whether there was a choice at all. */
  readonly chosen: boolean;
  /** Why the server ended it; null where it did not say. */
  readonly finish: string | null;
  /** What it has fallen into; its stream is given up then. */
  readonly stuck: Stuck | null;
  readonly model: string;
  readonly fingerprint: string | null;
  readonly usage: Usage | null;
}

/** What a server answered: a reply, or an error that it names; null where it is neither. */
export type Answer = { readonly reply: Reply } | { readonly refusal: Refusal } | null;

/** Puts a reply together, from one object or from the pieces of a stream. */
export class ReplyReader {
  readonly #watch = new RepetitionWatch();
  readonly #text: string[] = [];
  #reply: Reply = {
    text: "",
    reasoned: false,
    refused: false,
    chosen: false,
    finish: null,
    stuck: null,
    model: "",
    fingerprint: null,
    usage: null,
  };

  get reply(): Reply {
    return { ...this.#reply, text: this.#text.join("") };
  }

  /** What the reply has fallen into, without putting it together. */
  get stuck(): Stuck | null {
    return this.#reply.stuck;
  }

  /** Takes a piece in; whether it held a token. */
  add(piece: unknown): boolean {
    const { model, system_fingerprint, usage, choices } = objectOf(piece);
    const choice = firstOf(choices);
    const reply = this.#reply;
    this.#reply = {
      ...reply,
      model: stringOf(model) ?? reply.model,
      fingerprint: stringOf(system_fingerprint) ?? reply.fingerprint,
      usage: usageOf(usage) ?? reply.usage,
    };
    return choice !== null && this.#addChoice(choice);
  }

  #addChoice(choice: Json): boolean {
    const { content, reasoning, reasoning_content, thinking, refusal } = objectOf(
      choice.delta ?? choice.message,
    );
    const thought = [reasoning, reasoning_content, thinking].some((one) => stringOf(one) !== null);
    const text = stringOf(content) ?? "";
    this.#text.push(text);
    const reply = this.#reply;
    this.#reply = {
      ...reply,
      chosen: true,
      reasoned: reply.reasoned || thought,
      refused: reply.refused || stringOf(refusal) !== null,
      finish: stringOf(choice.finish_reason) ?? reply.finish,
      stuck: this.#watch.add(text),
    };
    return text !== "" || thought;
  }
}

/** Reads an answer that came whole. */
export function answerOf(body: unknown, headers: Headers): Answer {
  const object = objectOf(body);
  if (isError(object)) return { refusal: refusalOf(null, object, headers) };
  if (!Array.isArray(object.choices)) return null;
  const reader = new ReplyReader();
  reader.add(object);
  return { reply: reader.reply };
}

/** Whether a piece of a stream, or a whole answer, is an error in spite of its status. */
export function isError(object: Json): boolean {
  return (object.error !== undefined && object.error !== null) || object.object === "error";
}

/** What a whole chat completion comes to, as a batch or an answer holds it; null where it is none. */
export function outcomeOfChat(body: unknown, hide: (text: string) => string): Outcome | null {
  const answer = answerOf(body, new Headers());
  return answer !== null && "reply" in answer ? outcomeOf(answer.reply, hide) : null;
}

/** What a reply comes to; null where it was cut, and nothing but sending it again helps. */
export function outcomeOf(reply: Reply, hide: (text: string) => string): Outcome | null {
  const about = {
    model: nameOf(hide(reply.model)),
    fingerprint: reply.fingerprint === null ? null : nameOf(hide(reply.fingerprint)),
    usage: reply.usage,
  };
  const text = hide(reply.text);
  // The ledger would not take it; what a server says of itself stays.
  if (text.length > MAX_REPLY)
    return { kind: "faulty", fault: "too_large", completion: { text: "", ...about } };
  const completion: Completion = { text, ...about };
  const fault = faultOf(reply);
  if (fault !== null) return { kind: "faulty", fault, completion };
  return reply.finish === null ? null : { kind: "completed", completion };
}

/** A name that any file can hold. */
function nameOf(name: string): string {
  return name.slice(0, MAX_NAME).replace(/\p{Surrogate}/gu, "\ufffd");
}

function faultOf({ text, refused, finish, stuck, reasoned, chosen }: Reply): ReplyFault | null {
  if (refused) return "refused";
  if (finish === "content_filter") return "filtered";
  if (stuck !== null) return stuck;
  if (text.trim() === "") return reasoned ? "thought" : isWhole(finish, chosen) ? "empty" : null;
  return finish === "length" ? "cut" : null;
}

// Without a choice there is none to be cut.
function isWhole(finish: string | null, chosen: boolean): boolean {
  return finish !== null || !chosen;
}

/** A JSON object, or one without keys. */
export function objectOf(value: unknown): Json {
  return typeof value === "object" && value !== null ? (value as Json) : {};
}

function stringOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function firstOf(choices: unknown): Json | null {
  const first: unknown = Array.isArray(choices)
    ? choices.find((one) => (objectOf(one).index ?? 0) === 0)
    : null;
  return first === null || first === undefined ? null : objectOf(first);
}

function usageOf(value: unknown): Usage | null {
  const { prompt_tokens, completion_tokens } = objectOf(value);
  if (!isCount(prompt_tokens) || !isCount(completion_tokens)) return null;
  return { promptTokens: prompt_tokens, completionTokens: completion_tokens };
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_TOKENS;
}
