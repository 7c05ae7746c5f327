// SPDX-License-Identifier: Apache-2.0
import { type ResourceLimits, Worker } from "node:worker_threads";
import { ModelpackError } from "../core/error.ts";

/** What a message of a thread means for its job: its end, or null for nothing yet. */
export type Outcome<Result> = { readonly result: Result } | { readonly error: unknown } | null;

export interface ThreadOptions {
  /** The compiled file that the threads run. */
  readonly worker: URL;
  /** Threads at most. */
  readonly size: number;
  readonly limits?: ResourceLimits;
  /** What a thread is for, as an error says it, and what to do where one dies, as of too little memory. */
  readonly purpose: string;
  readonly hint: string;
  /** Closes the pool; jobs reject with its reason, or INTERRUPTED where that is no error of ours. */
  readonly signal: AbortSignal | undefined;
}

interface Waiting<Message> {
  readonly job: unknown;
  readonly priority: number;
  readonly hear: (message: Message) => Outcome<unknown>;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Threads that do jobs, each as soon as one is free: those of the highest priority first, then in their order. */
export class ThreadPool<Message> {
  readonly #options: ThreadOptions;
  readonly #idle: Worker[] = [];
  readonly #busy = new Map<Worker, Waiting<Message>>();
  readonly #queue: Waiting<Message>[] = [];
  #closed: unknown = null;
  /** Threads that were told to end, as they do. */
  #ending: Promise<unknown> = Promise.resolve();
  readonly #stop = () => void this.close(interruption(this.#options.signal?.reason));

  constructor(options: ThreadOptions) {
    this.#options = options;
    const { signal } = options;
    if (signal?.aborted === true) this.#stop();
    else signal?.addEventListener("abort", this.#stop, { once: true });
  }

  /** Starts up to `most` threads before there is work: they load while their owner makes it. */
  warm(most: number): void {
    if (this.#closed !== null) return;
    const threads = Math.min(this.#options.size, most);
    while (this.#idle.length + this.#busy.size < threads) this.#idle.push(this.#start());
  }

  /**
   * Gives `job` to a thread, and each message of it to `hear`, which tells when it has ended. Rejects with a
   * ModelpackError INTERNAL where the thread dies, and with the reason of {@link close} where that comes first.
   */
  run<Result>(
    job: unknown,
    hear: (message: Message) => Outcome<Result>,
    priority = Number.POSITIVE_INFINITY,
  ): Promise<Result> {
    return new Promise<unknown>((resolve, reject) => {
      if (this.#closed !== null) return reject(this.#closed);
      const behind = this.#queue.findIndex((waiting) => waiting.priority < priority);
      const waiting = { job, priority, hear, resolve, reject };
      this.#queue.splice(behind < 0 ? this.#queue.length : behind, 0, waiting);
      this.#next();
    }) as Promise<Result>;
  }

  /** Resolves once the threads have ended; jobs under way reject with the first `reason`, and so do those that come later. */
  async close(reason: unknown): Promise<void> {
    this.#closed ??= reason;
    this.#options.signal?.removeEventListener("abort", this.#stop);
    const workers = [...this.#idle.splice(0), ...this.#busy.keys()];
    for (const waiting of [...this.#busy.values(), ...this.#queue.splice(0)]) waiting.reject(reason);
    this.#busy.clear();
    this.#ending = Promise.all([this.#ending, ...workers.map((worker) => worker.terminate())]);
    await this.#ending;
  }

  #next(): void {
    if (this.#queue.length === 0) return;
    const worker = this.#idle.pop() ?? (this.#busy.size < this.#options.size ? this.#start() : undefined);
    if (worker === undefined) return;
    const waiting = this.#queue.shift() as Waiting<Message>;
    try {
      worker.postMessage(waiting.job);
      this.#busy.set(worker, waiting);
    } catch (cause) {
      // What can't be handed over, for lack of memory say, is no fault of the thread.
      this.#idle.push(worker);
      waiting.reject(cause);
      this.#next();
    }
  }

  #start(): Worker {
    const { worker: file, limits } = this.#options;
    const worker = new Worker(file, limits === undefined ? {} : { resourceLimits: limits });
    worker.on("message", (message: Message) => {
      const waiting = this.#busy.get(worker);
      const outcome = waiting?.hear(message) ?? null;
      if (waiting === undefined || outcome === null) return;
      this.#busy.delete(worker);
      this.#idle.push(worker);
      if ("result" in outcome) waiting.resolve(outcome.result);
      else waiting.reject(outcome.error);
      // Whoever waited for it may have a job that comes before all others.
      setImmediate(() => this.#next());
    });
    // What it says can't be read, for lack of memory say: its job would wait for ever.
    worker.on("messageerror", (cause) => {
      this.#died(worker, cause);
      this.#ending = Promise.all([this.#ending, worker.terminate()]);
    });
    worker.on("error", (cause) => this.#died(worker, cause));
    worker.on("exit", (code) => this.#died(worker, new Error(`the thread ended with code ${code}`)));
    return worker;
  }

  #died(worker: Worker, cause: unknown): void {
    const at = this.#idle.indexOf(worker);
    if (at >= 0) this.#idle.splice(at, 1);
    const waiting = this.#busy.get(worker);
    if (waiting === undefined) return;
    this.#busy.delete(worker);
    const reason = cause instanceof Error ? cause.message : String(cause);
    const { purpose, hint } = this.#options;
    waiting.reject(new ModelpackError("INTERNAL", `a ${purpose} thread died: ${reason}`, { cause, hint }));
    this.#next();
  }
}

/** Whatever a caller aborts with, the stage ends with INTERRUPTED. */
function interruption(reason: unknown): ModelpackError {
  if (reason instanceof ModelpackError) return reason;
  return new ModelpackError("INTERRUPTED", "stopped before anything was written", {
    hint: "run the same command again; nothing was lost",
    cause: reason,
  });
}
