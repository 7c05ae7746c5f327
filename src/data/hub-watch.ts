// SPDX-License-Identifier: Apache-2.0

/** Aborts what it watches when nothing is heard for a while; libuv's timers are on a monotonic clock. */
export class Watch {
  readonly signal: AbortSignal;
  readonly #timer: NodeJS.Timeout;

  constructor(idleMs: number, others: readonly (AbortSignal | undefined)[]) {
    const idle = new AbortController();
    this.#timer = setTimeout(() => idle.abort(), idleMs);
    this.signal = AbortSignal.any([idle.signal, ...others.filter((other) => other !== undefined)]);
  }

  touch(): void {
    this.#timer.refresh();
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
