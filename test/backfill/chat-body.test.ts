// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import { chatBody, type Dialect } from "../../src/backfill/chat-body.ts";
import { switchName, thinkingSwitches } from "../../src/backfill/thinking.ts";
import { rowsRequest } from "../faults/llm/support.ts";

const DIALECT: Dialect = {
  structured: "json_schema",
  stream: true,
  streamUsage: true,
  lengthField: "max_tokens",
  dropped: [],
  thinkingOff: { reasoning_effort: "none" },
};
const REQUEST = rowsRequest(3);

it("has all that a request says", () => {
  expect(chatBody("m", REQUEST, DIALECT)).toEqual({
    model: "m",
    messages: REQUEST.messages,
    temperature: 1.35,
    top_p: 0.95,
    seed: 1003,
    max_tokens: 1024,
    response_format: {
      type: "json_schema",
      json_schema: { name: "rows", strict: true, schema: REQUEST.schema.body },
    },
    stream: true,
    stream_options: { include_usage: true },
    reasoning_effort: "none",
  });
});

it.each([
  [{ structured: "text" }, ["response_format"], []],
  [{ stream: false }, ["stream", "stream_options"], []],
  [{ streamUsage: false }, ["stream_options"], []],
  [{ dropped: ["temperature", "seed"] }, ["temperature", "seed"], []],
  [{ lengthField: "max_completion_tokens" }, ["max_tokens"], ["max_completion_tokens"]],
  [{ thinkingOff: {} }, ["reasoning_effort"], []],
] satisfies [Partial<Dialect>, string[], string[]][])(
  "%j leaves out %j and has %j",
  (changes, without, more) => {
    const whole = Object.keys(chatBody("m", REQUEST, DIALECT));
    const keys = Object.keys(chatBody("m", REQUEST, { ...DIALECT, ...changes }));
    expect(keys.sort()).toEqual([...whole.filter((key) => !without.includes(key)), ...more].sort());
  },
);

it("asks for JSON of any shape where that is all there is", () => {
  expect(chatBody("m", REQUEST, { ...DIALECT, structured: "json_object" }).response_format).toEqual({
    type: "json_object",
  });
});

it("is the same for the same request", () => {
  const text = JSON.stringify(chatBody("m", REQUEST, DIALECT));
  expect(JSON.stringify(chatBody("m", rowsRequest(3), { ...DIALECT }))).toBe(text);
  expect(JSON.stringify(chatBody("m", rowsRequest(4), DIALECT))).not.toBe(text);
});

it("every way of switching thinking off ends with none, an unknown server's begins with it", () => {
  for (const provider of ["ollama", "openai", "vllm", "llama.cpp"]) {
    const names = thinkingSwitches(provider).map(switchName);
    expect(names.at(-1)).toBe("");
    expect(names.length).toBeGreaterThan(1);
    expect(new Set(names).size).toBe(names.length);
  }
  expect(thinkingSwitches("another").map(switchName)[0]).toBe("");
});
