// SPDX-License-Identifier: Apache-2.0
import { availableParallelism } from "node:os";
import { ModelpackError } from "../core/error.ts";
import { ThreadPool } from "../storage/thread-pool.ts";
import { chooseBanding } from "./banding.ts";
import type { RowTexts } from "./exact-duplicates.ts";
import { findNearDuplicates, type NearDuplicates } from "./near-duplicates.ts";
import { shareTexts } from "./selection.ts";
import { newSignatures, type RowRange, type Signatures } from "./signatures.ts";
import { UnionFind } from "./union-find.ts";

// The same file from src/ (tests run the sources) and from dist/: a worker needs compiled JavaScript.
const WORKER = new URL("../../dist/data/near-worker.js", import.meta.url);

/** Fewer rows take less time here than a thread takes to start. */
const WORTH_A_THREAD = 20_000;
/** As many tasks are looked at as there are threads: each holds its texts once more, and some 220 bytes a row. */
const MOST_THREADS = 4;

/** What a thread is asked: to sign some rows, or, once all are signed, to find the pairs. What they share is not copied. */
export type NearJob =
  | {
      readonly kind: "sign";
      readonly texts: RowTexts;
      readonly signatures: Signatures;
      readonly range: RowRange;
    }
  | {
      readonly kind: "join";
      readonly texts: RowTexts;
      readonly signatures: Signatures;
      readonly official: Uint8Array;
      readonly threshold: number;
    };

/** What it answers with; to have signed is all there is to say of it. */
export interface NearAnswer {
  readonly roots: Uint32Array<ArrayBuffer>;
  readonly across: Uint8Array;
}

/** Threads that find near-duplicates ({@link findNearDuplicates}) of several tasks at a time; the answers are the same. */
export class NearThreads {
  readonly #size = Math.min(availableParallelism(), MOST_THREADS);
  readonly #threads: ThreadPool<NearAnswer | null>;
  /** Tasks that are looked at, and the turns of those that wait. */
  #under = 0;
  readonly #waiting: (() => void)[] = [];

  /** The signal ends what the threads are at, with INTERRUPTED. */
  constructor(signal?: AbortSignal) {
    this.#threads = new ThreadPool({
      worker: WORKER,
      size: this.#size,
      purpose: "near-duplicate",
      hint: "out of memory? lower prepare.max_rows_per_source",
      signal,
    });
  }

  /** @throws ModelpackError INTERNAL where a thread dies, as of too little memory, or the threads are closed first; INTERRUPTED */
  async find(texts: RowTexts, official: Uint8Array, threshold: number): Promise<NearDuplicates> {
    if (texts.length < WORTH_A_THREAD) return findNearDuplicates(texts, official, threshold);
    // As many tasks as there are threads: of the others nothing is copied yet.
    if (this.#under === this.#size) await new Promise<void>((turn) => void this.#waiting.push(turn));
    else this.#under++;
    try {
      return await this.#find(texts, official, threshold);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#under--;
      else next();
    }
  }

  async #find(texts: RowTexts, official: Uint8Array, threshold: number): Promise<NearDuplicates> {
    const { length } = texts;
    const shared: RowTexts = {
      length,
      text: shareTexts(texts.text),
      textB: texts.textB === null ? null : shareTexts(texts.textB),
    };
    const signatures = newSignatures(length, chooseBanding(threshold, length));
    await Promise.all(
      this.#ranges(length).map((range) =>
        this.#run<null>({ kind: "sign", texts: shared, signatures, range }, length),
      ),
    );
    const job = { kind: "join", texts: shared, signatures, official, threshold } as const;
    const { roots, across } = await this.#run<NearAnswer>(job, length);
    return { sets: UnionFind.of(roots), across };
  }

  /** Of large tasks first: theirs is the last join to end. */
  #run<Answer extends NearAnswer | null>(job: NearJob, rows: number): Promise<Answer> {
    return this.#threads.run(job, (answer) => ({ result: answer as Answer }), rows);
  }

  /** A range a thread, of equal lengths. */
  #ranges(length: number): RowRange[] {
    const end = (k: number) => Math.floor((length * k) / this.#size);
    return Array.from({ length: this.#size }, (_, k) => ({ from: end(k), to: end(k + 1) }));
  }

  /** Ends the threads; what has no answer yet rejects. */
  async close(): Promise<void> {
    await this.#threads.close(new ModelpackError("INTERNAL", "the near-duplicate threads are closed"));
  }
}
