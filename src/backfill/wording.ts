// SPDX-License-Identifier: Apache-2.0
import type { Random } from "../core/random.ts";

/** What the config says of prompts and sampling; everything here decides what is asked. */
export interface Wording {
  /** Templates with {placeholders}. */
  readonly prompts: {
    readonly system: string;
    readonly write: string;
    readonly judge: string;
    readonly label: string;
  };
  /** Attributes of rows: an axis and its values. */
  readonly axes: ReadonlyMap<string, readonly string[]>;
  /** Code and weight of each language; empty where none is asked for. */
  readonly languages: readonly (readonly [code: string, weight: number])[];
  readonly temperature: number;
  readonly topP: number;
  readonly maxTokens: number;
  /** Rows of one request at most. */
  readonly batchSize: number;
  readonly model: string;
  /** Of all drawing. */
  readonly seed: number;
}

/** Steps that weights are counted in: a language of a weight below a millionth of all is never drawn. */
const WEIGHT_STEPS = 1_000_000;

/** A language by its weight; "" where none is asked for. */
export function drawLanguage({ languages }: Wording, random: Random): string {
  const sum = languages.reduce((total, [, weight]) => total + weight, 0);
  let left = (random.below(WEIGHT_STEPS) / WEIGHT_STEPS) * sum;
  for (const [code, weight] of languages) {
    left -= weight;
    if (left < 0) return code;
  }
  return languages.at(-1)?.[0] ?? "";
}

/** One line that says how a row should be: a value of each axis. */
export function drawBrief({ axes }: Wording, random: Random): string {
  const parts = [...axes]
    .filter(([, values]) => values.length > 0)
    .map(([axis, values]) => `${axis}: ${values[random.below(values.length)] ?? ""}`);
  return parts.join("; ");
}
