// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import type { Budget } from "./budget.ts";
import { costOf, type Prices } from "./cost.ts";
import type { Answer } from "./inquiry.ts";
import { type LabelledBatch, type LabelledText, type Labelling, labelBatch } from "./labelling.ts";
import type { Shown } from "./pools.ts";
import { Standstill } from "./standstill.ts";
import { spentOn } from "./tally.ts";

export interface LabelRunOptions {
  readonly labelling: Labelling;
  /** The number under which the ledger keeps what this run asks. */
  readonly fill: number;
  /** Counts requests. */
  readonly budget: Budget;
  readonly prices: Prices | null;
  /** Batches in flight at most. */
  readonly concurrency: number;
  /** Milliseconds that what is in flight may take after `signal`. */
  readonly drainMs: number;
  /** Ends the run: what is in flight is finished and kept. */
  readonly signal: AbortSignal | undefined;
  /** Told after every batch that is settled. */
  readonly onSettled: (run: LabelRun) => void;
}

const ANSWERS = {
  kept: "the answers",
  refused: "another model, or another wording in [synthetic_llm.prompts], may do",
  any: true,
} as const;

/**
 * Labels batches of texts. Batches are settled in their order, and the budget is held against those settled:
 * what comes out does not depend on how many are in flight, or on which answer comes first.
 */
export class LabelRun {
  /** What is settled, in the order of the texts. */
  readonly texts: LabelledText[] = [];
  /** Of these, texts that have a label. */
  labelled = 0;
  /** Requests of this run, without repeats, and what they took; what the ledger knew costs nothing. */
  requests = 0;
  readonly tokens = { prompt: 0, completion: 0, estimated: false };
  /** Null without prices. */
  dollars: number | null;
  readonly #batches: readonly (readonly Shown[])[];
  readonly #options: LabelRunOptions;
  readonly #halt = new AbortController();
  readonly #standstill = new Standstill(ANSWERS);
  /** Asked for and not settled, in order. */
  readonly #waiting: Promise<LabelledBatch | null>[] = [];
  readonly #inFlight = new Set<Promise<unknown>>();
  #failure: { readonly error: unknown } | null = null;
  #asked = 0;
  #settled = 0;
  #ended = false;

  constructor(batches: readonly (readonly Shown[])[], options: LabelRunOptions) {
    this.#batches = batches;
    this.#options = options;
    this.dollars = options.prices === null ? null : 0;
  }

  /**
   * Runs until all batches are settled or the budget is spent.
   *
   * @throws ModelpackError INTERRUPTED, LLM_REFUSING, LLM_INCOMPATIBLE, and what the server and the ledger
   *   throw; whatever was answered until then is in the ledger
   */
  async run(): Promise<void> {
    const { signal, drainMs, budget } = this.#options;
    let timer: NodeJS.Timeout | undefined;
    const drain = () => {
      timer = setTimeout(() => this.#halt.abort(), drainMs);
    };
    signal?.addEventListener("abort", drain);
    try {
      while (this.#settled < this.#batches.length && budget.allows(this.#rounds - 1)) {
        this.#pump();
        const batch = (await this.#waiting.shift()) ?? null;
        if (this.#failure !== null) throw this.#reason();
        if (batch === null) throw stopped();
        this.#settle(batch);
      }
    } catch (error) {
      // After a signal, what is in flight is let finish: it is paid for.
      if (signal?.aborted !== true) this.#halt.abort();
      throw error;
    } finally {
      this.#ended = true;
      signal?.removeEventListener("abort", drain);
      await Promise.allSettled(this.#inFlight);
      clearTimeout(timer);
    }
  }

  /** What is given up after a signal fails as interrupted, in other words than ours. */
  #reason(): unknown {
    const error = this.#failure?.error;
    return error instanceof ModelpackError && error.code === "INTERRUPTED" ? stopped() : error;
  }

  /** Requests of a batch, as far as anyone can say before. */
  get #rounds(): number {
    return this.#options.labelling.verify ? 2 : 1;
  }

  /** Asks for as many of the next batches as places are free, and as are certain to be within the budget. */
  #pump(): void {
    const { signal, concurrency, budget } = this.#options;
    const isOver = () => this.#ended || this.#failure !== null || signal?.aborted === true;
    while (!isOver() && this.#inFlight.size < concurrency) {
      const next = this.#batches[this.#asked];
      const ahead = this.#asked - this.#settled;
      if (next === undefined || !budget.allows((ahead + 1) * this.#rounds - 1)) return;
      this.#asked++;
      this.#launch(next);
    }
  }

  #launch(batch: readonly Shown[]): void {
    const { labelling, signal } = this.#options;
    const work = labelBatch(labelling, batch, { stop: signal, halt: this.#halt.signal });
    const settled: Promise<LabelledBatch | null> = work
      .catch((error: unknown) => {
        this.#failure ??= { error };
        this.#halt.abort();
        return null;
      })
      .finally(() => {
        this.#inFlight.delete(settled);
        this.#pump();
      });
    this.#waiting.push(settled);
    this.#inFlight.add(settled);
  }

  #settle({ texts, answers, useless }: LabelledBatch): void {
    this.#settled++;
    this.texts.push(...texts);
    this.labelled += texts.filter(({ label }) => label !== null).length;
    for (const answer of answers) if (answer.record.fill === this.#options.fill) this.#count(answer);
    this.#options.onSettled(this);
    this.#standstill.look(useless);
  }

  #count(answer: Answer<unknown>): void {
    const { usage, estimated } = spentOn(answer);
    const dollars = costOf(usage, this.#options.prices) ?? 0;
    this.requests++;
    this.tokens.prompt += usage.promptTokens;
    this.tokens.completion += usage.completionTokens;
    this.tokens.estimated ||= estimated;
    if (this.dollars !== null) this.dollars += dollars;
    this.#options.budget.settle(dollars);
  }
}

function stopped(): ModelpackError {
  return new ModelpackError("INTERRUPTED", "labelling was stopped; every answer so far is in the ledger", {
    hint: "run the same command again: it asks nothing twice",
  });
}
