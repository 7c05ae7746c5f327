// SPDX-License-Identifier: Apache-2.0
import type { Admission } from "../data/admission.ts";
import type { Budget } from "./budget.ts";
import type { Prices } from "./cost.ts";
import type { SlotContext, SlotResult } from "./slot.ts";
import { LabelTally } from "./tally.ts";

/** Slots that a label's yield is looked at over, and the share of rows below which it has dried up. */
const YIELD_SLOTS = 3;
const LEAST_YIELD = 0.05;
/** Slots in a row that bring nothing to judge a yield by, from which on no more are asked for. */
const MOST_UNUSABLE = 6;
/** Of the rows that lack, how many more are asked for at the end: some are always rejected. */
const SPARE = 4;

/** A task that has deficits. */
export interface FillTask extends SlotContext {
  /** Its rows and those accepted before: what a new row is held against. */
  readonly admission: Admission;
}

/** One (task, label) on its way to its target: which of its slots are asked, and which are settled. */
export class LabelFill {
  readonly task: FillTask;
  readonly label: number;
  readonly name: string;
  /** Number of the first slot of this fill: those before it belong to earlier ones. */
  readonly firstSlot: number;
  readonly tally: LabelTally;
  /** Rows that lacked at the start. */
  readonly deficit: number;
  /** Slots settled, in order. */
  taken = 0;
  readonly #waiting: Promise<SlotResult>[] = [];
  /** Of the latest slots whose replies could be used. */
  readonly #yields: { readonly accepted: number; readonly asked: number }[] = [];
  #unusable = 0;

  constructor(task: FillTask, label: number, firstSlot: number, prices: Prices | null) {
    this.task = task;
    this.label = label;
    this.name = task.prompt.task.labels[label]?.name ?? "";
    this.firstSlot = firstSlot;
    this.tally = new LabelTally(prices);
    this.deficit = this.remaining;
    if (this.deficit === 0) this.tally.status = "filled";
  }

  get remaining(): number {
    return this.task.admission.remaining(this.label);
  }

  /** The words of the label's name. */
  get nameWords(): readonly string[] {
    return this.task.profile.names[this.label]?.words ?? [];
  }

  get batchSize(): number {
    return this.task.wording.batchSize;
  }

  /** Slots asked for, settled ones among them: the number of the next one. */
  get asked(): number {
    return this.taken + this.#waiting.length;
  }

  /** Whether the next slot in the order has been asked for. */
  get isAsked(): boolean {
    return this.#waiting.length > 0;
  }

  /** Whether more rows are to be asked for, as of what is settled. */
  isOpen({ maxSlotsPerLabel }: Budget): boolean {
    if (this.tally.status === "open" && this.taken >= maxSlotsPerLabel) this.tally.status = "attempts";
    return this.tally.status === "open";
  }

  /** Rows to ask for in the next slot of the order, when all slots before it are settled. */
  exactRows(): number {
    return this.#rowsFor(this.remaining);
  }

  /** Whether one more slot than are asked for is needed, and a full one, even if every row of those is taken. */
  isCertain({ maxSlotsPerLabel }: Budget): boolean {
    const left = this.remaining - this.#waiting.length * this.batchSize;
    return this.asked < maxSlotsPerLabel && left > 0 && this.#rowsFor(left) === this.batchSize;
  }

  #rowsFor(remaining: number): number {
    return Math.min(this.batchSize, remaining + Math.ceil(remaining / SPARE));
  }

  ask(result: Promise<SlotResult>): void {
    this.#waiting.push(result);
  }

  /** The result of the next slot in the order; undefined where it has not been asked for. */
  next(): Promise<SlotResult> | undefined {
    return this.#waiting[0];
  }

  /** The next slot in the order, of which so many rows were accepted, is settled. */
  settle(accepted: number, { slot, items, write }: SlotResult): void {
    this.#waiting.shift();
    this.taken++;
    // No reply, and one that only refuses, says nothing of whether the label has dried up: whoever looks for a
    // standstill names what is wrong with those.
    const isUsable = write.value !== null && items.some(({ rejection }) => rejection !== "refusal");
    this.#unusable = isUsable ? 0 : this.#unusable + 1;
    if (isUsable) this.#yields.push({ accepted, asked: slot.rows });
    if (this.#yields.length > YIELD_SLOTS) this.#yields.shift();
    if (this.remaining === 0) this.tally.status = "filled";
    else if (this.#unusable >= MOST_UNUSABLE) this.tally.status = "unusable";
    else if (this.#hasDriedUp()) this.tally.status = "exhausted";
  }

  #hasDriedUp(): boolean {
    if (this.#yields.length < YIELD_SLOTS) return false;
    const sum = (of: "accepted" | "asked") => this.#yields.reduce((total, one) => total + one[of], 0);
    return sum("accepted") < LEAST_YIELD * sum("asked");
  }
}
