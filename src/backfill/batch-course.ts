// SPDX-License-Identifier: Apache-2.0

import { setTimeout as sleep } from "node:timers/promises";
import { amount } from "../core/amount.ts";
import { ModelpackError } from "../core/error.ts";
import type { BatchCalls } from "./batch-calls.ts";
import { interruptedBatch } from "./batch-failure.ts";
import { resultOf } from "./batch-line.ts";
import { type BatchState, isOver } from "./batch-state.ts";
import type { Ledger } from "./ledger.ts";
import type { Attempt } from "./openai.ts";
import type { BatchRecord } from "./record.ts";

/** How long batch mode waits, in milliseconds; tests wait less. */
export interface BatchTiming {
  /** Without a new request, until those gathered go out: what is asked ahead comes within a fraction of it. */
  readonly quietMs: number;
  /** Between two looks at a batch; each wait is longer than the one before, up to the most. */
  readonly pollMs: number;
  readonly maxPollMs: number;
}

/** Few batches are done within minutes: a look a minute is news enough, and 1,440 a day are no burden. */
export const BATCH_TIMING: BatchTiming = { quietMs: 1_000, pollMs: 5_000, maxPollMs: 60_000 };

/** Each wait between two looks, as a multiple of the one before. */
const GROWTH = 1.5;
/** Looks in a row that may fail, each after the tries of any call: half an hour without a network. */
const MAX_BLIND = 30;

/** What the course of a batch needs. */
export interface CourseTools {
  readonly calls: BatchCalls;
  readonly ledger: Ledger;
  readonly timing: BatchTiming;
  readonly signal: AbortSignal;
  readonly note: (message: string) => void;
  /** Requests of a batch that are done, of all in it. */
  readonly progress: (batch: string, done: number, total: number) => void;
}

/** What came of a batch. */
export type Ending =
  /** By `custom_id`, what is there; no entry for what the provider did not come to. */
  | { readonly kind: "over"; readonly attempts: Map<string, Attempt> }
  /** Refused as a whole: nothing of it was run. */
  | { readonly kind: "refused"; readonly state: BatchState }
  /** The provider knows of no such batch. */
  | { readonly kind: "unknown" };

/** Sends a batch. Its record is on the disk before anything is sent, and its id as soon as there is one. */
export async function sendBatch(
  { calls, ledger, note }: CourseTools,
  record: BatchRecord,
  lines: readonly string[],
): Promise<BatchRecord> {
  await ledger.addBatch(record);
  const file = await calls.upload(lines, record.name);
  const { id } = await calls.create(file, record.name);
  const known = { ...record, batch: id };
  await ledger.addBatch(known);
  note(`batch ${id} is sent: ${amount(lines.length, "request")}, done within 24 hours`);
  return known;
}

/** Waits for the end of a batch and fetches what came of it. */
export async function batchEnding(tools: CourseTools, record: BatchRecord): Promise<Ending> {
  const { calls, note } = tools;
  const state = record.batch === null ? await calls.find(record.name) : await follow(tools, record.batch);
  if (state === null) {
    // Without an id it was never made: the run was killed before.
    if (record.batch !== null)
      note(`the provider does not know batch ${record.batch}: its requests go out anew`);
    return { kind: "unknown" };
  }
  if (record.batch === null) {
    const known = { ...record, batch: state.id };
    await tools.ledger.addBatch(known);
    return batchEnding(tools, known);
  }
  if (state.status === "failed") return { kind: "refused", state };
  const attempts = await readResults(tools, state, new Set(record.keys));
  note(
    `batch ${state.id} is ${state.status}: ${attempts.size} of ${amount(record.keys.length, "request")} came back`,
  );
  return { kind: "over", attempts };
}

/** What the files of a batch say about its requests; about others nobody cares. */
async function readResults(
  { calls, note }: CourseTools,
  { id, files }: BatchState,
  keys: ReadonlySet<string>,
): Promise<Map<string, Attempt>> {
  const attempts = new Map<string, Attempt>();
  for (const file of files) {
    const isThere = await calls.read(file, (line) => {
      const result = resultOf(line);
      if (result !== null && keys.has(result.id)) attempts.set(result.id, result.attempt);
    });
    if (!isThere) note(`a file of batch ${id} is gone: the requests in it go out anew`);
  }
  return attempts;
}

/** Looks at a batch until it is over; null where the provider does not know it. */
async function follow(tools: CourseTools, id: string): Promise<BatchState | null> {
  const { timing, signal, note, progress } = tools;
  let status = "";
  for (let wait = timing.pollMs, blind = 0; ; wait = Math.min(wait * GROWTH, timing.maxPollMs)) {
    const state = await look(tools, id, blind);
    if (state === null) return null;
    blind = state === "unseen" ? blind + 1 : 0;
    if (state !== "unseen") {
      const { completed, failed, total } = state.counts;
      if (total > 0) progress(id, completed + failed, total);
      if (isOver(state)) return state;
      if (state.status !== status)
        note(`batch ${id} is ${state.status}: ${completed + failed} of ${total} done`);
      status = state.status;
    }
    await sleep(wait, undefined, { signal }).catch(() => {
      throw interruptedBatch();
    });
  }
}

/** A provider that does not answer for a while loses nothing of the batch: the next look may see it. */
async function look(
  { calls, note }: CourseTools,
  id: string,
  blind: number,
): Promise<BatchState | null | "unseen"> {
  try {
    return await calls.retrieve(id);
  } catch (error) {
    const passes = error instanceof ModelpackError && error.code === "LLM_UNREACHABLE";
    if (!passes || blind >= MAX_BLIND) throw error;
    if (blind === 0) note(`no news of batch ${id}: ${error.message}; looking again later`);
    return "unseen";
  }
}
