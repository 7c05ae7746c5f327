// SPDX-License-Identifier: Apache-2.0

/** What a run did and when: goes to run.json, which no digest covers. */
export class RunLog {
  readonly #clock: () => number;
  readonly #started: number;
  readonly #phases: { phase: string; from: number; seconds: number }[] = [];
  readonly #epochs: { task: string; epoch: number; seconds: number }[] = [];

  constructor(clock: () => number) {
    this.#clock = clock;
    this.#started = clock();
  }

  /** Does a phase of the run; several may be under way at a time. `from` and `seconds` go to the record. */
  async phase<R>(phase: string, work: () => R | Promise<R>): Promise<R> {
    const from = this.#clock();
    const entry = { phase, from: from - this.#started, seconds: 0 };
    this.#phases.push(entry);
    try {
      return await work();
    } finally {
      entry.seconds = this.#clock() - from;
    }
  }

  epoch(task: string, epoch: number, seconds: number): void {
    this.#epochs.push({ task, epoch, seconds });
  }

  record(workers: number): unknown {
    return { workers, seconds: this.#clock() - this.#started, phases: this.#phases, epochs: this.#epochs };
  }
}
