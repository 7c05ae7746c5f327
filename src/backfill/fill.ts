// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import { canonicalJson, sha256 } from "../storage/digest.ts";
import type { Rejection } from "./acceptance.ts";
import type { Budget } from "./budget.ts";
import type { CompletionServer } from "./completion.ts";
import type { Prices } from "./cost.ts";
import { Inquiry } from "./inquiry.ts";
import { type FillTask, LabelFill } from "./label-fill.ts";
import type { Ledger } from "./ledger.ts";
import type { Shown } from "./pools.ts";
import { saysName } from "./profile.ts";
import type { AcceptedRow } from "./record.ts";
import { runSlot, type SlotResult } from "./slot.ts";
import { Standstill } from "./standstill.ts";

export interface FillOptions {
  readonly server: CompletionServer;
  readonly ledger: Ledger;
  /** Number of the fill in the ledger. */
  readonly fill: number;
  readonly budget: Budget;
  readonly prices: Prices | null;
  /** Slots in flight at most. */
  readonly concurrency: number;
  /** Milliseconds that what is in flight may take after `signal`. */
  readonly drainMs: number;
  /** Ends the fill: what is in flight is finished and kept. */
  readonly signal: AbortSignal | undefined;
  /** Told once after `signal`, with the slots that are in flight. */
  readonly onStopping: (inFlight: number) => void;
  /** Told after every slot that is settled. */
  readonly onSettled: (label: LabelFill, labels: readonly LabelFill[]) => void;
}

/**
 * Fills the deficits of all tasks. Slots are settled in one order, wave by wave: the first slot of each label,
 * then the second of each that still lacks rows, and so on; a budget that runs out was thus spent fairly.
 * Ahead of that order only slots are asked for that are certain to be needed, so what is accepted does not
 * depend on how many are in flight, on which answer comes first, or on where an earlier run was killed.
 */
export class Fill {
  readonly labels: readonly LabelFill[];
  readonly #options: FillOptions;
  readonly #inquiries = new Map<FillTask, Inquiry>();
  readonly #halt = new AbortController();
  readonly #standstill: Standstill;
  #inFlight = new Set<Promise<unknown>>();
  #failure: { readonly error: unknown } | null = null;
  #order = 0;

  constructor(tasks: readonly FillTask[], options: FillOptions) {
    const { server, ledger, fill, prices } = options;
    this.#options = options;
    this.#standstill = new Standstill();
    for (const task of tasks) this.#inquiries.set(task, new Inquiry(server, ledger, task.wording, fill));
    this.labels = tasks.flatMap((task) =>
      task.prompt.task.labels.map(({ name }, label) => {
        const firstSlot = ledger.lastSlot(task.prompt.task.name, name, "write", fill) + 1;
        return new LabelFill(task, label, firstSlot, prices);
      }),
    );
  }

  /**
   * Runs to the end: every label filled, exhausted or out of budget.
   *
   * @throws ModelpackError INTERRUPTED, LLM_REFUSING, and what the server and the ledger throw; all that was
   *   accepted or answered until then is in the ledger
   */
  async run(): Promise<void> {
    const stop = () => this.#drain();
    this.#options.signal?.addEventListener("abort", stop);
    if (this.#options.signal?.aborted === true) stop();
    try {
      for (;;) {
        const open = this.labels.filter((label) => label.isOpen(this.#options.budget));
        if (open.length === 0) return;
        this.#askWave(open);
        let isSpent = false;
        for (const [k, label] of open.entries()) {
          isSpent ||= !label.isAsked && !this.#options.budget.allows(0);
          // What has been asked for is paid for, and is settled in its turn.
          if (!isSpent || label.isAsked) await this.#settleNext(label, open.length - k);
        }
        if (isSpent) return closeOpen(this.labels);
      }
    } finally {
      this.#options.signal?.removeEventListener("abort", stop);
      this.#halt.abort();
      await Promise.allSettled(this.#inFlight);
    }
  }

  /** After a signal: nothing new is asked, and what is in flight has a while to come. */
  #drain(): void {
    this.#options.onStopping(this.#inFlight.size);
    const timer = setTimeout(() => this.#halt.abort(), this.#options.drainMs);
    void Promise.allSettled(this.#inFlight).then(() => {
      clearTimeout(timer);
      this.#failure ??= { error: interrupted() };
      this.#wake();
    });
  }

  /**
   * Asks for the next slot of every open label: what is left of a label depends on its own slots alone, and all of
   * those before are settled. Else the last waves would go one request at a time, or one batch at a time.
   */
  #askWave(open: readonly LabelFill[]): void {
    const { signal, concurrency, budget } = this.#options;
    if (signal?.aborted === true || this.#failure !== null) return;
    for (const [k, label] of open.entries()) {
      if (this.#inFlight.size >= concurrency) return;
      if (!label.isAsked && budget.allows(k)) this.#launch(label, label.exactRows());
    }
  }

  #wake: () => void = () => undefined;

  async #settleNext(label: LabelFill, openLeft: number): Promise<void> {
    if (this.#options.signal?.aborted !== true && !label.isAsked) this.#launch(label, label.exactRows());
    this.#pump(openLeft);
    const failed = new Promise<null>((resolve) => {
      this.#wake = () => resolve(null);
    });
    if (this.#isFailed()) throw this.#reason();
    const result = await Promise.race([label.next() ?? failed, failed]);
    if (result === null || this.#isFailed()) throw this.#reason();
    await this.#commit(label, result);
  }

  #isFailed(): boolean {
    return this.#failure !== null;
  }

  #reason(): unknown {
    return this.#failure === null ? interrupted() : this.#failure.error;
  }

  /** Asks ahead of the order, as far as places are free and slots are certain to be needed. */
  #pump(openLeft: number): void {
    const { signal, concurrency, budget } = this.#options;
    while (signal?.aborted !== true && this.#failure === null && this.#inFlight.size < concurrency) {
      const open = this.labels.filter((label) => label.isOpen(budget));
      let best: LabelFill | null = null;
      for (const label of open)
        if (label.isCertain(budget) && (best === null || label.asked < best.asked)) best = label;
      if (best === null) return;
      // All slots that could stand before it: what is left of this wave, and every open label in those between.
      const least = open.reduce((wave, label) => Math.min(wave, label.taken), best.asked);
      if (!budget.allows(openLeft + open.length * (best.asked - least))) return;
      this.#launch(best, best.batchSize);
    }
  }

  #launch(label: LabelFill, rows: number): void {
    const inquiry = this.#inquiries.get(label.task) as Inquiry;
    const slot = { label: label.label, slot: label.firstSlot + label.asked, rows };
    this.#options.budget.launch();
    const work = runSlot(label.task, slot, inquiry, this.#halt.signal);
    label.ask(work);
    const settled: Promise<void> = work.then(
      () => undefined,
      (error: unknown) => {
        const isStopped = error instanceof ModelpackError && error.code === "INTERRUPTED";
        this.#failure ??= { error: isStopped ? interrupted() : error };
        this.#halt.abort();
      },
    );
    this.#inFlight.add(settled);
    void settled.then(() => {
      this.#inFlight.delete(settled);
      if (this.#failure !== null) this.#wake();
      else this.#pump(this.labels.length);
    });
  }

  /** Takes the rows of a slot that are still fit and needed; they are on the disk when this resolves. */
  async #commit(label: LabelFill, result: SlotResult): Promise<void> {
    const { ledger, budget, onSettled } = this.#options;
    const rows: AcceptedRow[] = [];
    const rejected: { readonly rejection: Rejection; readonly row: Shown | null }[] = [];
    for (const item of result.items) {
      const candidate = {
        ...(item.row ?? { text: "", textB: null }),
        label: label.label,
        language: result.write.prompt.language,
      };
      const rejection = item.rejection ?? label.task.admission.refuse(candidate);
      if (rejection !== null) {
        rejected.push({ rejection, row: item.row });
        continue;
      }
      label.task.admission.admit(candidate);
      rows.push(this.#acceptedRow(label, candidate, result));
    }
    await ledger.addAccepted(rows);
    // Counted when the rows are on the disk: a report that is written after a failure adds up, too.
    const before = label.tally.dollars ?? 0;
    label.tally.count(result);
    for (const { rejection, row } of rejected) label.tally.reject(rejection, row);
    label.tally.accepted += rows.length;
    label.tally.saidName += rows.filter((row) => saysName(row, label.nameWords)).length;
    label.settle(rows.length, result);
    budget.settle((label.tally.dollars ?? 0) - before);
    onSettled(label, this.labels);
    await this.#checkStandstill(result);
  }

  async #checkStandstill(result: SlotResult): Promise<void> {
    try {
      this.#standstill.check(result);
    } catch (error) {
      // The replies are in the ledger: a run that went on with this fill would stop at them again, whatever was
      // changed at the server meanwhile.
      await this.#options.ledger.endFill(this.#options.fill);
      throw error;
    }
  }

  #acceptedRow(
    label: LabelFill,
    {
      text,
      textB,
      language,
    }: { readonly text: string; readonly textB: string | null; readonly language: string },
    { write: { prompt, record } }: SlotResult,
  ): AcceptedRow {
    return {
      task: label.task.prompt.task.name,
      label: label.name,
      text,
      textB,
      language,
      fill: this.#options.fill,
      order: this.#order++,
      model: record.model,
      fingerprint: record.fingerprint,
      request: record.key,
      prompt: prompt.digest,
      seeds: prompt.shown.map((shown) => sha256(canonicalJson(shown)).slice(0, 16)),
    };
  }
}

function closeOpen(labels: readonly LabelFill[]): void {
  for (const label of labels) if (label.tally.status === "open") label.tally.status = "budget";
}

function interrupted(): ModelpackError {
  return new ModelpackError(
    "INTERRUPTED",
    "the backfill was stopped; every row and reply so far is in the ledger",
    {
      hint: "run the same command again: it goes on where this one stopped, and asks nothing twice",
    },
  );
}
