// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from "node:os";
import { type ErrorCode, ModelpackError } from "../core/error.ts";
import { MEMORY_HINT } from "../storage/allocation.ts";
import { type Outcome, ThreadPool } from "../storage/thread-pool.ts";
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

/** Priority of what a family ends with: another family's fits have more behind them. */
export const LAST = 0;

/** Hears of an epoch and the seconds since the one before it; the first one's hold what led up to it. */
export type EpochListener = (epoch: EpochStatistics, seconds: number) => void;

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

const HINT = `out of memory? ${MEMORY_HINT}`;

/** Threads that do jobs, each as soon as one is free: those of the highest priority first, then in their order. */
export class WorkerPool {
  readonly size: number;
  readonly #threads: ThreadPool<Message>;

  /** `size` threads; 0 for as many as there are cores. */
  constructor(size: number, signal?: AbortSignal) {
    this.size = size > 0 ? size : availableParallelism();
    this.#threads = new ThreadPool({
      worker: WORKER,
      size: this.size,
      limits: { maxYoungGenerationSizeMb: YOUNG_MB },
      purpose: "training",
      hint: HINT,
      signal,
    });
  }

  /** Starts some threads before there is work: they load while its owner reads what they will work on. */
  warm(): void {
    this.#threads.warm(WARM_THREADS);
  }

  /**
   * Does a job in a thread. Rejects with a ModelpackError when it fails, or its thread dies, and with what `report` throws. What others wait for
   * comes first; of those that nobody waits for, the longest, so that no thread is left with it at the end.
   */
  run<K extends Job["kind"]>(
    job: Extract<Job, { kind: K }>,
    report: EpochListener = () => {},
    priority = Number.POSITIVE_INFINITY,
  ): Promise<JobResult[K]> {
    // What the listener throws ends the job where that ends: it is called in no promise of the caller's.
    let thrown: { readonly error: unknown } | null = null;
    const hear = (message: Message): Outcome<JobResult[K]> => {
      if ("epoch" in message) {
        try {
          if (thrown === null) report(message.epoch, message.seconds);
        } catch (error) {
          thrown = { error };
        }
        return null;
      }
      if (thrown !== null) return thrown;
      return "result" in message
        ? { result: message.result as JobResult[K] }
        : { error: jobError(message.error) };
    };
    return this.#threads.run(job, hear, priority);
  }

  /** Ends the threads; jobs under way reject with `reason`. */
  async close(reason: unknown = new ModelpackError("INTERNAL", "the worker pool is closed")): Promise<void> {
    await this.#threads.close(reason);
  }
}

function jobError({ code, message, where, hint }: JobError): ModelpackError {
  if (code !== "INTERNAL") return new ModelpackError(code, message, { where, hint });
  return new ModelpackError(code, `a training thread failed: ${message}`, { where, hint: HINT });
}
