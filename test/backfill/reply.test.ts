// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { answerOf, outcomeOf, outcomeOfChat, ReplyReader } from "../../src/backfill/reply.ts";
import { type ChatReply, chatChunks, chatObject } from "../faults/llm/envelope.ts";

const HEALTHY: ChatReply = {
  content: '{"rows":["one","two"]}',
  finish: "stop",
  model: "m",
  fingerprint: "fp",
  promptTokens: 10,
  completionTokens: 5,
};
const COMPLETION = {
  text: HEALTHY.content,
  model: "m",
  fingerprint: "fp",
  usage: { promptTokens: 10, completionTokens: 5 },
};
const same = (text: string) => text;

/** The outcome of a reply that comes in pieces. */
function streamed(reply: ChatReply) {
  const reader = new ReplyReader();
  for (const chunk of chatChunks(reply, true)) reader.add(chunk);
  return outcomeOf(reader.reply, same);
}

describe.each([
  ["whole", (reply: ChatReply) => outcomeOfChat(chatObject(reply), same)],
  ["streamed", streamed],
] as const)("a reply that comes %s", (_, read) => {
  it("is completed", () => {
    expect(read(HEALTHY)).toEqual({ kind: "completed", completion: COMPLETION });
  });

  it.each([
    ["cut", { finish: "length" }],
    ["filtered", { finish: "content_filter" }],
    ["refused", { extra: { refusal: "No." } }],
    ["empty", { content: "" }],
    ["empty", { content: " \n" }],
    ["empty", { content: null, finish: "tool_calls", extra: { tool_calls: [{}] } }],
    ["thought", { content: "", extra: { reasoning: "Hm" } }],
    ["thought", { content: "", finish: "length", extra: { reasoning_content: "Hm" } }],
    ["thought", { content: null, extra: { thinking: "Hm" } }],
    ["blank", { content: `{${" ".repeat(300)}}` }],
    ["looping", { content: "forty characters that come again, again ".repeat(9) }],
  ])("is %s: %j", (fault, changes) => {
    expect(read({ ...HEALTHY, ...changes })).toMatchObject({
      kind: "faulty",
      fault,
      completion: { model: "m" },
    });
  });

  it("is too large where no ledger would hold it", () => {
    const content = Array.from({ length: 100_000 }, (_, i) => `words of number ${i} `).join("");
    expect(read({ ...HEALTHY, content })).toEqual({
      kind: "faulty",
      fault: "too_large",
      completion: { ...COMPLETION, text: "" },
    });
  });

  it("has names and counts that a ledger holds, whatever the server calls itself", () => {
    const odd = { model: "m".repeat(2000), fingerprint: "f\ud800", promptTokens: 1e13 };
    expect(read({ ...HEALTHY, ...odd })).toMatchObject({
      completion: { model: "m".repeat(1000), fingerprint: "f\ufffd", usage: null },
    });
  });

  it("is what was written, where there was reasoning too", () => {
    expect(read({ ...HEALTHY, extra: { reasoning: "Hm" } })).toEqual({
      kind: "completed",
      completion: COMPLETION,
    });
  });

  it("was cut, where nothing says why it ended", () => {
    expect(read({ ...HEALTHY, finish: null })).toBeNull();
  });

  it("hides what must not be seen", () => {
    const outcome = outcomeOfChat(chatObject({ ...HEALTHY, content: "my key is k" }), (text) =>
      text.replace("k", "*"),
    );
    expect(outcome).toMatchObject({ completion: { text: "my *ey is k" } });
  });
});

describe("other answers", () => {
  it.each([[{}], [[]], ["text"], [null], [7], [{ choices: null }], [{ choices: {} }], [{ detail: "hello" }]])(
    "%j is no chat completion",
    (body) => {
      expect(answerOf(body, new Headers())).toBeNull();
      expect(outcomeOfChat(body, same)).toBeNull();
    },
  );

  it.each([
    [{ choices: [] }],
    [{ choices: [null] }],
    [{ choices: [{ index: 0, message: null, finish_reason: "stop" }] }],
    [{ choices: [{ index: 1, message: { content: "other" }, finish_reason: "stop" }] }],
    [{ choices: [{ message: { content: ["a"] }, finish_reason: "stop" }] }],
    [{ choices: [{ message: { content: { a: 1 } }, finish_reason: "stop" }] }],
  ])("%j is empty", (body) => {
    expect(outcomeOfChat(body, same)).toMatchObject({ kind: "faulty", fault: "empty" });
  });

  it("an error is one, though it has choices; a null is none", () => {
    expect(answerOf({ error: "no", choices: [] }, new Headers())).toHaveProperty("refusal.message", "no");
    expect(answerOf({ object: "error", message: "no" }, new Headers())).toHaveProperty(
      "refusal.message",
      "no",
    );
    expect(outcomeOfChat({ ...chatObject(HEALTHY), error: null }, same)?.kind).toBe("completed");
  });

  it.each([
    [{ prompt_tokens: -1, completion_tokens: 5 }],
    [{ prompt_tokens: "10", completion_tokens: 5 }],
    [{ prompt_tokens: 1.5, completion_tokens: 5 }],
    [{ prompt_tokens: 10 }],
    [null],
  ])("usage that is none: %j", (usage) => {
    expect(outcomeOfChat({ ...chatObject(HEALTHY), usage }, same)).toMatchObject({
      completion: { usage: null },
    });
  });
});

it("tells the pieces that hold a token from those that do not", () => {
  const reader = new ReplyReader();
  const delta = (fields: object) =>
    reader.add({ choices: [{ index: 0, delta: fields, finish_reason: null }] });
  expect([
    delta({ role: "assistant", content: "" }),
    delta({ content: "a" }),
    delta({ reasoning: "b" }),
  ]).toEqual([false, true, true]);
  expect([delta({}), reader.add({ choices: [] }), reader.add("odd"), reader.add(null)]).toEqual([
    false,
    false,
    false,
    false,
  ]);
  expect(reader.reply).toMatchObject({ text: "a", reasoned: true, finish: null });
});
