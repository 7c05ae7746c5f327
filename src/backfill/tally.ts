// SPDX-License-Identifier: Apache-2.0
import type { Rejection } from "./acceptance.ts";
import type { Usage } from "./completion.ts";
import { costOf, type Prices, tokensOfBytes } from "./cost.ts";
import type { Answer, SlotFault } from "./inquiry.ts";
import type { Shown } from "./pools.ts";
import type { SlotResult } from "./slot.ts";

/** Why no more rows are asked for. */
export type FillStatus =
  | "open" // just now, or the run was stopped
  | "filled" // the target is reached
  | "exhausted" // hardly any new row comes
  | "attempts" // max_attempts_per_label
  | "budget"; // max_requests or max_cost_usd

/** Enough of each reason to see what is wrong. */
const MAX_EXAMPLES = 3;
/** UTF-16 units of an example. */
const MAX_EXAMPLE_LENGTH = 200;

/** Counts of one (task, label): received = accepted + rejected, whatever happens. */
export class LabelTally {
  status: FillStatus = "open";
  /** Requests for rows, without repeats. */
  slots = 0;
  /** Rows asked for, items that came, and rows accepted. */
  requested = 0;
  received = 0;
  accepted = 0;
  /** Accepted rows that say their label's name. */
  saidName = 0;
  /** Requests for judgements. */
  judged = 0;
  readonly rejected = new Map<Rejection, { count: number; readonly examples: string[] }>();
  /** Replies that could not be used, by reason, and slots that were given up. */
  readonly faults = new Map<SlotFault, number>();
  givenUp = 0;
  readonly tokens = { prompt: 0, completion: 0, estimated: false };
  /** Null without prices. */
  dollars: number | null;
  readonly #prices: Prices | null;

  constructor(prices: Prices | null) {
    this.#prices = prices;
    this.dollars = prices === null ? null : 0;
  }

  /** Counts what a slot asked and took; its items are counted one by one. */
  count({ slot, items, write, judge }: SlotResult): void {
    this.slots++;
    this.requested += slot.rows;
    this.received += items.length;
    this.#countAnswer(write);
    if (write.value === null) this.givenUp++;
    if (judge === null) return;
    this.judged++;
    this.#countAnswer(judge);
  }

  reject(reason: Rejection, row: Shown | null): void {
    const entry = this.rejected.get(reason) ?? { count: 0, examples: [] };
    this.rejected.set(reason, entry);
    entry.count++;
    if (row !== null && entry.examples.length < MAX_EXAMPLES) entry.examples.push(exampleOf(row));
  }

  #countAnswer(answer: Answer<unknown>): void {
    for (const fault of answer.faults) this.faults.set(fault, (this.faults.get(fault) ?? 0) + 1);
    const { usage, estimated } = spentOn(answer);
    if (estimated) this.tokens.estimated = true;
    this.#spend(usage);
  }

  #spend(usage: Usage): void {
    this.tokens.prompt += usage.promptTokens;
    this.tokens.completion += usage.completionTokens;
    if (this.#prices !== null) this.dollars = (this.dollars ?? 0) + (costOf(usage, this.#prices) ?? 0);
  }
}

/** The tokens of all attempts; estimated where the server does not count them all. */
export function spentOn({ usage, bytes }: Answer<unknown>): {
  readonly usage: Usage;
  readonly estimated: boolean;
} {
  const told = usage.filter((one): one is Usage => one !== null);
  if (told.length < usage.length) {
    const promptTokens = tokensOfBytes(bytes.prompt);
    return { usage: { promptTokens, completionTokens: tokensOfBytes(bytes.reply) }, estimated: true };
  }
  const sum = (of: (one: Usage) => number) => told.reduce((total, one) => total + of(one), 0);
  return {
    usage: {
      promptTokens: sum(({ promptTokens }) => promptTokens),
      completionTokens: sum(({ completionTokens }) => completionTokens),
    },
    estimated: false,
  };
}

function exampleOf({ text, textB }: Shown): string {
  const whole = textB === null ? text : `${text} | ${textB}`;
  if (whole.length <= MAX_EXAMPLE_LENGTH) return whole.replace(/\p{Surrogate}/gu, "\ufffd");
  return `${whole.slice(0, MAX_EXAMPLE_LENGTH).replace(/\p{Surrogate}/gu, "")}…`;
}
