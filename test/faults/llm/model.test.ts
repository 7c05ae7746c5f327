// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import { connectServer } from "../../../src/backfill/probe.ts";
import { contentFor, type Message } from "./protocol.ts";
import { llmServer, rowsRequest, settingsFor } from "./support.ts";
import { wordsOf } from "./words.ts";

// The test server's model: what others may rely on.

const LABELS = ["finance", "travel", "health", "größe", "__proto__", "10"];

function rowsOf(label: string, seed: number, rows = 24): string[] {
  const { messages, schema } = rowsRequest(seed, label, rows);
  const body = {
    messages,
    seed,
    response_format: { type: "json_schema", json_schema: { schema: schema.body } },
  };
  const answer = JSON.parse(contentFor(body, messages, "json_schema")) as { rows: { text: string }[] };
  return answer.rows.map(({ text }) => text);
}

/** The answer to a request for an object of a schema. */
function answer(schema: object, user: string, system = ""): unknown {
  const messages: Message[] = [
    { role: "system", content: system },
    { role: "user", content: user },
  ];
  const format = { type: "json_schema", json_schema: { schema } };
  return JSON.parse(contentFor({ messages, response_format: format }, messages, "json_schema"));
}

function grams(text: string): Set<string> {
  return new Set(Array.from({ length: Math.max(0, text.length - 2) }, (_, at) => text.slice(at, at + 3)));
}

function jaccard(a: Set<string>, b: Set<string>): number {
  const both = [...a].filter((gram) => b.has(gram)).length;
  return both / (a.size + b.size - both);
}

it("writes as many rows as it is asked for, all different, and the same for the same request", () => {
  const rows = Array.from({ length: 20 }, (_, seed) => rowsOf("finance", seed)).flat();
  expect(rows).toHaveLength(480);
  expect(new Set(rows).size).toBe(480);
  expect(rows.slice(0, 24)).toEqual(rowsOf("finance", 0));
  const sets = rows.map((row) => grams(row.toLowerCase()));
  const nearest = Math.max(
    ...sets.flatMap((one, at) => sets.slice(at + 1).map((other) => jaccard(one, other))),
  );
  expect(nearest).toBeLessThan(0.6);
});

it("gives each label words of its own", () => {
  const words = LABELS.map((label) => new Set(wordsOf(label)));
  expect(words.map(({ size }) => size)).toEqual(LABELS.map(() => 40));
  const shared = words.flatMap((one, at) =>
    words.slice(at + 1).map((two) => [...one].filter((word) => two.has(word)).length),
  );
  expect(Math.max(...shared)).toBeLessThanOrEqual(2);
});

it("judges texts as it wrote them, whatever the order of the labels", () => {
  const texts = LABELS.flatMap((label) => rowsOf(label, 1, 4).map((text) => ({ text, label })));
  const user = texts.map(({ text }, at) => `${at + 1}. ${text}`).join("\n");
  for (const labels of [LABELS, [...LABELS].reverse()]) {
    const items = {
      type: "object",
      properties: {
        n: { type: "integer" },
        label: { enum: labels },
        confidence: { type: "number", maximum: 1 },
      },
    };
    const schema = { type: "object", properties: { labels: { type: "array", items } } };
    expect(answer(schema, user)).toEqual({
      labels: texts.map(({ label }, at) => ({ n: at + 1, label, confidence: 1 })),
    });
    const plain = {
      type: "object",
      properties: { labels: { type: "array", items: { type: "string", enum: labels } } },
    };
    expect(answer(plain, user)).toEqual({ labels: texts.map(({ label }) => label) });
    const listed = { type: "object", properties: { labels: { type: "array", items: { type: "string" } } } };
    for (const list of [
      `Labels: ${JSON.stringify(labels)}`,
      labels.map((one) => `- ${JSON.stringify(one)}: …`).join("\n"),
    ])
      expect(answer(listed, `${list}\n${user}`)).toEqual({ labels: texts.map(({ label }) => label) });
  }
});

it("fills pairs, echoes the canary, and keeps to the rest of a schema", () => {
  const schema = {
    type: "object",
    properties: {
      canary: { type: "string" },
      rows: {
        type: "array",
        maxItems: 3,
        items: {
          type: "object",
          properties: {
            text_a: { type: "string" },
            text_b: { type: "string" },
            tone: { enum: ["calm"] },
            ok: { type: "boolean" },
          },
        },
      },
    },
  };
  const { canary, rows } = answer(schema, 'Label: "travel"', "Be brief.\nCanary: blue-heron") as {
    canary: string;
    rows: Record<string, unknown>[];
  };
  expect(canary).toBe("blue-heron");
  expect(rows).toHaveLength(3);
  for (const row of rows) {
    expect(row).toEqual({ text_a: expect.any(String), text_b: expect.any(String), tone: "calm", ok: true });
    expect(row.text_a).not.toBe(row.text_b);
  }
});

it.each(["json_object", "text"] as const)(
  "reads the schema from the prompt where it honours %s alone",
  async (structured) => {
    const server = await llmServer({ structured });
    const client = await connectServer(settingsFor(server));
    const request = rowsRequest(1);
    const [system, user] = request.messages;
    const asked = `${user?.content}\nJSON Schema: ${JSON.stringify(request.schema.body)}`;
    const messages = [system, { role: "user", content: asked }] as typeof request.messages;
    const outcome = await client.complete({ ...request, messages });
    const text = outcome.kind === "completed" ? outcome.completion.text : "";
    expect(text.startsWith("```json\n")).toBe(structured === "text");
    const object = JSON.parse(text.replace(/^```json\n|\n```$/g, "")) as { canary: string; rows: unknown[] };
    expect(object).toMatchObject({ canary: "kestrel1", rows: { length: 4 } });
  },
);

it("answers the same whether it is streamed or not, with any number in flight, after any time", async () => {
  const texts = async (streams: boolean, concurrency: number): Promise<unknown[]> => {
    const latencyMs = ({ index }: { index: number }) => (index * 7) % 11;
    const server = await llmServer({ streams, latencyMs });
    const client = await connectServer(settingsFor(server, { concurrency }));
    const outcomes = await Promise.all(Array.from({ length: 10 }, (_, n) => client.complete(rowsRequest(n))));
    expect(server.maxInFlight).toBeLessThanOrEqual(concurrency);
    return outcomes.map((outcome) => (outcome.kind === "completed" ? outcome.completion : outcome));
  };
  const first = await texts(true, 1);
  expect(await texts(true, 8)).toEqual(first);
  expect(await texts(false, 4)).toEqual(first);
});
