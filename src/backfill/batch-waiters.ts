// SPDX-License-Identifier: Apache-2.0
import type { CompletionRequest, Outcome } from "./completion.ts";

interface Waiter {
  readonly signal: AbortSignal | undefined;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
}

/** A request that somebody waits for. */
export interface Wanted {
  readonly id: string;
  readonly request: CompletionRequest;
  /** Batches that brought no usable answer to it. */
  tries: number;
}

interface Entry {
  readonly wanted: Wanted;
  readonly waiters: Set<Waiter>;
}

/** Who waits for which request. The same one may be asked for twice; then it has two who wait, and is sent once. */
export class BatchWaiters {
  readonly #entries = new Map<string, Entry>();
  readonly #interrupted: () => Error;
  /** One listener a signal: thousands of requests share one, and each listener more would cost them all. */
  readonly #signals = new Set<AbortSignal>();

  constructor(interrupted: () => Error) {
    this.#interrupted = interrupted;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(id: string): Wanted | undefined {
    return this.#entries.get(id)?.wanted;
  }

  /** Waits for a request; `begin` is called where nobody else does. Rejects when `signal` is aborted. */
  wait(
    id: string,
    request: CompletionRequest,
    signal: AbortSignal | undefined,
    begin: (wanted: Wanted) => void,
  ): Promise<Outcome> {
    if (signal?.aborted === true) return Promise.reject(this.#interrupted());
    return new Promise((resolve, reject) => {
      this.#watch(signal);
      const waiter: Waiter = { signal, resolve, reject };
      const entry = this.#entries.get(id);
      if (entry !== undefined) {
        entry.waiters.add(waiter);
        return;
      }
      const wanted: Wanted = { id, request, tries: 0 };
      this.#entries.set(id, { wanted, waiters: new Set([waiter]) });
      begin(wanted);
    });
  }

  /** All who wait for a request have their answer. */
  settle(id: string, outcome: Outcome): void {
    const entry = this.#entries.get(id);
    this.#entries.delete(id);
    for (const { resolve } of entry?.waiters ?? []) resolve(outcome);
  }

  /** Nobody gets an answer any more. */
  fail(error: unknown): void {
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const { waiters } of entries) for (const { reject } of waiters) reject(error);
  }

  #watch(signal: AbortSignal | undefined): void {
    if (signal === undefined || this.#signals.has(signal)) return;
    this.#signals.add(signal);
    signal.addEventListener("abort", () => this.#giveUp(signal), { once: true });
  }

  #giveUp(signal: AbortSignal): void {
    for (const [id, { waiters }] of this.#entries) {
      for (const waiter of waiters) {
        if (waiter.signal !== signal) continue;
        waiters.delete(waiter);
        waiter.reject(this.#interrupted());
      }
      if (waiters.size === 0) this.#entries.delete(id);
    }
  }
}
