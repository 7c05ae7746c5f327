// SPDX-License-Identifier: Apache-2.0

/** What a run did and when: goes to run.json, which no digest covers. */
export class RunLog {
  readonly #clock: () => number;
  readonly #started: number;
  readonly #phases: { phase: string; seconds: number }[] = [];
  readonly #epochs: { task: string; epoch: number; seconds: number }[] = [];
  #phase: { phase: string; from: number } | null = null;

  constructor(clock: () => number) {
    this.#clock = clock;
    this.#started = clock();
  }

  start(phase: string): void {
    this.end();
    this.#phase = { phase, from: this.#clock() };
  }

  end(): void {
    if (this.#phase !== null)
      this.#phases.push({ phase: this.#phase.phase, seconds: this.#clock() - this.#phase.from });
    this.#phase = null;
  }

  epoch(task: string, epoch: number, seconds: number): void {
    this.#epochs.push({ task, epoch, seconds });
  }

  record(workers: number): unknown {
    return { workers, seconds: this.#clock() - this.#started, phases: this.#phases, epochs: this.#epochs };
  }
}
