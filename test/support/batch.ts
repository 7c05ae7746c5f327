// SPDX-License-Identifier: Apache-2.0
import type { BatchTiming } from "../../src/backfill/batch-course.ts";
import { BatchServer } from "../../src/backfill/batch-server.ts";
import type { ServerSettings } from "../../src/backfill/completion.ts";
import { Ledger } from "../../src/backfill/ledger.ts";
import { connectServer } from "../../src/backfill/probe.ts";
import { sha256 } from "../../src/storage/digest.ts";
import type { LlmServer } from "../faults/llm/server.ts";
import { rowsRequest, settingsFor } from "../faults/llm/support.ts";
import { requestRecord } from "./ledger.ts";

/** Waits of batch mode in a test. */
export const QUICK: BatchTiming = { quietMs: 30, pollMs: 2, maxPollMs: 10 };

export interface Batches {
  readonly server: BatchServer;
  readonly ledger: Ledger;
  readonly notes: readonly string[];
  readonly progress: readonly (readonly [batch: string, done: number, total: number])[];
  close(): Promise<void>;
}

export interface BatchSceneOptions {
  readonly signal?: AbortSignal;
  readonly settings?: Partial<ServerSettings>;
  readonly timing?: Partial<BatchTiming>;
}

/** Batch mode before a test server, with the ledger of a folder. */
export async function openBatches(
  llm: LlmServer,
  folder: string,
  { signal, settings, timing }: BatchSceneOptions = {},
): Promise<Batches> {
  const ledger = await Ledger.open(folder, { write: true, purpose: "test" });
  const [notes, progress]: [string[], [string, number, number][]] = [[], []];
  const conversation = await connectServer(settingsFor(llm, settings));
  const server = new BatchServer(conversation, ledger, {
    timing: { ...QUICK, ...timing },
    signal,
    note: (message) => void notes.push(message),
    progress: (...told) => void progress.push(told),
  });
  const close = async () => {
    await server.close();
    await ledger.close();
  };
  return { server, ledger, notes, progress, close };
}

/** What a fill does with each of `count` requests: the ledger's reply, or the server's, which the ledger then has. */
export async function askAll({ server, ledger }: Batches, count: number): Promise<string[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const known = await ledger.request(sha256(`key ${i}`));
      if (known !== undefined) return known.text ?? "";
      const outcome = await server.complete(rowsRequest(i));
      const text = outcome.kind === "completed" ? outcome.completion.text : outcome.kind;
      await ledger.addRequest(requestRecord(i, { text }));
      return text;
    }),
  );
}
