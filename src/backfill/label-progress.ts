// SPDX-License-Identifier: Apache-2.0
import type { FillProgress, Reporter } from "../core/reporter.ts";
import type { LabelRun } from "./label-run.ts";

/** Tells the reporter how labelling goes. */
export class LabelProgress {
  readonly #reporter: Reporter;
  readonly #total: number;
  readonly #clock: () => number;
  readonly #everySeconds: number;
  /** Where asking began: what the ledger knew came before that, at a speed that says nothing. */
  #start: { readonly seconds: number; readonly texts: number; readonly labelled: number };

  /** `total` texts are to be labelled; `clock` counts seconds. */
  constructor(reporter: Reporter, total: number, clock: () => number, everySeconds: number) {
    this.#reporter = reporter;
    this.#total = total;
    this.#clock = clock;
    this.#everySeconds = everySeconds;
    this.#start = { seconds: clock(), texts: 0, labelled: 0 };
  }

  /** A batch is settled. */
  settled(run: LabelRun): void {
    const { texts, labelled } = run;
    if (run.requests === 0) this.#start = { seconds: this.#clock(), texts: texts.length, labelled };
    this.#reporter.fill(null, this.#progress(run), this.#everySeconds);
  }

  #progress({ texts, labelled, tokens, dollars }: LabelRun): FillProgress {
    const seconds = this.#clock() - this.#start.seconds;
    const perSecond = (count: number) => (seconds > 0 ? count / seconds : 0);
    const left = this.#total - texts.length;
    const speed = perSecond(texts.length - this.#start.texts);
    return {
      done: labelled,
      // A text in doubt is not waited for.
      total: labelled + left,
      received: texts.length,
      rowsPerSecond: perSecond(labelled - this.#start.labelled),
      tokens: tokens.prompt + tokens.completion,
      dollars,
      secondsLeft: speed > 0 ? left / speed : null,
    };
  }
}
