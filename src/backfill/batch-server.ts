// SPDX-License-Identifier: Apache-2.0
import { randomUUID } from "node:crypto";
import { setImmediate as turn } from "node:timers/promises";
import type { ModelpackError } from "../core/error.ts";
import { BatchCalls } from "./batch-calls.ts";
import { BATCH_TIMING, type BatchTiming, batchEnding, type CourseTools, sendBatch } from "./batch-course.ts";
import { batchRefused, interruptedBatch, isTokenLimit } from "./batch-failure.ts";
import { customId, inputLine } from "./batch-line.ts";
import { BatchQueue, MAX_REQUESTS, type Ready } from "./batch-queue.ts";
import type { BatchState } from "./batch-state.ts";
import { BatchWaiters, type Wanted } from "./batch-waiters.ts";
import { chatBody } from "./chat-body.ts";
import type {
  Capabilities,
  CompletionRequest,
  CompletionServer,
  Outcome,
  ServerStatistics,
} from "./completion.ts";
import type { Conversation } from "./conversation.ts";
import type { Ledger } from "./ledger.ts";
import type { Attempt } from "./openai.ts";
import type { BatchRecord } from "./record.ts";
import { failing } from "./server-failure.ts";
import { verdictOf } from "./verdict.ts";

export interface BatchOptions {
  readonly timing?: Partial<BatchTiming> | undefined;
  /** Gives up at once; the provider goes on, and the next run fetches what came. */
  readonly signal?: AbortSignal | undefined;
  readonly note?: ((message: string) => void) | undefined;
  readonly progress?: ((batch: string, done: number, total: number) => void) | undefined;
}

/** A batch of this run or of one before. */
interface Course {
  record: BatchRecord;
  /** By id, what came and nobody has asked for yet; null as long as the batch is not over. */
  attempts: Map<string, Attempt> | null;
  /** Whether it brought a reply to anything: then what failed in it failed by itself. */
  serves: boolean;
  /** Whether it is of an earlier run: why it failed then says nothing about today's account or server. */
  readonly inherited: boolean;
  work: Promise<void> | null;
}

/**
 * A server that is asked through the Batch API: what is asked at the same time goes out as one batch, and each
 * request gets its own reply. A batch of a run that was stopped is found in the ledger, and what it brings is
 * given to whoever asks the same: nothing is sent twice.
 */
export class BatchServer implements CompletionServer {
  readonly #conversation: Conversation;
  readonly #tools: CourseTools;
  readonly #end = new AbortController();
  readonly #waiters = new BatchWaiters(interruptedBatch);
  readonly #queue: BatchQueue;
  /** The batches that a request is in. */
  readonly #holders = new Map<string, readonly Course[]>();
  /** Batches that are sent or looked at just now. */
  readonly #running = new Set<Course>();
  readonly #works = new Set<Promise<void>>();
  #stopped: unknown = null;
  /** After the account's limit of tokens was met: one batch at a time. */
  #serial = false;
  #sent = 0;
  #retries = 0;

  constructor(conversation: Conversation, ledger: Ledger, options: BatchOptions = {}) {
    const { hide } = conversation.subject.address;
    const given = options.signal === undefined ? [] : [options.signal];
    const signal = AbortSignal.any([this.#end.signal, ...given]);
    this.#conversation = conversation;
    this.#tools = {
      calls: new BatchCalls(conversation.subject, signal),
      ledger,
      timing: { ...BATCH_TIMING, ...options.timing },
      signal,
      note: (message) => options.note?.(hide(message)),
      progress: (batch, done, total) => options.progress?.(hide(batch), done, total),
    };
    this.#queue = new BatchQueue(this.#tools.timing.quietMs, (group) => {
      this.#track(this.#dispatch(group));
    });
    signal.addEventListener("abort", () => this.#stop(interruptedBatch()), { once: true });
    if (signal.aborted) this.#stop(interruptedBatch());
    for (const record of ledger.batches) this.#hold(courseOf(record, true));
  }

  get capabilities(): Capabilities {
    return this.#conversation.capabilities;
  }

  /** A request counts as sent with its batch; the probe's are among them. */
  get statistics(): ServerStatistics {
    const { sent, retries, waitedMs } = this.#conversation.statistics;
    return {
      sent: sent + this.#sent,
      retries: retries + this.#retries,
      inFlight: this.#waiters.size,
      limit: MAX_REQUESTS,
      waitedMs,
    };
  }

  async complete(request: CompletionRequest, signal?: AbortSignal): Promise<Outcome> {
    if (this.#stopped !== null) throw this.#stopped;
    const id = customId(this.#conversation.subject.settings.model, request);
    return this.#waiters.wait(id, request, signal, (wanted) => this.#place(wanted));
  }

  /** Ends all waiting, and comes back when nothing is written to the ledger any more. */
  async close(): Promise<void> {
    this.#end.abort();
    while (this.#works.size > 0) await Promise.allSettled([...this.#works]);
  }

  /** Where a request's answer comes from: a batch that has it, one that may bring it, or a new one. */
  #place(wanted: Wanted): void {
    try {
      for (const course of this.#holders.get(wanted.id) ?? []) {
        if (course.attempts === null || !this.#take(wanted, course)) continue;
        this.#track(this.#endIfEmpty(course));
        return;
      }
      this.#askElsewhere(wanted);
    } catch (error) {
      this.#stop(error);
    }
  }

  /** Waits for another batch that holds the request, where there is one that is not over; sends it otherwise. */
  #askElsewhere({ id, request, tries }: Wanted): void {
    const open = (this.#holders.get(id) ?? []).filter(({ attempts }) => attempts === null);
    // A batch of an earlier run is looked at from the first request on that wants something of it.
    for (const course of open) if (course.work === null) this.#run(course, this.#finish(course));
    if (open.length > 0) return;
    if (tries > 0) this.#retries++;
    const { subject, dialect } = this.#conversation;
    // Nothing streams in a batch, and OpenAI refuses fields that are about a stream.
    const body = chatBody(subject.settings.model, request, { ...dialect, stream: false });
    this.#queue.add({ id, line: inputLine(id, body) });
  }

  /** Sends a group as a batch and sees to what comes of it. */
  async #dispatch(group: readonly Ready[]): Promise<void> {
    while (this.#serial && this.#running.size > 0)
      await Promise.race([...this.#running].map(({ work }) => work));
    // What nobody waits for any more stays behind.
    const asked = group.filter(({ id }) => this.#waiters.get(id) !== undefined);
    if (this.#stopped !== null || asked.length === 0) return;
    if (asked.length > this.#queue.most) {
      for (const ready of asked) this.#queue.add(ready);
      return;
    }
    const keys = asked.map(({ id }) => id);
    const course = courseOf({ name: randomUUID(), batch: null, keys, ended: false }, false);
    this.#hold(course);
    const lines = asked.map(({ line }) => line);
    // Apart, so that nobody holds on to the lines, up to 200 MB, while the batch is waited for.
    this.#run(
      course,
      this.#send(course, lines).then(() => this.#finish(course)),
    );
  }

  async #send(course: Course, lines: readonly string[]): Promise<void> {
    course.record = await sendBatch(this.#tools, course.record, lines);
    this.#sent += lines.length;
  }

  /** Waits for the end of a batch and gives everybody what came of it. */
  async #finish(course: Course): Promise<void> {
    const ending = await batchEnding(this.#tools, course.record);
    course.attempts = ending.kind === "over" ? ending.attempts : new Map();
    course.serves = [...course.attempts.values()].some(({ kind }) => kind === "reply");
    const error = ending.kind === "refused" ? this.#refused(course, ending.state) : null;
    const failure = error ?? this.#deliver(course, ending.kind === "over");
    // What another account's batch holds may be asked for with that account's key again.
    if (ending.kind !== "unknown" || course.record.batch === null) await this.#endIfEmpty(course);
    if (failure !== null) throw failure;
  }

  /** Gives out what came; the rest is asked elsewhere. Returns what ends the run, when all is given out. */
  #deliver(course: Course, wasRun: boolean): unknown {
    let failure: unknown = null;
    for (const id of course.record.keys) {
      const wanted = this.#waiters.get(id);
      if (wanted === undefined) continue;
      try {
        if (wasRun && this.#take(wanted, course)) continue;
        this.#askElsewhere(wanted);
      } catch (error) {
        failure ??= error;
      }
    }
    return failure;
  }

  /** Settles a request by what a batch that is over has for it; whether it did. Throws what ends the run. */
  #take(wanted: Wanted, { attempts, serves, inherited }: Course): boolean {
    const { subject } = this.#conversation;
    const attempt = attempts?.get(wanted.id);
    attempts?.delete(wanted.id);
    const verdict = attempt === undefined ? null : verdictOf(subject, attempt, false);
    if (verdict?.kind === "outcome") {
      const error = this.#conversation.review(wanted.request, verdict.outcome);
      if (error !== null) throw error;
      this.#waiters.settle(wanted.id, verdict.outcome);
      return true;
    }
    if (verdict !== null && verdict.kind !== "again" && !inherited) throw verdict.error;
    wanted.tries++;
    if (wanted.tries <= subject.settings.maxRetries) return false;
    // Others were answered beside it: a run that stopped here would stop here again.
    if (verdict === null || !serves) throw verdict?.error ?? failing(subject, "batches end without a reply");
    this.#waiters.settle(wanted.id, { kind: "poisonous" });
    return true;
  }

  /** A batch that was refused as a whole: what ends the run; null where a smaller or a later one may pass. */
  #refused({ record }: Course, state: BatchState): ModelpackError | null {
    const { subject } = this.#conversation;
    const isAlone = this.#running.size <= 1;
    const size = record.keys.length;
    if (!isTokenLimit(state.problem) || (isAlone && size <= 1)) return batchRefused(subject, state);
    // Refused beside others it may pass after them; alone it is too large, whenever it comes.
    if (isAlone) this.#queue.most = Math.ceil(size / 2);
    this.#serial = true;
    const how = isAlone ? `in batches of ${this.#queue.most} requests` : "when the other batches are done";
    this.#tools.note(`the account's limit of tokens in batches is reached; going on ${how}, one at a time`);
    return null;
  }

  /**
   * Writes down that a batch has ended, when everything in it is given out. One turn later: whoever got a reply
   * has then given it to the ledger, which writes in the order that it is given things. So no batch counts as
   * ended whose replies are not on the disk.
   */
  async #endIfEmpty(course: Course): Promise<void> {
    const { record, attempts } = course;
    if (attempts === null || attempts.size > 0 || record.ended) return;
    course.record = { ...record, ended: true };
    for (const id of record.keys) {
      const others = (this.#holders.get(id) ?? []).filter((one) => one !== course);
      if (others.length > 0) this.#holders.set(id, others);
      else this.#holders.delete(id);
    }
    await turn();
    await this.#tools.ledger.addBatch({ ...record, keys: [], ended: true });
  }

  #hold(course: Course): void {
    for (const id of course.record.keys) this.#holders.set(id, [...(this.#holders.get(id) ?? []), course]);
  }

  #run(course: Course, work: Promise<void>): void {
    this.#running.add(course);
    course.work = this.#track(work.finally(() => this.#running.delete(course)));
  }

  #track(work: Promise<void>): Promise<void> {
    const tracked = work.catch((error: unknown) => this.#stop(error));
    this.#works.add(tracked);
    return tracked.finally(() => this.#works.delete(tracked));
  }

  /** Nothing is asked any more; whoever waits, or comes later, is told the first reason. */
  #stop(error: unknown): void {
    this.#stopped ??= error;
    this.#end.abort();
    this.#queue.clear();
    this.#waiters.fail(this.#stopped);
  }
}

function courseOf(record: BatchRecord, inherited: boolean): Course {
  return { record, attempts: null, serves: false, inherited, work: null };
}
