// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { type ErrorCode, ModelpackError } from "../core/error.ts";
import type { Job, JobResult } from "./job.ts";
import type { EpochStatistics } from "./task-trainer.ts";

// The same file from src/ (tests run the sources) and from dist/: a worker needs compiled JavaScript.
const WORKER = new URL("../../dist/training/worker.js", import.meta.url);

/**
 * Space for a thread's young objects, of which there are few: rows are in shared memory. By default it is 48 MB a thread:
 * the peak of 16 tasks on two threads was 70 MB higher, and the time 1 % shorter.
 */
const YOUNG_MB = 4;

/** Threads that start before there is work; a small run does not need as many as a machine has cores. */
const WARM_THREADS = 4;

/** Hears of an epoch and the seconds since the one before it; the first one's hold what led up to it. */
export type EpochListener = (epoch: EpochStatistics, seconds: number) => void;

interface Waiting {
  readonly job: Job;
  readonly priority: number;
  readonly report: EpochListener;
  readonly resolve: (result: JobResult[Job["kind"]]) => void;
  readonly reject: (error: unknown) => void;
}

/** What a thread says; an error as fields, because its class would not survive the crossing. */
export type Message =
  | { readonly epoch: EpochStatistics; readonly seconds: number }
  | { readonly result: JobResult[Job["kind"]] }
  | { readonly error: JobError };

export interface JobError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly where: string | undefined;
  readonly hint: string | undefined;
}

const MEMORY_HINT =
  "out of memory? lower train.max_features or prepare.max_per_task_label, or set train.workers = 1";

/** Threads that do jobs, each as soon as one is free: those of the highest priority first, then in their order. */
export class WorkerPool {
  readonly size: number;
  readonly #idle: Worker[] = [];
  readonly #busy = new Map<Worker, Waiting>();
  readonly #queue: Waiting[] = [];
  #closed: unknown = null;

  /** `size` threads; 0 for as many as there are cores. */
  constructor(size: number, signal?: AbortSignal) {
    this.size = size > 0 ? size : availableParallelism();
    signal?.addEventListener("abort", () => void this.close(interruption(signal)), { once: true });
    if (signal?.aborted === true) this.#closed = interruption(signal);
  }

  /** Starts some threads before there is work: they load while its owner reads what they will work on. */
  warm(): void {
    if (this.#closed !== null) return;
    while (this.#idle.length + this.#busy.size < Math.min(this.size, WARM_THREADS))
      this.#idle.push(this.#start());
  }

  /**
   * Does a job in a thread. Rejects with a ModelpackError when it fails, or its thread dies. What others wait for
   * comes first; of those that nobody waits for, the longest, so that no thread is left with it at the end.
   */
  run<K extends Job["kind"]>(
    job: Extract<Job, { kind: K }>,
    report: EpochListener = () => {},
    priority = Number.POSITIVE_INFINITY,
  ): Promise<JobResult[K]> {
    return new Promise<JobResult[Job["kind"]]>((resolve, reject) => {
      if (this.#closed !== null) return reject(this.#closed);
      const behind = this.#queue.findIndex((waiting) => waiting.priority < priority);
      const waiting = { job, priority, report, resolve, reject };
      this.#queue.splice(behind < 0 ? this.#queue.length : behind, 0, waiting);
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
    const worker = new Worker(WORKER, { resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB } });
    worker.on("message", (message: Message) => {
      const waiting = this.#busy.get(worker);
      if (waiting === undefined) return;
      if ("epoch" in message) return waiting.report(message.epoch, message.seconds);
      this.#busy.delete(worker);
      this.#idle.push(worker);
      if ("result" in message) waiting.resolve(message.result);
      else waiting.reject(jobError(message.error));
      this.#next();
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
    waiting.reject(
      new ModelpackError("INTERNAL", `a training thread died: ${reason}`, { cause, hint: MEMORY_HINT }),
    );
    this.#next();
  }
}

function jobError({ code, message, where, hint }: JobError): ModelpackError {
  if (code !== "INTERNAL") return new ModelpackError(code, message, { where, hint });
  return new ModelpackError(code, `a training thread failed: ${message}`, { where, hint: MEMORY_HINT });
}

/** Whatever a caller aborts with, the stage ends with INTERRUPTED. */
function interruption({ reason }: AbortSignal): ModelpackError {
  if (reason instanceof ModelpackError) return reason;
  return new ModelpackError("INTERRUPTED", "stopped before anything was written", {
    hint: "run the same command again; nothing was lost",
    cause: reason,
  });
}
