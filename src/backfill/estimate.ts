// SPDX-License-Identifier: Apache-2.0
import type { Usage } from "./completion.ts";
import { tokensOfBytes } from "./cost.ts";
import type { PromptPools } from "./pools.ts";
import { sidesOf } from "./profile.ts";
import { type Prompt, writePrompt } from "./prompt.ts";
import type { SlotContext } from "./slot.ts";

/** Of the items that come, how many are taken: a guess for a plan, on the low side of what fills have shown. */
const EXPECTED_YIELD = 0.75;
/** Rows of a label whose length is looked at. */
const LENGTH_ROWS = 50;
/** Tokens of a row where no real row tells. */
const ROW_TOKENS = 30;
/** Tokens of a row's quotes, braces and key. */
const ROW_FRAME = 8;
/** Tokens of a judge's word on a row. */
const JUDGEMENT_TOKENS = 20;

/** What it will take to fill a label, as far as anyone can say before. */
export interface LabelEstimate {
  readonly task: string;
  readonly label: string;
  /** Rows that are there, those over the target too. */
  readonly rows: number;
  readonly target: number;
  readonly deficit: number;
  readonly slots: number;
  readonly requests: number;
  readonly tokens: Usage;
}

/** Estimates the requests and tokens of filling the deficit of a label. */
export function estimateLabel(
  context: SlotContext,
  label: number,
  there: Pick<LabelEstimate, "rows" | "target" | "deficit">,
): LabelEstimate {
  const { deficit } = there;
  const { wording, prompt, verify } = context;
  const slots = Math.ceil(deficit / EXPECTED_YIELD / wording.batchSize);
  const rows = Math.min(wording.batchSize, deficit);
  const one = slotTokens(context, label, rows);
  return {
    task: prompt.task.name,
    label: prompt.task.labels[label]?.name ?? "",
    ...there,
    slots,
    requests: slots * (verify ? 2 : 1),
    tokens: { promptTokens: slots * one.promptTokens, completionTokens: slots * one.completionTokens },
  };
}

/** Tokens of one slot of so many rows, judge included. */
export function slotTokens(context: SlotContext, label: number, rows: number): Usage {
  const { wording, prompt, verify } = context;
  const asked = bytesOf(writePrompt(wording, prompt, { label, slot: 0, rows }));
  const row = rowTokens(prompt.pools, label);
  const write = { promptTokens: tokensOfBytes(asked), completionTokens: rows * (row + ROW_FRAME) };
  if (!verify) return write;
  const labels = prompt.task.labels.reduce((sum, one) => sum + one.name.length + one.description.length, 0);
  const instructions = wording.prompts.system.length + wording.prompts.judge.length;
  return {
    promptTokens: write.promptTokens + tokensOfBytes(instructions + labels) + rows * row,
    completionTokens: write.completionTokens + rows * JUDGEMENT_TOKENS,
  };
}

function rowTokens({ examples }: PromptPools, label: number): number {
  const set = examples[label];
  if (set === undefined || set.length === 0) return ROW_TOKENS;
  const count = Math.min(LENGTH_ROWS, set.length);
  let bytes = 0;
  for (let i = 0; i < count; i++) for (const text of sidesOf(set.at(i))) bytes += Buffer.byteLength(text);
  return Math.ceil(tokensOfBytes(bytes) / count);
}

function bytesOf({ messages }: Prompt): number {
  return messages.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
}
