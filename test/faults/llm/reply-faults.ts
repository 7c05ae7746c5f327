// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { type ChatReply, chatChunks, chatObject, sse } from "./envelope.ts";
import { error, json } from "./protocol.ts";
import type { Exchange, Fault } from "./script.ts";
import type { NamedFault } from "./transport-faults.ts";

// What goes wrong in a reply: its envelope, and what the model writes. The numbers are the rows of
// RELIABILITY.md's table.

/** A reply with other fields, in a healthy envelope. */
function reply(change: (healthy: ChatReply, exchange: Exchange) => Partial<ChatReply>): Fault {
  return (exchange) => exchange.send({ ...exchange.reply, ...change(exchange.reply, exchange) });
}

/** A reply with other content. */
function content(change: (text: string, exchange: Exchange) => string): Fault {
  return reply(({ content }, exchange) => ({ content: change(content ?? "", exchange) }));
}

/** A reply whose object, or each piece of it, is changed. */
function object(
  change: (body: Record<string, unknown>, streamed: boolean) => Record<string, unknown>,
): Fault {
  return ({ response, reply: healthy, streamed }) => {
    if (!streamed) return json(response, 200, change(chatObject(healthy), false));
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(sse(chatChunks(healthy, true).map((chunk) => change(chunk, true))));
  };
}

/** The one choice with another message, or other pieces of one. */
function message(other: unknown): Fault {
  return object((body, streamed) => ({
    ...body,
    choices: [{ index: 0, [streamed ? "delta" : "message"]: other, finish_reason: "stop" }],
  }));
}

/** The rows that the model writes, changed. */
function rows(change: (rows: readonly object[], exchange: Exchange) => readonly unknown[]): Fault {
  return content((text, exchange) => {
    const { rows: written = [], ...rest } = JSON.parse(text) as { rows?: readonly object[] };
    return JSON.stringify({ ...rest, rows: change(written, exchange) });
  });
}

/** An error with status 200: the whole reply, or in the middle of a stream. */
function namedError(body: unknown): Fault {
  return ({ response, reply: healthy, streamed }) => {
    if (!streamed) return json(response, 200, body);
    response.writeHead(200, { "content-type": "text/event-stream" });
    const pieces = chatChunks(healthy, true);
    response.end(sse([...pieces.slice(0, 3), body], false));
  };
}

/** A reply without its end: the last pieces are missing, and nothing says so. */
function withoutEnd(finish: boolean, done: boolean): Fault {
  return ({ response, reply: healthy, streamed }) => {
    const short = finish ? healthy : { ...healthy, finish: null };
    if (!streamed) return json(response, 200, chatObject(short));
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(sse(chatChunks(short, false), done));
  };
}

/** Writes on and on, a piece at a time where it is streamed; stops when nobody listens any more. */
function endless(begin: string, piece: (n: number) => string, pieces: number, ms = 0): Fault {
  return async ({ response, reply: healthy, streamed, send }) => {
    const texts = Array.from({ length: pieces }, (_, n) => piece(n));
    if (!streamed) return send({ ...healthy, content: begin + texts.join(""), finish: "length" });
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const text of [begin, ...texts]) {
      if (response.destroyed) return;
      const one = { ...healthy, content: text, finish: null };
      response.write(sse(chatChunks(one, false), false));
      await sleep(ms);
    }
    response.end(sse([], true));
  };
}

const BLOCK = "and the quick brown fox jumps over the lazy dog again, ";

export const REPLY_FAULTS = {
  prompt_cut: { row: 7, fault: reply(() => ({ promptTokens: 3 })) },
  no_finish: { row: 18, fault: withoutEnd(false, false) },
  no_finish_but_done: { row: 18, fault: withoutEnd(false, true) },
  no_done: { row: 18, fault: withoutEnd(true, false) },
  error_overloaded: {
    row: 21,
    fault: namedError({ error: { message: "The server is overloaded", type: "overloaded_error" } }),
  },
  error_code: { row: 21, fault: namedError({ error: { message: "upstream failed", code: 502 } }) },
  error_overlong: {
    row: 21,
    fault: namedError(error("This model's maximum context length is 4096", "context_length_exceeded")),
  },
  error_key: { row: 21, fault: namedError(error("Incorrect API key provided", "invalid_api_key")) },
  error_text: { row: 21, fault: namedError({ error: "unexpected EOF" }) },
  no_choices: { row: 23, fault: object((body) => ({ ...body, choices: [] })) },
  null_message: { row: 23, fault: message(null) },
  null_content: { row: 23, fault: message({ role: "assistant", content: null }) },
  array_content: { row: 23, fault: message({ role: "assistant", content: [{ type: "text", text: "{}" }] }) },
  tool_calls: {
    row: 23,
    fault: message({
      role: "assistant",
      content: null,
      tool_calls: [{ id: "call_1", type: "function", function: { name: "rows", arguments: "{}" } }],
    }),
  },
  thought: { row: 24, fault: thoughtIn("reasoning") },
  thought_content: { row: 24, fault: thoughtIn("reasoning_content") },
  thought_thinking: { row: 24, fault: thoughtIn("thinking") },
  thought_cut: {
    row: 24,
    fault: reply(() => ({ content: "", finish: "length", extra: { reasoning: "Let me think" } })),
  },
  think_tags: { row: 25, fault: content((text) => `<think>\nA banana?\n</think>\n${text}`) },
  think_unclosed: { row: 25, fault: content((text) => `<think>\n${text}`) },
  cut_by_length: {
    row: 26,
    fault: reply(({ content: text }) => ({ content: text?.slice(0, -20) ?? "", finish: "length" })),
  },
  whole_but_length: { row: 26, fault: reply(() => ({ finish: "length" })) },
  filtered: { row: 27, fault: reply(() => ({ content: "", finish: "content_filter" })) },
  refused: {
    row: 27,
    fault: reply(() => ({ content: null, extra: { refusal: "I can't help with that." } })),
  },
  refused_in_words: { row: 27, fault: content(() => "I'm sorry, as an AI language model I can't do that.") },
  blank_loop: { row: 28, fault: endless('{"rows":[', () => "\n   ", 5000) },
  block_loop: { row: 28, fault: endless('{"rows":["', () => BLOCK, 500) },
  endless: { row: 16, fault: endless("", (n) => `${n} different words, `, 200, 20) },
  looped_sentence: {
    row: 29,
    fault: rows(([first]) => [1, 2, 3].map(() => ({ ...first, text: BLOCK.repeat(3) }))),
  },
  prose: { row: 30, fault: content(() => "Sure! Here are some rows about that: first, second and third.") },
  fenced: { row: 30, fault: content((text) => `\`\`\`json\n${text}\n\`\`\``) },
  extra_keys: { row: 31, fault: rows((all) => all.map((row) => ({ ...row, extra: 1, label: "other" }))) },
  proto_key: { row: 31, fault: content((text) => text.replace(/^\{/, '{"__proto__":{"rows":[]},')) },
  duplicate_key: { row: 31, fault: content((text) => text.replace(/\}$/, ',"rows":[]}')) },
  numbers: { row: 31, fault: rows((all) => all.map((_, n) => ({ text: n }))) },
  nested: { row: 31, fault: rows((all) => [all]) },
  many: { row: 31, fault: rows((all) => Array.from({ length: 10 }, () => all).flat()) },
  none: { row: 31, fault: rows(() => []) },
  surrogate: { row: 32, fault: rows((all) => all.map((row) => ({ ...row, text: "half \ud800 of it" }))) },
  nul: { row: 32, fault: rows((all) => all.map((row) => ({ ...row, text: "a nul \u0000 in it" }))) },
  replaced: { row: 32, fault: rows((all) => all.map((row) => ({ ...row, text: "a hole \ufffd in it" }))) },
  bom: { row: 32, fault: content((text) => `\ufeff${text}`) },
  copies: { row: 33, fault: rows((all) => all.map(() => all[0])) },
  variants: {
    row: 33,
    fault: rows(([first]) => {
      const { text = "" } = { ...first } as { text?: string };
      return [text, text.toUpperCase(), `  ${text.replaceAll(" ", "  ")}`, `${text}!`].map((one) => ({
        text: one,
      }));
    }),
  },
  echo: {
    row: 34,
    fault: rows((all, { seen }) => all.map((row) => ({ ...row, text: lastMessage(seen.body) }))),
  },
  template: {
    row: 34,
    fault: rows((all) => all.map((row, n) => ({ ...row, text: `Example ${n + 1}: <text here>` }))),
  },
  other_script: {
    row: 35,
    fault: rows((all) =>
      all.map((row, n) => ({ ...row, text: `Это совсем другой язык, строка номер ${n}` })),
    ),
  },
  swapped: { row: 36, fault: reply(() => ({ model: "another-model", fingerprint: "fp_other" })) },
} satisfies Readonly<Record<string, NamedFault>>;

function thoughtIn(field: string): Fault {
  return reply(() => ({ content: "", extra: { [field]: "First I should think about bananas." } }));
}

function lastMessage({ messages }: Readonly<Record<string, unknown>>): string {
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : null;
  return String(Object(last).content);
}
