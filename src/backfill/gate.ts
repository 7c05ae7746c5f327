// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import type { ModelpackError } from "../core/error.ts";
import type { ServerTiming } from "./completion.ts";
import { interrupted } from "./server-failure.ts";

/**
 * Failures in a row, of whatever requests, after which all wait. More than a request's own tries as they come
 * (1 + 3), so that one bad request never opens it; few enough that a dead server costs less than a minute.
 */
export const BREAKER_FAILURES = 6;
/** Pauses in a row that a server may ask for before it has answered anything: at the longest wait, 8 minutes. */
export const MAX_PAUSES = 8;
/** A timer of 2^31 ms or more fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * `again` goes before those who have not been sent yet, so that what is oldest ends first; `alone` does so too, with
 * no other request in flight.
 */
export type Entry = "first" | "again" | "alone";

/** A place among the requests in flight. */
export interface Ticket {
  readonly startedAt: number;
  /** Whether the circuit breaker lets this one through to see whether the server is back. */
  readonly trial: boolean;
}

/** How it went, as far as it concerns all requests. */
export type Passage =
  /** The server answered, whatever it was. */
  | { readonly kind: "served" }
  /** Nothing to learn: given up by ourselves. */
  | { readonly kind: "ended" }
  /** No request can succeed any more. */
  | { readonly kind: "stopped"; readonly error: ModelpackError }
  /** `overloaded`: with fewer at a time it may do better. */
  | {
      readonly kind: "failed";
      readonly overloaded: boolean;
      readonly waitMs: number | null;
      readonly error: ModelpackError;
    }
  /** Too many requests: not the fault of this one. */
  | { readonly kind: "limited"; readonly waitMs: number | null; readonly error: ModelpackError };

interface Waiter {
  readonly alone: boolean;
  readonly admit: (ticket: Ticket) => void;
  readonly refuse: (error: ModelpackError) => void;
}

/**
 * The one gate that all requests to a server go through: as many at a time as it bears, none while it asks to be
 * left alone or does not answer. Times are of performance.now: a clock that is set moves nothing.
 */
export class Gate {
  readonly #concurrency: number;
  readonly #timing: ServerTiming;
  readonly #note: (message: string) => void;
  readonly #stop = new AbortController();
  readonly #waiting: Waiter[] = [];
  #stopped: ModelpackError | null = null;
  #inFlight = 0;
  #limit: number;
  #streak = 0;
  #alone = false;
  /** Nobody goes before that: a pause that the server asked for, or an open breaker. */
  #closedUntil = 0;
  #trial = false;
  #failures = 0;
  #pauses = 0;
  #failedAt = 0;
  #slowedAt = 0;
  #waitedMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(concurrency: number, timing: ServerTiming, note: (message: string) => void) {
    this.#concurrency = Math.max(1, concurrency);
    this.#limit = this.#concurrency;
    this.#timing = timing;
    this.#note = note;
  }

  get state(): { readonly inFlight: number; readonly limit: number; readonly waitedMs: number } {
    return { inFlight: this.#inFlight, limit: this.#limit, waitedMs: Math.round(this.#waitedMs) };
  }

  /** Waits for a place, in the order of asking. */
  enter(signal: AbortSignal | undefined, entry: Entry = "first"): Promise<Ticket> {
    if (signal?.aborted === true) return Promise.reject(interrupted());
    if (this.#stopped !== null) return Promise.reject(this.#stopped);
    return new Promise((resolve, reject) => {
      const settle = (): void => signal?.removeEventListener("abort", abort);
      const waiter: Waiter = {
        alone: entry === "alone",
        admit: (ticket) => {
          settle();
          resolve(ticket);
        },
        refuse: (error) => {
          settle();
          reject(error);
        },
      };
      const abort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        waiter.refuse(interrupted());
        this.#pump();
      };
      signal?.addEventListener("abort", abort, { once: true });
      if (entry === "first") this.#waiting.push(waiter);
      else this.#waiting.unshift(waiter);
      this.#pump();
    });
  }

  /** Gives the place back. */
  leave(ticket: Ticket, passage: Passage): void {
    this.#inFlight--;
    this.#alone = false;
    if (ticket.trial) this.#trial = false;
    // Before anybody else is let in.
    if (passage.kind === "stopped") this.stop(passage.error);
    if (passage.kind === "served") this.#served();
    if (passage.kind === "limited") this.#limited(ticket, passage.waitMs, passage.error);
    if (passage.kind === "failed") {
      if (ticket.trial) this.stop(passage.error);
      else this.#failed(ticket, passage);
    }
    this.#pump();
  }

  /** From now on nobody goes; whoever waits is told why. What is in flight may end by itself. */
  stop(error: ModelpackError): void {
    this.#stopped ??= error;
    clearTimeout(this.#timer);
    this.#stop.abort();
    for (const waiter of this.#waiting.splice(0)) waiter.refuse(this.#stopped);
  }

  /** One request's own wait between two tries; ends early, with its error, where the run does. */
  async backOff(tries: number, signal: AbortSignal | undefined): Promise<void> {
    const { backoffMs, maxBackoffMs } = this.#timing;
    // Jitter, so that several do not come back at once; no output depends on it. Values after openai-node.
    const ms = Math.min(backoffMs * 2 ** (tries - 1), maxBackoffMs) * (1 - Math.random() / 4);
    const signals = [this.#stop.signal, ...(signal === undefined ? [] : [signal])];
    await sleep(Math.min(ms, MAX_TIMER_MS), undefined, { signal: AbortSignal.any(signals) }).catch(() => {
      throw signal?.aborted === true || this.#stopped === null ? interrupted() : this.#stopped;
    });
    this.#waitedMs += ms;
  }

  #served(): void {
    this.#failures = 0;
    this.#pauses = 0;
    this.#streak++;
    if (this.#streak < this.#limit || this.#limit >= this.#concurrency) return;
    this.#streak = 0;
    this.#limit++;
  }

  #failed(ticket: Ticket, { overloaded, waitMs }: { overloaded: boolean; waitMs: number | null }): void {
    if (overloaded) this.#slowDown(ticket);
    if (waitMs !== null) this.#pause(waitMs);
    // What was in flight together fails together, and is one failure of the server.
    if (ticket.startedAt < this.#failedAt) return;
    this.#failedAt = performance.now();
    this.#failures++;
    if (this.#failures < BREAKER_FAILURES) return;
    const waited = Math.min(this.#timing.maxBackoffMs, MAX_TIMER_MS);
    if (!this.#trial)
      this.#note(`the LLM's server fails again and again: one more try after ${seconds(waited)}`);
    this.#trial = true;
    this.#close(waited);
  }

  #limited(ticket: Ticket, asked: number | null, error: ModelpackError): void {
    const first = ticket.startedAt >= this.#slowedAt;
    this.#failures = 0;
    this.#slowDown(ticket);
    const { backoffMs, maxBackoffMs } = this.#timing;
    if (first) this.#pauses++;
    if (this.#pauses > MAX_PAUSES) this.stop(error);
    else if (asked !== null) this.#pause(asked);
    else if (first) this.#close(Math.min(backoffMs * 2 ** (this.#pauses - 1), maxBackoffMs));
  }

  #slowDown(ticket: Ticket): void {
    if (ticket.startedAt < this.#slowedAt) return;
    this.#slowedAt = performance.now();
    this.#limit = Math.max(1, Math.floor(this.#limit / 2));
    this.#streak = 0;
  }

  #pause(asked: number): void {
    const most = Math.min(this.#timing.maxRetryAfterMs, MAX_TIMER_MS);
    // One who waits already has been told of this or of one like it.
    if (asked > most && this.#closedUntil <= performance.now())
      this.#note(`the LLM's server asks to wait ${seconds(asked)}; trying again after ${seconds(most)}`);
    this.#close(Math.min(asked, most));
  }

  #close(ms: number): void {
    const now = performance.now();
    const until = now + ms;
    this.#waitedMs += Math.max(0, until - Math.max(now, this.#closedUntil));
    this.#closedUntil = Math.max(this.#closedUntil, until);
  }

  #pump(): void {
    clearTimeout(this.#timer);
    if (this.#waiting.length === 0) return;
    const wait = this.#closedUntil - performance.now();
    if (wait > 0) {
      this.#timer = setTimeout(() => this.#pump(), Math.min(Math.ceil(wait), MAX_TIMER_MS));
      return;
    }
    while (this.#hasRoom()) {
      const waiter = this.#waiting.shift();
      if (waiter === undefined) return;
      this.#inFlight++;
      this.#alone = waiter.alone;
      waiter.admit({ startedAt: performance.now(), trial: this.#trial });
    }
  }

  #hasRoom(): boolean {
    const [next] = this.#waiting;
    if (next === undefined || this.#alone) return false;
    return next.alone || this.#trial ? this.#inFlight === 0 : this.#inFlight < this.#limit;
  }
}

function seconds(ms: number): string {
  return Number.isFinite(ms) ? `${Math.ceil(ms / 100) / 10} s` : "for ever";
}
