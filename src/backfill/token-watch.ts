// SPDX-License-Identifier: Apache-2.0
import { TransportFault } from "./transport-fault.ts";

/** A timer of 2^31 ms or more fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Gives up a request when no token comes for too long: the first may take as long as a model needs to be loaded,
 * each later one much less. Whatever else arrives, comments that keep a connection open among it, is no news.
 */
export class TokenWatch {
  readonly signal: AbortSignal;
  readonly #stop = new AbortController();
  readonly #idleMs: number;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(firstMs: number, idleMs: number, others: readonly (AbortSignal | undefined)[]) {
    this.#idleMs = idleMs;
    this.#arm(firstMs);
    this.signal = AbortSignal.any([this.#stop.signal, ...others.filter((other) => other !== undefined)]);
  }

  /** There was a token. */
  touch(): void {
    this.#arm(this.#idleMs);
  }

  /** The answer is no longer wanted, or is whole: its connection is closed if it is still open. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#stop.abort(new TransportFault("broken", "given up"));
  }

  #arm(ms: number): void {
    clearTimeout(this.#timer);
    // A piece that was on its way when the answer was given up: its timer would keep the process for its whole time.
    if (this.#ended) return;
    this.#timer = setTimeout(
      () => this.#stop.abort(new TransportFault("silent", `nothing new for ${Math.round(ms)} ms`)),
      Math.min(ms, MAX_TIMER_MS),
    );
  }
}
