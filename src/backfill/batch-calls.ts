// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import type { ModelpackError } from "../core/error.ts";
import { interruptedBatch, noBatches } from "./batch-failure.ts";
import { bodyLines } from "./batch-file.ts";
import { type BatchState, batchState, NAME_KEY } from "./batch-state.ts";
import { type Attempt, attempting, type Client, openaiClient } from "./openai.ts";
import { objectOf } from "./reply.ts";
import { incompatible, type ServerSubject, said } from "./server-failure.ts";
import { TokenWatch } from "./token-watch.ts";
import { verdictOf } from "./verdict.ts";

/** Bytes of a file of replies at most: 50,000 of them at 40 kB, ten times what the default asks for. */
const MAX_FILE_BYTES = 2 ** 31;
/** A file may take hours on a slow line, as long as it moves; nothing takes a day. */
const MAX_CALL_MS = 24 * 3600 * 1000;
/** Bytes a millisecond that an upload is given time for: 100 kB/s, a slow line from home. */
const UPLOAD_RATE = 100;
/** Batches of an account that are looked through for one of ours, 100 a page: those of a day, and more. */
const MAX_PAGES = 10;
const PAGE = 100;
/** Statuses of servers that have no such path. */
const ABSENT = [404, 405, 501];
/** A file that was just uploaded is not known everywhere at once (bespokelabsai/curator#116). */
const UNSEEN_FILE = /(?:cannot|can't|could not) find file|no such file|file.{0,80}not found/i;

interface Call<T> {
  /** Until there is an answer, and between two pieces of it. */
  readonly ms: number;
  /** Null stands for an answer that is none. */
  readonly work: (options: { readonly signal: AbortSignal }, touch: () => void) => Promise<T | null>;
  /** Whether it is about a file that was just uploaded. */
  readonly isNew?: boolean;
  /** Looks whether a call that seemed to fail was done all the same. */
  readonly done?: () => Promise<T | null>;
}

type Result<T> = { readonly kind: "value"; readonly value: T } | Attempt;

/** The calls of the Batch API, each made again where that may help. */
export class BatchCalls {
  readonly #subject: ServerSubject;
  readonly #client: Client;
  readonly #signal: AbortSignal;

  /** Aborting `signal` ends every call with INTERRUPTED. */
  constructor(subject: ServerSubject, signal: AbortSignal) {
    this.#subject = subject;
    this.#client = openaiClient(subject.address, MAX_CALL_MS, MAX_FILE_BYTES);
    this.#signal = signal;
  }

  /** Uploads the lines of a batch; the file's id. */
  async upload(lines: readonly string[], name: string): Promise<string> {
    const file = new File([...lines], `${name}.jsonl`, { type: "application/jsonl" });
    const id = await this.#call({
      ms: this.#subject.settings.timeoutMs + file.size / UPLOAD_RATE,
      work: async (options) => idOf(await this.#client.files.create({ file, purpose: "batch" }, options)),
    });
    if (id === null) throw noBatches(this.#subject);
    return id;
  }

  /** Makes a batch of an uploaded file, once: a call whose answer is lost is not repeated blindly. */
  async create(file: string, name: string): Promise<BatchState> {
    const body = {
      input_file_id: file,
      endpoint: "/v1/chat/completions",
      completion_window: "24h",
      metadata: { [NAME_KEY]: name },
    } as const;
    const state = await this.#call({
      ms: this.#subject.settings.timeoutMs,
      work: async (options) => batchState(await this.#client.batches.create(body, options)),
      isNew: true,
      done: () => this.find(name),
    });
    if (state === null) throw noBatches(this.#subject);
    return state;
  }

  /** How a batch is; null where the server does not know it. */
  retrieve(id: string): Promise<BatchState | null> {
    return this.#call({
      ms: this.#subject.settings.timeoutMs,
      work: async (options) => batchState(await this.#client.batches.retrieve(id, options)),
    });
  }

  /** The batch that has our name; null where there is none, or the server lists none. */
  async find(name: string): Promise<BatchState | null> {
    let after: string | undefined;
    for (let page = 0; page < MAX_PAGES; page++) {
      const query = { limit: PAGE, ...(after === undefined ? {} : { after }) };
      const states = await this.#call({
        ms: this.#subject.settings.timeoutMs,
        work: async (options) => listOf(await this.#client.get("/batches", { query, ...options })),
      });
      const found = states?.find((state) => state.name === name);
      if (found !== undefined) return found;
      after = states?.at(-1)?.id;
      if (states === null || after === undefined) return null;
    }
    return null;
  }

  /** Gives each line of a file to `take`, some twice where the file broke off; false where there is no file. */
  async read(file: string, take: (line: Uint8Array) => void): Promise<boolean> {
    const whole = await this.#call({
      ms: this.#subject.settings.timeoutMs,
      work: async (options, touch) => {
        const { body } = await this.#client.files.content(file, options);
        if (body === null) return null;
        for await (const line of bodyLines(body as AsyncIterable<Uint8Array>, touch)) take(line);
        return true;
      },
    });
    return whole ?? false;
  }

  /** Null where the server has no such path, or no such thing there. */
  async #call<T>(call: Call<T>): Promise<T | null> {
    for (let tries = 1; ; tries++) {
      const result = await this.#once(call);
      if (result.kind === "value") return result.value;
      if (this.#signal.aborted) throw interruptedBatch();
      const isUnseen = call.isNew === true && isUnseenFile(result);
      if (!isUnseen && isAbsent(result)) return null;
      const again = againOf(this.#subject, result, isUnseen);
      if (again.isLast || tries > this.#subject.settings.maxRetries) throw again.error;
      await this.#wait(tries, again.waitMs);
      const done = await call.done?.();
      if (done !== undefined && done !== null) return done;
    }
  }

  async #once<T>({ ms, work }: Call<T>): Promise<Result<T>> {
    const watch = new TokenWatch(ms, ms, [this.#signal]);
    return attempting(watch, async (): Promise<Result<T>> => {
      const value = await work({ signal: watch.signal }, () => watch.touch());
      return value === null
        ? { kind: "strange", what: "no answer of a Batch API" }
        : { kind: "value", value };
    });
  }

  async #wait(tries: number, asked: number | null): Promise<void> {
    const { backoffMs, maxBackoffMs, maxRetryAfterMs } = this.#subject.settings.timing;
    const own = Math.min(backoffMs * 2 ** (tries - 1), maxBackoffMs);
    const ms = Math.max(own, Math.min(asked ?? 0, maxRetryAfterMs));
    await sleep(ms, undefined, { signal: this.#signal }).catch(() => {
      throw interruptedBatch();
    });
  }
}

function isAbsent(attempt: Attempt): boolean {
  return attempt.kind === "refusal" && ABSENT.includes(attempt.refusal.status);
}

function isUnseenFile(attempt: Attempt): boolean {
  return attempt.kind === "refusal" && UNSEEN_FILE.test(attempt.refusal.message);
}

/** Why and when a call is made again; throws where it is not. */
function againOf(
  subject: ServerSubject,
  attempt: Attempt,
  isUnseen: boolean,
): { readonly waitMs: number | null; readonly error: ModelpackError; readonly isLast: boolean } {
  const verdict = verdictOf(subject, attempt, false);
  if (verdict.kind === "again") return { ...verdict, isLast: verdict.why === "final" };
  if (verdict.kind === "outcome") {
    const says = attempt.kind === "refusal" ? attempt.refusal.message : "a file that no Batch API has";
    throw incompatible(
      subject,
      `the Batch API does not go on: ${said(subject, says)}`,
      'synthetic_llm.mode = "live" asks one by one',
    );
  }
  if (isUnseen) return { waitMs: null, error: verdict.error, isLast: false };
  throw verdict.error;
}

function idOf(value: unknown): string | null {
  const { id } = objectOf(value);
  return typeof id === "string" && id !== "" ? id : null;
}

function listOf(value: unknown): readonly BatchState[] | null {
  const { data } = objectOf(value);
  return Array.isArray(data) ? data.map(batchState).filter((state) => state !== null) : null;
}
