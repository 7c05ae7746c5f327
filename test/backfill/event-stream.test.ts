// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { expect, it } from "vitest";
import { eventData } from "../../src/backfill/event-stream.ts";

async function events(pieces: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  async function* source() {
    yield* pieces;
  }
  for await (const data of eventData(source())) found.push(data);
  return found;
}

it.each([
  ["data: a\n\ndata: b\n\n", ["a", "b"]],
  ["data:a\n\n", ["a"]],
  ["data:  a\n\n", [" a"]],
  ["data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]],
  ["data: a\r\rdata: b\r\r", ["a", "b"]],
  ["data: a\ndata: b\n\n", ["a\nb"]],
  [": ping\n\n: ping\n\ndata: a\n\n", ["a"]],
  ["event: x\nid: 1\nretry: 5\ndata: a\n\n", ["a"]],
  ["data: a\n\ndata: [DONE]", ["a", "[DONE]"]],
  ["data: a", ["a"]],
  ["data\n\n", []],
  ["", []],
  ["\n\n\n", []],
  ["<html>\n</html>", []],
])("%j has %j", async (text, expected) => {
  expect(await events([text])).toEqual(expected);
  expect(await events([...text])).toEqual(expected);
});

it("does not depend on where the text is cut", async () => {
  const line = fc.constantFrom("data: a", "data: b c", ": ping", "", "", "event: x", "data: [DONE]");
  const end = fc.constantFrom("\n", "\r\n", "\r");
  const runs = fc.asyncProperty(
    fc.array(fc.tuple(line, end), { maxLength: 12 }),
    fc.array(fc.nat(60), { maxLength: 6 }),
    async (lines, cuts) => {
      const text = lines.map(([one, ending]) => one + ending).join("");
      const places = [0, ...cuts.map((cut) => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
      const pieces = places.slice(1).map((to, at) => text.slice(places[at], to));
      expect(await events(pieces)).toEqual(await events([text]));
    },
  );
  await fc.assert(runs, { seed: 9 });
});

it("takes a line of a megabyte in small pieces in no time", async () => {
  const pieces = Array.from({ length: 40_000 }, () => "x".repeat(25));
  const began = performance.now();
  const [data] = await events(["data: ", ...pieces, "\n\n"]);
  expect(data).toHaveLength(1_000_000);
  expect(performance.now() - began).toBeLessThan(2000);
});
