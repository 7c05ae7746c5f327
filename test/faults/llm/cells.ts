// SPDX-License-Identifier: Apache-2.0
import { expect } from "vitest";
import type { Outcome, ServerSettings } from "../../../src/backfill/completion.ts";
import type { Conversation } from "../../../src/backfill/conversation.ts";
import { connectServer } from "../../../src/backfill/probe.ts";
import { ModelpackError } from "../../../src/core/error.ts";
import type { FaultRule } from "./script.ts";
import type { LlmOptions, LlmServer } from "./server.ts";
import { KEY, llmServer, rowsRequest, settingsFor } from "./support.ts";

/** Requests of a run. */
export const RUN = 12;
/** The first, a middle and the last request. */
export const PLACES = [0, 5, RUN - 1];

/** One cell of the table. */
export interface Cell {
  readonly at: number;
  readonly inFlight: number;
  readonly streams: boolean;
}

export const CELLS: readonly Cell[] = PLACES.flatMap((at) =>
  [1, 8].flatMap((inFlight) => [true, false].map((streams) => ({ at, inFlight, streams }))),
);

/** What came of one request: what its outcome is, or the error that ended it. */
export type End = { readonly outcome: Outcome } | { readonly error: ModelpackError };

export interface Run {
  readonly server: LlmServer;
  readonly client: Conversation;
  readonly ends: readonly End[];
  readonly notes: readonly string[];
}

/** `completed`, a fault's name, `overlong`, `poisonous`, or an error's code. */
export function nameOf(end: End): string {
  if ("error" in end) return end.error.code;
  return end.outcome.kind === "faulty" ? end.outcome.fault : end.outcome.kind;
}

/** How often each end came, the usual one left out. */
export function unusual(ends: readonly End[]): string[] {
  return ends.map(nameOf).filter((name) => name !== "completed");
}

/** Asks {@link RUN} things of a server that plays these faults from then on. */
export async function run(
  rules: (at: number) => readonly FaultRule[],
  { at, inFlight, streams }: Cell,
  changes: Partial<ServerSettings> = {},
  options: LlmOptions = {},
): Promise<Run> {
  const server = await llmServer({ streams, key: KEY, ...options });
  const notes: string[] = [];
  const settings = settingsFor(server, { concurrency: inFlight, ...changes });
  const client = await connectServer(settings, { note: (message) => notes.push(message) });
  server.reset();
  server.play(...rules(at));
  const ends = await Promise.all(Array.from({ length: RUN }, (_, index) => endOf(client, index)));
  const one = { server, client, ends, notes };
  checkAlways(one);
  return one;
}

/** The `index`-th request's end. Anything but a ModelpackError fails the test. */
export async function endOf(client: Conversation, index: number): Promise<End> {
  try {
    return { outcome: await client.complete(rowsRequest(index)) };
  } catch (error) {
    if (error instanceof ModelpackError) return { error };
    throw error;
  }
}

/** What holds in every run. */
export function checkAlways({ server, client, ends, notes }: Run): void {
  expect(client.statistics.inFlight).toBe(0);
  // The probe's two came before the reset; of those that no connection was made for the server knows nothing.
  expect(client.statistics.sent - 2).toBeGreaterThanOrEqual(server.requests.length);
  const words = [notes, ends.map((end) => ("error" in end ? inWords(end.error) : end.outcome))];
  expect(leaks(JSON.stringify(words))).toEqual([]);
}

/** Everything of an error that could be shown. */
export function inWords(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  return { ...error, name, message, stack, cause: cause === undefined ? null : inWords(cause) };
}

/** The forms of the key that a text holds. */
export function leaks(text: string): string[] {
  const base64 = [0, 1, 2].map((pad) =>
    Buffer.from("x".repeat(pad) + KEY)
      .toString("base64")
      .slice(4, 24),
  );
  const forms = [
    KEY,
    encodeURIComponent(KEY),
    JSON.stringify(KEY).slice(1, -1),
    "canary-7f3Qx9Zp",
    ...base64,
  ];
  return forms.filter((form) => text.includes(form));
}
