// SPDX-License-Identifier: Apache-2.0

import type { AcceptedRow } from "../backfill/record.ts";
import type { PipelineConfig } from "../config/schema.ts";
import type { Reporter } from "../core/reporter.ts";
import type { findNearDuplicates } from "../data/near-duplicates.ts";
import { NearThreads } from "../data/near-threads.ts";
import type { TaskRowsBuilder } from "../data/rows.ts";
import { type Collected, type CollectOptions, collect } from "./collect.ts";
import type { PrepareInputs } from "./inputs.ts";
import { finishReal, type PreparedTask, type RealTask, withAccepted } from "./prepared-task.ts";
import { checkpoint } from "./workspace.ts";

/** What the sources gave, and the tasks made of it, in the order of the config. */
export interface CollectedTasks extends Collected {
  readonly real: readonly RealTask[];
}

/** Reads every source, and finishes each task while the sources of the others are read. */
export async function collectTasks(
  config: PipelineConfig,
  inputs: PrepareInputs,
  reporter: Reporter,
  options: CollectOptions,
): Promise<CollectedTasks> {
  const finisher = new TaskFinisher(config, options.signal);
  try {
    const collected = await collect(config, inputs, reporter, options, (builders) =>
      finisher.begin(builders),
    );
    return { ...collected, real: await finisher.end(reporter) };
  } finally {
    await finisher.close();
  }
}

/** A task, and what is to be said of it. */
interface Finished {
  readonly task: RealTask;
  readonly warnings: readonly string[];
}

/**
 * Deduplicates, splits and balances what was collected for each task. Exact duplicates are merged of one task after the
 * other; threads look for near-duplicates meanwhile. What is said of the tasks comes in their order.
 */
export class TaskFinisher {
  readonly #config: PipelineConfig;
  readonly #signal: AbortSignal;
  readonly #closing = new AbortController();
  readonly #threads: NearThreads;
  /** By the task's name. */
  readonly #tasks = new Map<string, Promise<Finished>>();
  /** When the exact duplicates of every task that was begun are merged. */
  #merged = Promise.resolve();
  #finished = 0;
  #onFinished = () => {};
  #failure: { readonly error: unknown } | null = null;

  constructor(config: PipelineConfig, signal: AbortSignal | undefined) {
    this.#config = config;
    const { signal: closing } = this.#closing;
    this.#signal = signal === undefined ? closing : AbortSignal.any([signal, closing]);
    this.#threads = new NearThreads(this.#signal);
  }

  /** Takes tasks of which every row is there; the largest is begun first. Throws what an earlier one has failed with. */
  begin(builders: readonly TaskRowsBuilder[]): void {
    if (this.#failure !== null) throw this.#failure.error;
    for (const builder of [...builders].sort((a, b) => b.length - a.length)) {
      const before = this.#merged;
      this.#merged = new Promise((next) => {
        const task = before.then(() => this.#finish(builder, next));
        // The next begins where this one fails, too.
        task.then(
          () => next(),
          (error: unknown) => {
            this.#failure ??= { error };
            next();
          },
        );
        this.#tasks.set(builder.task.name, task);
      });
    }
  }

  /** The tasks that were begun, in the order of the config. */
  async end(reporter: Reporter): Promise<RealTask[]> {
    this.#onFinished = () =>
      reporter.progress("deduplicating, splitting and balancing", this.#finished, this.#tasks.size);
    this.#onFinished();
    const begun = this.#config.tasks
      .map(({ name }) => this.#tasks.get(name))
      .filter((task) => task !== undefined);
    return (await Promise.all(begun)).map(({ task, warnings }) => {
      for (const warning of warnings) reporter.warn(warning);
      return task;
    });
  }

  /** Ends the threads, and the tasks that have not ended, each at its next step; resolves once none is at work. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#threads.close();
    await Promise.allSettled(this.#tasks.values());
  }

  async #finish(builder: TaskRowsBuilder, isMerged: () => void): Promise<Finished> {
    checkpoint(this.#signal);
    const warnings: string[] = [];
    const findNear: typeof findNearDuplicates = async (...question) => {
      isMerged();
      checkpoint(this.#signal);
      const found = await this.#threads.find(...question);
      checkpoint(this.#signal);
      return found;
    };
    const heard = { warn: (warning: string) => void warnings.push(warning) };
    const task = await finishReal(this.#config, builder, findNear, heard);
    this.#finished++;
    this.#onFinished();
    return { task, warnings };
  }
}

/** The tasks with those of the accepted rows that they have a place for. */
export async function joinAccepted(
  config: PipelineConfig,
  real: readonly RealTask[],
  accepted: readonly AcceptedRow[],
): Promise<PreparedTask[]> {
  const tasks: PreparedTask[] = [];
  for (const task of real) tasks.push(await withAccepted(config, task, accepted));
  return tasks;
}
