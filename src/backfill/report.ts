// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { writeFileAtomic } from "../storage/commit.ts";
import { prettyJson } from "../storage/digest.ts";
import { REJECTIONS } from "./acceptance.ts";
import type { Capabilities } from "./completion.ts";
import type { LabelFill } from "./label-fill.ts";

/** Stands beside the ledger. What a run did, so no digest covers it. */
export const REPORT_FILE = "backfill_report.json";

/** How a fill went. */
export interface FillSummary {
  readonly fill: number;
  /** `ended`, or why it stopped before: the code of an error. */
  readonly outcome: string;
  readonly provider: string;
  readonly model: string;
  readonly capabilities: Capabilities;
  readonly seconds: number;
  /** Requests sent in this run, repeats and the probe's among them. */
  readonly sent: number;
  readonly retries: number;
  readonly labels: readonly LabelFill[];
}

/** Writes what the fill asked, got, took and cost, for each (task, label) that lacked rows. */
export async function writeFillReport(folder: string, summary: FillSummary): Promise<void> {
  const { labels, capabilities, ...run } = summary;
  const lacking = labels.filter(({ deficit }) => deficit > 0);
  const total = (of: (label: LabelFill) => number) => lacking.reduce((sum, label) => sum + of(label), 0);
  const body = {
    ...run,
    seconds: rounded(run.seconds),
    capabilities: {
      structured: capabilities.structured,
      streams: capabilities.streams,
      usage: capabilities.usage,
      thinking_off: capabilities.thinkingOff,
      model: capabilities.model,
      fingerprint: capabilities.fingerprint,
    },
    totals: {
      deficit: total(({ deficit }) => deficit),
      slots: total(({ tally }) => tally.slots),
      requested: total(({ tally }) => tally.requested),
      received: total(({ tally }) => tally.received),
      accepted: total(({ tally }) => tally.accepted),
      prompt_tokens: total(({ tally }) => tally.tokens.prompt),
      completion_tokens: total(({ tally }) => tally.tokens.completion),
      cost_usd: lacking.some(({ tally }) => tally.dollars === null)
        ? null
        : rounded(total(({ tally }) => tally.dollars ?? 0)),
    },
    labels: lacking.map(labelEntry),
  };
  await writeFileAtomic(join(folder, REPORT_FILE), prettyJson(body));
}

/** To six digits behind the point: sums of prices have more than anyone reads. */
function rounded(value: number): number {
  return Number(value.toFixed(6));
}

function labelEntry({ task, label, name, deficit, remaining, tally }: LabelFill): unknown {
  const { profile, prompt } = task;
  const use = profile.names[label];
  return {
    task: prompt.task.name,
    label: name,
    status: tally.status,
    deficit,
    remaining,
    slots: tally.slots,
    given_up: tally.givenUp,
    judged: tally.judged,
    requested: tally.requested,
    received: tally.received,
    accepted: tally.accepted,
    rejected: REJECTIONS.flatMap((reason) => {
      const entry = tally.rejected.get(reason);
      return entry === undefined ? [] : [{ reason, ...entry }];
    }),
    unusable_replies: [...tally.faults].map(([reason, count]) => ({ reason, count })),
    prompt_tokens: tally.tokens.prompt,
    completion_tokens: tally.tokens.completion,
    tokens_are_estimated: tally.tokens.estimated,
    cost_usd: tally.dollars === null ? null : rounded(tally.dollars),
    // A label's own name in made-up rows far more often than in real ones teaches a model the name.
    label_name: {
      real_rows: use?.rows ?? 0,
      real_share: use?.share ?? null,
      accepted_share: tally.accepted === 0 ? null : tally.saidName / tally.accepted,
    },
  };
}
