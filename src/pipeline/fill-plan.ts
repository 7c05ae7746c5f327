// SPDX-License-Identifier: Apache-2.0
import { costOf, dollarsText, pricesOf } from "../backfill/cost.ts";
import { estimateLabel, type LabelEstimate } from "../backfill/estimate.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { PipelineConfig } from "../config/schema.ts";
import { ModelpackError } from "../core/error.ts";
import type { Reporter } from "../core/reporter.ts";
import type { LabelBalance } from "../data/balancer.ts";
import type { AcceptedInput } from "./accepted.ts";
import { connect } from "./backfill.ts";
import { fillSource, slotContext } from "./fill-source.ts";
import { collectTasks, joinAccepted } from "./finish.ts";
import { type PrepareInputs, withoutFailed } from "./inputs.ts";
import { backfillOptions, type PrepareOptions } from "./prepare-options.ts";

/** What it would take to fill one label. */
export interface PlannedLabel extends LabelEstimate {
  /** Null without prices. */
  readonly dollars: number | null;
  /** Null where no server could be probed. */
  readonly seconds: number | null;
}

/** What a fill would ask, as far as anyone can say before. */
export interface FillPlan {
  /** Every label of every task, also those that lack nothing. */
  readonly labels: readonly PlannedLabel[];
  readonly requests: number;
  readonly dollars: number | null;
  readonly seconds: number | null;
  /** Labels whose deficit max_attempts_per_label does not reach in one run. */
  readonly beyondAttempts: number;
  /** Why there is no time, and whatever else a person should know; one line each. */
  readonly notes: readonly string[];
}

/** Reads the rows, counts what lacks, and estimates what an LLM would take for it. Writes nothing. */
export async function planFill(
  loaded: LoadedConfig,
  inputs: PrepareInputs,
  accepted: AcceptedInput,
  reporter: Reporter,
  options: PrepareOptions,
): Promise<FillPlan> {
  const { config } = loaded;
  const sample = options.sample ?? null;
  const { signal } = options;
  const { real, ...collected } = await collectTasks(config, inputs, reporter, { sample, signal });
  const tasks = await joinAccepted(config, real, accepted.rows);
  const read = withoutFailed(inputs, collected.failed);
  const source = await fillSource(config, real, collected.shared, { inputs: read, sample }, reporter);
  const target = config.prepare.target_per_task_label;
  const estimates = tasks.flatMap(({ labels }, t) => {
    const context = slotContext(
      config,
      source,
      source.tasks[t] as (typeof source.tasks)[number],
      () => false,
    );
    return labels.map((balance, label) => {
      const there = { rows: rowsOf(balance), target, deficit: balance.deficit };
      return estimateLabel(context, label, there);
    });
  });
  const { tokensPerSecond, notes } = await speedOf(loaded, reporter, options);
  const prices = pricesOf(config);
  const labels = estimates.map((one): PlannedLabel => {
    const dollars = costOf(one.tokens, prices);
    const seconds = tokensPerSecond === null ? null : one.tokens.completionTokens / tokensPerSecond;
    return { ...one, dollars, seconds };
  });
  const sum = (of: (label: PlannedLabel) => number | null) =>
    labels.reduce<number | null>((total, label) => {
      const value = of(label);
      return total === null || value === null ? null : total + value;
    }, 0);
  const most = config.synthetic_llm.max_attempts_per_label;
  const beyondAttempts = labels.filter(({ slots }) => slots > most).length;
  const requests = sum((label) => label.requests) ?? 0;
  const dollars = sum((label) => label.dollars);
  return {
    labels,
    requests,
    dollars,
    seconds: sum(({ seconds }) => seconds),
    beyondAttempts,
    notes: [...notes, ...bounds(config, requests, dollars)],
  };
}

/** Rows of a label over all splits, official ones apart. */
function rowsOf({ train, test, eval: held }: LabelBalance): number {
  return [train, test, held].reduce((sum, one) => sum + one.real + one.llm_labelled + one.synthetic, 0);
}

/** What of the config ends one run before all of it is asked. */
function bounds({ synthetic_llm: llm }: PipelineConfig, requests: number, dollars: number | null): string[] {
  const { max_requests: most, max_cost_usd: dearest } = llm;
  const found: string[] = [];
  if (most !== undefined && requests > most)
    found.push(`one run ends after ${most} requests: synthetic_llm.max_requests`);
  if (dearest !== undefined && (dollars ?? 0) > dearest)
    found.push(`one run ends before it has cost ${dollarsText(dearest)}: synthetic_llm.max_cost_usd`);
  return found;
}

/** Tokens a second of all requests in flight, by a probe; none of the rows is sent. */
async function speedOf(
  loaded: LoadedConfig,
  reporter: Reporter,
  options: PrepareOptions,
): Promise<{ readonly tokensPerSecond: number | null; readonly notes: readonly string[] }> {
  if (options.backfill !== true) return { tokensPerSecond: null, notes: [] };
  if (loaded.config.synthetic_llm.mode === "batch")
    return { tokensPerSecond: null, notes: ["no time can be told: each batch takes up to 24 hours"] };
  try {
    const { server } = await connect(loaded.config, reporter, backfillOptions(options), true);
    const { tokensPerSecond: one } = server.capabilities;
    const { concurrency } = loaded.config.synthetic_llm;
    return { tokensPerSecond: one === null ? null : one * concurrency, notes: [] };
  } catch (error) {
    if (!(error instanceof ModelpackError) || error.code === "INTERRUPTED") throw error;
    return { tokensPerSecond: null, notes: [`no time can be told: ${error.message}`] };
  }
}
