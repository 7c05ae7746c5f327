// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { ModelpackError } from "../core/error.ts";
import type { Job, JobResult } from "./job.ts";
import type { EpochStatistics } from "./task-trainer.ts";

// The same file from src/ (tests run the sources) and from dist/: a worker needs compiled JavaScript.
const WORKER = new URL("../../dist/training/worker.js", import.meta.url);

interface Waiting {
  readonly job: Job;
  readonly report: (epoch: EpochStatistics) => void;
  readonly resolve: (result: JobResult[Job["kind"]]) => void;
  readonly reject: (error: unknown) => void;
}

type Message = { readonly epoch: EpochStatistics } | { readonly result: JobResult[Job["kind"]] };

/** Threads that do jobs in the order in which they were handed in, each as soon as one is free. */
export class WorkerPool {
  readonly size: number;
  readonly #idle: Worker[] = [];
  readonly #busy = new Map<Worker, Waiting>();
  readonly #queue: Waiting[] = [];
  #closed: unknown = null;

  /** `size` threads; 0 for as many as there are cores. */
  constructor(size: number, signal?: AbortSignal) {
    this.size = size > 0 ? size : availableParallelism();
    signal?.addEventListener("abort", () => void this.close(signal.reason), { once: true });
    if (signal?.aborted === true) this.#closed = signal.reason;
  }

  /** Does a job in a thread. Rejects when the thread dies, out of memory for one. */
  run<K extends Job["kind"]>(
    job: Extract<Job, { kind: K }>,
    report: (epoch: EpochStatistics) => void = () => {},
  ): Promise<JobResult[K]> {
    return new Promise<JobResult[Job["kind"]]>((resolve, reject) => {
      if (this.#closed !== null) return reject(this.#closed);
      this.#queue.push({ job, report, resolve, reject });
      this.#next();
    }) as Promise<JobResult[K]>;
  }

  /** Ends the threads; jobs under way reject with `reason`. */
  async close(reason: unknown = new ModelpackError("INTERNAL", "the worker pool is closed")): Promise<void> {
    this.#closed ??= reason;
    const workers = [...this.#idle.splice(0), ...this.#busy.keys()];
    for (const waiting of [...this.#busy.values(), ...this.#queue.splice(0)]) waiting.reject(reason);
    this.#busy.clear();
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  #next(): void {
    if (this.#queue.length === 0) return;
    const worker = this.#idle.pop() ?? (this.#busy.size < this.size ? this.#start() : undefined);
    if (worker === undefined) return;
    const waiting = this.#queue.shift() as Waiting;
    this.#busy.set(worker, waiting);
    worker.postMessage(waiting.job);
  }

  #start(): Worker {
    const worker = new Worker(WORKER);
    worker.on("message", (message: Message) => {
      const waiting = this.#busy.get(worker);
      if (waiting === undefined) return;
      if ("epoch" in message) return waiting.report(message.epoch);
      this.#busy.delete(worker);
      this.#idle.push(worker);
      waiting.resolve(message.result);
      this.#next();
    });
    worker.on("error", (cause) => this.#died(worker, cause));
    worker.on("exit", (code) => this.#died(worker, new Error(`the thread ended with code ${code}`)));
    return worker;
  }

  #died(worker: Worker, cause: unknown): void {
    const waiting = this.#busy.get(worker);
    if (waiting === undefined) return;
    this.#busy.delete(worker);
    const reason = cause instanceof Error ? cause.message : String(cause);
    waiting.reject(
      cause instanceof ModelpackError
        ? cause
        : new ModelpackError("INTERNAL", `a training thread died: ${reason}`, {
            cause,
            hint: "out of memory? lower train.max_features or prepare.max_per_task_label, or set train.workers = 1",
          }),
    );
    this.#next();
  }
}
