// SPDX-License-Identifier: Apache-2.0
import type { FillProgress, Reporter } from "../core/reporter.ts";
import type { LabelFill } from "./label-fill.ts";

/** Adds up how a fill goes, label by label and over all, and tells the reporter. */
export class FillReporter {
  readonly #reporter: Reporter;
  readonly #clock: () => number;
  readonly #everySeconds: number;
  readonly #started: number;

  /** `clock` counts seconds; `everySeconds` is how often a line comes where there is no terminal. */
  constructor(reporter: Reporter, clock: () => number, everySeconds: number) {
    this.#reporter = reporter;
    this.#clock = clock;
    this.#everySeconds = everySeconds;
    this.#started = clock();
  }

  /** A slot of `label` is settled. */
  settled(label: LabelFill, labels: readonly LabelFill[]): void {
    const name = `${label.task.prompt.task.name} ${JSON.stringify(label.name)}`;
    // The bar of all first: it stands above those of the labels.
    this.#reporter.fill(null, this.#progress(labels), this.#everySeconds);
    this.#reporter.fill(name, this.#progress([label]), this.#everySeconds);
  }

  #progress(labels: readonly LabelFill[]): FillProgress {
    const sum = (of: (label: LabelFill) => number) => labels.reduce((total, label) => total + of(label), 0);
    const done = sum(({ tally }) => tally.accepted);
    const left = sum((label) => (label.tally.status === "open" ? label.remaining : 0));
    const seconds = this.#clock() - this.#started;
    const rowsPerSecond = seconds > 0 ? done / seconds : 0;
    return {
      done,
      // A label that was given up is not waited for.
      total: done + left,
      received: sum(({ tally }) => tally.received),
      rowsPerSecond,
      tokens: sum(({ tally }) => tally.tokens.prompt + tally.tokens.completion),
      dollars: labels.some(({ tally }) => tally.dollars === null)
        ? null
        : sum(({ tally }) => tally.dollars ?? 0),
      secondsLeft: rowsPerSecond > 0 ? left / rowsPerSecond : null,
    };
  }
}
