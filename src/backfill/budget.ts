// SPDX-License-Identifier: Apache-2.0
import type { Usage } from "./completion.ts";
import { costOf, type Prices } from "./cost.ts";

/** What a fill may spend; null is no bound. */
export interface BudgetSettings {
  readonly maxRequests: number | null;
  readonly maxDollars: number | null;
  readonly maxSlotsPerLabel: number;
  /** Null where the config gives none; a bound in dollars needs them. */
  readonly prices: Prices | null;
  /** Requests of a slot: one for the rows, and one for a judge. */
  readonly requestsPerSlot: number;
  /** Tokens that a slot may take at most, judge included, as far as anyone can say before. */
  readonly worstSlot: Usage;
}

/**
 * Says whether a slot may be asked for, by the slots before it in the order of all: so the same ones are
 * asked for however many are in flight. Counts slots, not repeats.
 */
export class Budget {
  readonly #settings: BudgetSettings;
  /** What the next slot may cost: the guess, or the dearest slot so far where that was more. */
  #reserve: number;
  /** Slots asked for. */
  #launched = 0;
  /** Of slots that are settled. */
  #slots = 0;
  #dollars = 0;

  constructor(settings: BudgetSettings) {
    this.#settings = settings;
    this.#reserve = costOf(settings.worstSlot, settings.prices) ?? 0;
  }

  get maxSlotsPerLabel(): number {
    return this.#settings.maxSlotsPerLabel;
  }

  /** Whether the slot may be asked for that `before` slots at most stand before, of those not yet settled. */
  allows(before: number): boolean {
    const { maxRequests, maxDollars, requestsPerSlot } = this.#settings;
    // A label that dries up leaves slots that were asked for ahead: they were sent, and count.
    const slots = Math.max(this.#slots + before, this.#launched) + 1;
    if (maxRequests !== null && slots * requestsPerSlot > maxRequests) return false;
    return maxDollars === null || this.#dollars + (before + 1) * this.#reserve <= maxDollars;
  }

  /** A slot is asked for. */
  launch(): void {
    this.#launched++;
  }

  /** Why not even one slot may be asked for, in words; null where one may. */
  get tooSmall(): string | null {
    if (this.allows(0)) return null;
    const { maxRequests, requestsPerSlot, maxDollars } = this.#settings;
    if (maxRequests !== null && maxRequests < requestsPerSlot)
      return `synthetic_llm.max_requests is ${maxRequests}, and rows with a judge take ${requestsPerSlot}`;
    return `synthetic_llm.max_cost_usd is ${maxDollars}, and one request may cost up to ${this.#reserve.toFixed(4)}`;
  }

  /** A slot is settled and cost this much. */
  settle(dollars: number): void {
    this.#slots++;
    this.#dollars += dollars;
    this.#reserve = Math.max(this.#reserve, dollars);
  }
}
