// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bodyLines } from "../../src/backfill/batch-file.ts";
import { customId, inputLine, resultOf } from "../../src/backfill/batch-line.ts";
import { batchState, isOver } from "../../src/backfill/batch-state.ts";
import { rowsRequest } from "../faults/llm/support.ts";

const chat = { model: "m", choices: [{ index: 0, message: { content: "hi" }, finish_reason: "stop" }] };
const read = (value: unknown) =>
  resultOf(Buffer.from(typeof value === "string" ? value : JSON.stringify(value)));

describe("customId", () => {
  it("is the same for the same question, and another for any other", () => {
    const request = rowsRequest(1);
    const id = customId("m", request);
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(customId("m", { ...request })).toBe(id);
    const others = [
      customId("n", request),
      ...[{ seed: 7 }, { temperature: 0 }, { topP: 0.5 }, { maxTokens: 9 }, { messages: [] }].map((change) =>
        customId("m", { ...request, ...change }),
      ),
      customId("m", { ...request, schema: { name: "rows", body: {} } }),
    ];
    expect(new Set([id, ...others]).size).toBe(8);
  });
});

describe("inputLine", () => {
  it("is one line of JSON", () => {
    const line = inputLine("a", {
      model: "m",
      messages: [{ role: "user", content: "x\ny\u2028" }],
    });
    expect(line.endsWith("}\n") && line.indexOf("\n") === line.length - 1).toBe(true);
    expect(JSON.parse(line)).toEqual({
      custom_id: "a",
      method: "POST",
      url: "/v1/chat/completions",
      body: { model: "m", messages: [{ role: "user", content: "x\ny\u2028" }] },
    });
  });
});

describe("resultOf", () => {
  it("reads a reply", () => {
    expect(
      read({ id: "r", custom_id: "a", response: { status_code: 200, body: chat }, error: null }),
    ).toMatchObject({
      id: "a",
      attempt: { kind: "reply", reply: { text: "hi", finish: "stop" }, streamed: false, done: true },
    });
  });

  it.each([
    [
      "a status",
      { response: { status_code: 429, body: { error: { message: "slow", code: "rate_limit" } } } },
      429,
    ],
    ["a status without a body", { response: { status_code: 500 } }, 500],
    [
      "an error in a reply",
      { response: { status_code: 200, body: { error: { message: "no", code: 400 } } } },
      400,
    ],
    ["an error of the batch", { response: null, error: { code: "server_error", message: "oops" } }, 500],
    ["nothing at all", {}, 500],
  ])("reads %s as a refusal", (_, rest, status) => {
    expect(read({ custom_id: "a", ...rest })).toMatchObject({
      id: "a",
      attempt: { kind: "refusal", refusal: { status } },
    });
  });

  it("takes what is no chat completion for strange, and bad bytes for what they are", () => {
    expect(read({ custom_id: "a", response: { status_code: 200, body: "x" } })?.attempt.kind).toBe("strange");
    const line = Buffer.from(JSON.stringify({ custom_id: "a", response: { status_code: 200, body: chat } }));
    line[line.indexOf("hi")] = 0xff;
    expect(resultOf(line)).toMatchObject({
      id: "a",
      attempt: { kind: "fault", fault: { kind: "not_text" } },
    });
  });

  it.each([
    ["whose turn never came", { custom_id: "a", response: null, error: { code: "batch_expired" } }],
    ["that was cancelled", { custom_id: "a", response: null, error: { code: "batch_cancelled" } }],
    ["without an id", { response: { status_code: 200, body: chat } }],
    ["with a number for an id", { custom_id: 1 }],
    ["that is half", '{"custom_id":"a"'],
    ["that is empty", ""],
    ["that is null", "null"],
  ])("reads nothing from a line %s", (_, line) => {
    expect(read(line)).toBeNull();
  });

  it("throws at no line", () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        resultOf(Buffer.from(text));
        resultOf(Buffer.from(`{"custom_id":"a","response":${text},"error":${text}}`));
      }),
    );
  });
});

describe("bodyLines", () => {
  async function* inPieces(text: Buffer, size: number): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < text.length; at += size) yield text.subarray(at, at + size);
  }
  async function lines(text: string, size: number): Promise<string[]> {
    const found: string[] = [];
    for await (const line of bodyLines(inPieces(Buffer.from(text), size), () => undefined))
      found.push(line.toString());
    return found;
  }

  it("gives the same lines whatever the pieces", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.json()),
        fc.boolean(),
        fc.integer({ min: 1, max: 40 }),
        async (values, ends, size) => {
          const text = values.join("\n") + (ends && values.length > 0 ? "\n" : "");
          expect(await lines(text, size)).toEqual(values);
        },
      ),
    );
  });

  it("fails where the last line is half", async () => {
    await expect(lines('{"a":1}\n{"b"', 3)).rejects.toMatchObject({ kind: "broken" });
  });

  it("fails at a line without end", async () => {
    async function* endless() {
      for (;;) yield new Uint8Array(1 << 22).fill(97);
    }
    const drain = async () => {
      for await (const _ of bodyLines(endless(), () => undefined)) throw new Error("no line was expected");
    };
    await expect(drain()).rejects.toMatchObject({ kind: "too_large" });
  });
});

describe("batchState", () => {
  it("reads what a provider may leave out", () => {
    expect(batchState({ id: "b", status: "validating" })).toEqual({
      id: "b",
      name: null,
      status: "validating",
      counts: { completed: 0, failed: 0, total: 0 },
      files: [],
      problem: null,
    });
    expect(batchState({ id: "b", status: "failed", errors: { data: [{}] } })?.problem?.message).toBe(
      "it does not say why",
    );
  });

  it.each([null, "x", {}, { id: "b" }, { id: "", status: "x" }, { id: 1, status: "x" }])(
    "is null for %j",
    (value) => {
      expect(batchState(value)).toBeNull();
    },
  );

  it("is over when nothing more comes", () => {
    const statuses = [
      "validating",
      "in_progress",
      "finalizing",
      "cancelling",
      "new",
      "completed",
      "expired",
      "cancelled",
      "failed",
    ];
    const over = statuses.filter((status) =>
      isOver({ ...(batchState({ id: "b", status }) ?? expect.fail()) }),
    );
    expect(over).toEqual(["completed", "expired", "cancelled", "failed"]);
  });
});
