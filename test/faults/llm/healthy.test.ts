// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import type { Outcome } from "../../../src/backfill/completion.ts";
import { connectServer } from "../../../src/backfill/probe.ts";
import { llmServer, rowsRequest, settingsFor } from "./support.ts";
import { wordsOf } from "./words.ts";

function textsOf(outcome: Outcome): string[] {
  if (outcome.kind !== "completed") throw new Error(`expected a completion, got ${JSON.stringify(outcome)}`);
  const { rows } = JSON.parse(outcome.completion.text) as { rows: { text: string }[] };
  return rows.map(({ text }) => text);
}

it.each([true, false])("a healthy server answers, streamed: %s", async (streams) => {
  const server = await llmServer({ streams });
  const client = await connectServer(settingsFor(server));
  expect(client.capabilities).toMatchObject({
    structured: "json_schema",
    streams,
    usage: true,
    thinkingOff: '{"reasoning_effort":"none"}',
    model: "test-model",
    fingerprint: "fp_test",
  });
  const outcomes = await Promise.all(Array.from({ length: 12 }, (_, i) => client.complete(rowsRequest(i))));
  const texts = outcomes.flatMap(textsOf);
  expect(new Set(texts).size).toBe(48);
  const own = wordsOf("finance");
  expect(texts.every((text) => own.some((word) => text.toLowerCase().includes(word)))).toBe(true);
  expect(client.statistics).toMatchObject({ sent: 14, retries: 0, inFlight: 0, limit: 4, waitedMs: 0 });
  expect(server.maxInFlight).toBeLessThanOrEqual(4);
  expect([...server.counts.values()]).toEqual(Array.from({ length: 13 }, () => 1));
});
