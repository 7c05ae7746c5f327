// SPDX-License-Identifier: Apache-2.0
import { dollarsText, durationText, tokensText } from "../backfill/cost.ts";
import type { FillPlan, PlannedLabel } from "../pipeline/fill-plan.ts";
import { table } from "./context.ts";

/** A fill that takes longer than this is said to, in words. */
const LONG_SECONDS = 86_400;

/** A small model on one graphics card, several requests at a time: for a sense of scale where no server was asked. */
const TYPICAL_TOKENS_PER_SECOND = 100;

/** What is there, what lacks, and what an LLM would take for it; for `prepare --dry-run`. */
export function fillTable(plan: FillPlan): string {
  const lacking = plan.labels.filter(({ deficit }) => deficit > 0);
  if (lacking.length === 0) return "every label has its target: no LLM is needed";
  const head = ["task", "label", "rows", "target", "deficit", "requests", "tokens", "cost", "time"];
  const rows = plan.labels.map((label) => [
    label.task,
    JSON.stringify(label.label),
    String(label.rows),
    String(label.target),
    String(label.deficit),
    ...expected(label),
  ]);
  return [table([head, ...rows], [2, 3, 4, 5, 6, 7, 8]), "", ...summary(plan, lacking)].join("\n");
}

function expected({ deficit, requests, tokens, dollars, seconds }: PlannedLabel): string[] {
  if (deficit === 0) return ["-", "-", "-", "-"];
  return [
    String(requests),
    tokensText(tokens.promptTokens + tokens.completionTokens),
    dollars === null ? "-" : dollarsText(dollars),
    seconds === null ? "-" : durationText(seconds),
  ];
}

function summary(plan: FillPlan, lacking: readonly PlannedLabel[]): string[] {
  const rows = lacking.reduce((sum, { deficit }) => sum + deficit, 0);
  const tokens = lacking.reduce((sum, one) => sum + one.tokens.promptTokens + one.tokens.completionTokens, 0);
  const cost = plan.dollars === null ? "" : `, ${dollarsText(plan.dollars)}`;
  const time = plan.seconds === null ? "" : `, ${durationText(plan.seconds)}`;
  const lines = [
    `to fill: ${rows} rows of ${lacking.length} labels in about ${plan.requests} requests, ${tokensText(tokens)}${cost}${time}`,
    ...plan.notes,
  ];
  const completion = lacking.reduce((sum, one) => sum + one.tokens.completionTokens, 0);
  const typical = completion / TYPICAL_TOKENS_PER_SECOND;
  if (plan.seconds === null)
    lines.push(
      `for scale: a server that writes ${TYPICAL_TOKENS_PER_SECOND} tokens a second takes ${durationText(typical)}`,
    );
  if ((plan.seconds ?? typical) > LONG_SECONDS)
    lines.push(
      `that is ${durationText(plan.seconds ?? typical)} without a pause: lower prepare.target_per_task_label, or bound a run with max_requests`,
    );
  if (plan.beyondAttempts > 0)
    lines.push(
      `one run does not reach the target of ${plan.beyondAttempts} labels: synthetic_llm.max_attempts_per_label bounds it; run again, or raise that`,
    );
  return lines;
}
