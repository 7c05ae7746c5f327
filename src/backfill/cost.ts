// SPDX-License-Identifier: Apache-2.0

import type { PipelineConfig } from "../config/schema.ts";
import { amount, countText } from "../core/amount.ts";
import type { Usage } from "./completion.ts";

// What a fill costs, and how that is said to people. These are figures for a budget and a report: no row and
// no digest depends on them.

/** US dollars for a million tokens. */
export interface Prices {
  readonly input: number;
  readonly output: number;
}

/** The two prices of a config; null where one is missing. */
export function pricesOf({ synthetic_llm: llm }: Pick<PipelineConfig, "synthetic_llm">): Prices | null {
  const { price_input_per_million: input, price_output_per_million: output } = llm;
  return input === undefined || output === undefined ? null : { input, output };
}

/** US dollars for these tokens; null without prices. */
export function costOf({ promptTokens, completionTokens }: Usage, prices: Prices | null): number | null {
  return prices === null ? null : (promptTokens * prices.input + completionTokens * prices.output) / 1e6;
}

/**
 * Bytes of UTF-8 that a token stands for: 4 in English prose with the vocabularies of today, a little less in
 * other Latin scripts and in JSON, 3 to 6 elsewhere, where a character takes more bytes and a token holds
 * fewer characters.
 */
const BYTES_PER_TOKEN = 4;

/** Tokens of so many bytes of UTF-8, where the server does not count them: right to a third or so. */
export function tokensOfBytes(bytes: number): number {
  return Math.ceil(bytes / BYTES_PER_TOKEN);
}

/** `$0.0042`, `$1.23`, `$1,235`. */
export function dollarsText(dollars: number): string {
  if (dollars > 0 && dollars < 0.0001) return "under $0.0001";
  if (dollars > 0 && dollars < 0.01) return `$${dollars.toFixed(4)}`;
  return dollars < 999.995 ? `$${dollars.toFixed(2)}` : `$${countText(Math.round(dollars))}`;
}

const SCALES: readonly (readonly [size: number, name: string])[] = [
  [1e9, "billion"],
  [1e6, "million"],
];

/** `1 token`, `12,345 tokens`, `3.4 million tokens`. */
export function tokensText(tokens: number): string {
  const scale = SCALES.find(([size]) => tokens >= size * 0.99995);
  if (scale === undefined) return amount(Math.round(tokens), "token", "tokens", countText);
  return `${(tokens / scale[0]).toFixed(1)} ${scale[1]} tokens`;
}

// Up to one and a half of the next unit, so that no figure is off by more than a third.
const DURATIONS: readonly (readonly [below: number, unit: number, name: string])[] = [
  [90, 1, "seconds"],
  [90 * 60, 60, "minutes"],
  [36 * 3600, 3600, "hours"],
  [Number.POSITIVE_INFINITY, 86_400, "days"],
];

/** `about 40 seconds`, `about 5 hours`, `about 3 days`; for what can't be told, `an unknown time`. */
export function durationText(seconds: number): string {
  const scale = DURATIONS.find(([below]) => seconds < below);
  if (scale === undefined) return "an unknown time";
  if (seconds < 1.5) return "about a second";
  return `about ${countText(Math.round(seconds / scale[1]))} ${scale[2]}`;
}
