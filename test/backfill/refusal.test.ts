// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import { kindOf, refusalOf } from "../../src/backfill/refusal.ts";

const NONE = new Headers();

// Words of the servers themselves.
it.each([
  [
    400,
    {
      error: {
        message: "This model's maximum context length is 128000 tokens.",
        code: "context_length_exceeded",
      },
    },
    "overlong",
  ],
  [
    400,
    {
      object: "error",
      message: "This model's maximum context length is 4096 tokens. However, you requested 5000",
      code: 400,
    },
    "overlong",
  ],
  [
    400,
    {
      error: {
        message: "the request exceeds the available context size, try increasing it",
        type: "exceed_context_size_error",
      },
    },
    "overlong",
  ],
  [500, { error: "the input length exceeds the context length" }, "overlong"],
  [413, "Payload Too Large", "overlong"],
  [400, { error: { message: "The response was filtered", code: "content_filter" } }, "filtered"],
  [401, { error: { message: "Incorrect API key provided" } }, "denied"],
  [403, { detail: "Forbidden" }, "denied"],
  [402, { error: { message: "Payment required" } }, "quota"],
  [429, { error: { message: "You exceeded your current quota", code: "insufficient_quota" } }, "quota"],
  [429, { error: { message: "Rate limit reached for gpt" } }, "limited"],
  [404, { error: { message: 'model "qwen" not found, try pulling it first' } }, "no_model"],
  [404, { object: "error", message: "The model `x` does not exist.", code: 404 }, "no_model"],
  [404, { detail: "Not Found" }, "no_path"],
  [404, "404 page not found", "no_path"],
  [500, { error: "llama runner process has terminated: signal: killed" }, "crashed"],
  [500, { error: { message: "EngineCore encountered an issue", type: "EngineDeadError" } }, "crashed"],
  [500, { error: "unexpected EOF" }, "crashed"],
  [500, "", "passing"],
  [503, { error: "server busy, please try again" }, "passing"],
  [408, "", "passing"],
  [409, "", "passing"],
  [400, { error: { message: "Unrecognized request argument supplied: seed", param: "seed" } }, "invalid"],
  [422, { detail: [{ msg: "field required" }] }, "invalid"],
  [405, "", "invalid"],
])("%d %j is %s", (status, body, expected) => {
  expect(kindOf(refusalOf(status, body, NONE))).toBe(expected);
});

it.each([
  [{ error: { message: "no", code: 429 } }, 429],
  [{ error: { message: "no", code: "503" } }, 503],
  [{ error: { message: "no", status: 502 } }, 502],
  [{ error: { message: "no", type: "rate_limit_error" } }, 429],
  [{ error: { message: "no", code: "invalid_api_key" } }, 401],
  [{ error: { message: "no", code: "model_not_found" } }, 404],
  [{ error: { message: "busy", type: "overloaded_error" } }, 503],
  [{ error: { message: "no", code: "context_length_exceeded" } }, 400],
  [{ error: { message: "no", code: 7 } }, 500],
  [{ error: "upstream connect error" }, 500],
])("an error inside a reply of 200, %j, is a %d", (body, expected) => {
  expect(refusalOf(null, body, NONE).status).toBe(expected);
});

it("a server may say whether to ask again", () => {
  const wish = (value: string) => new Headers({ "x-should-retry": value });
  expect(kindOf(refusalOf(400, "", wish("true")))).toBe("passing");
  expect(kindOf(refusalOf(500, "", wish("false")))).toBe("final");
  expect(kindOf(refusalOf(400, "", wish("false")))).toBe("invalid");
  expect(kindOf(refusalOf(500, "", wish("perhaps")))).toBe("passing");
});

it("what is odd is no reason to fail", () => {
  for (const body of [
    null,
    undefined,
    7,
    [],
    [[]],
    { error: null },
    { error: [] },
    { error: { message: {} } },
  ])
    expect(kindOf(refusalOf(500, body, NONE))).toBe("passing");
  expect(refusalOf(400, { error: { message: { a: 1 } } }, NONE).message).toBe('{"a":1}');
});

it("reads long messages in linear time", () => {
  const time = (length: number): number => {
    const refusal = refusalOf(400, { error: { message: "model context ".repeat(length / 14) } }, NONE);
    const began = performance.now();
    for (let n = 0; n < 20; n++) kindOf(refusal);
    return performance.now() - began;
  };
  time(80_000);
  expect(time(80_000)).toBeLessThan(Math.max(30, time(40_000) * 2.6));
});
