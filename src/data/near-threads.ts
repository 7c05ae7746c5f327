// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from "node:os";
import { ModelpackError } from "../core/error.ts";
import { ThreadPool } from "../storage/thread-pool.ts";
import type { RowTexts } from "./exact-duplicates.ts";
import { findNearDuplicates, type NearDuplicates } from "./near-duplicates.ts";
import { UnionFind } from "./union-find.ts";

// The same file from src/ (tests run the sources) and from dist/: a worker needs compiled JavaScript.
const WORKER = new URL("../../dist/data/near-worker.js", import.meta.url);

/** Fewer rows take less time here than a thread takes to start. */
const WORTH_A_THREAD = 20_000;
/** Each holds the texts and signatures of a task: some 250 bytes a row. */
const MOST_THREADS = 4;

/** What a thread is asked, and what it answers with. */
export interface NearQuestion {
  readonly texts: RowTexts;
  readonly official: Uint8Array;
  readonly threshold: number;
}

export interface NearAnswer {
  readonly roots: Uint32Array<ArrayBuffer>;
  readonly across: Uint8Array;
}

/** Threads that find near-duplicates ({@link findNearDuplicates}) of several tasks at a time; the answers are the same. */
export class NearThreads {
  readonly #threads: ThreadPool<NearAnswer>;

  /** The signal ends what the threads are at, with INTERRUPTED. */
  constructor(signal?: AbortSignal) {
    this.#threads = new ThreadPool({
      worker: WORKER,
      size: Math.min(availableParallelism(), MOST_THREADS),
      purpose: "near-duplicate",
      hint: "out of memory? lower prepare.max_rows_per_source",
      signal,
    });
  }

  /** @throws ModelpackError INTERNAL where a thread dies, as of too little memory, or the threads are closed first; INTERRUPTED */
  async find(texts: RowTexts, official: Uint8Array, threshold: number): Promise<NearDuplicates> {
    if (texts.length < WORTH_A_THREAD) return findNearDuplicates(texts, official, threshold);
    const question: NearQuestion = { texts, official, threshold };
    return this.#threads.run(question, ({ roots, across }) => ({
      result: { sets: UnionFind.of(roots), across },
    }));
  }

  /** Ends the threads; what has no answer yet rejects. */
  async close(): Promise<void> {
    await this.#threads.close(new ModelpackError("INTERNAL", "the near-duplicate threads are closed"));
  }
}
