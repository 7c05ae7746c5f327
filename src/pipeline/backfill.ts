// SPDX-License-Identifier: Apache-2.0

import type { BatchTiming } from "../backfill/batch-course.ts";
import { MAX_REQUESTS } from "../backfill/batch-queue.ts";
import { BatchServer } from "../backfill/batch-server.ts";
import { Budget } from "../backfill/budget.ts";
import type { CompletionServer, ServerSettings, ServerTiming } from "../backfill/completion.ts";
import type { Conversation } from "../backfill/conversation.ts";
import { pricesOf } from "../backfill/cost.ts";
import { slotTokens } from "../backfill/estimate.ts";
import { Fill } from "../backfill/fill.ts";
import { ATTEMPTS } from "../backfill/inquiry.ts";
import type { FillTask } from "../backfill/label-fill.ts";
import { Ledger } from "../backfill/ledger.ts";
import { llmIdentity, llmSettings } from "../backfill/llm-settings.ts";
import { connectServer } from "../backfill/probe.ts";
import { FillReporter } from "../backfill/progress.ts";
import type { AcceptedRow } from "../backfill/record.ts";
import { writeFillReport } from "../backfill/report.ts";
import { StandstillError } from "../backfill/standstill.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { PipelineConfig } from "../config/schema.ts";
import { ModelpackError } from "../core/error.ts";
import type { Reporter } from "../core/reporter.ts";
import { canonicalJson, sha256 } from "../storage/digest.ts";
import type { FillSource } from "./fill-source.ts";
import { fillTasks } from "./fill-source.ts";

/** What the backfill gets of the world. */
export interface BackfillOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal | undefined;
  /** Seconds on a monotonic clock. */
  readonly clock: () => number;
  /** How long the client waits, where that is not what the config and the defaults say. */
  readonly timing?: Partial<ServerTiming> | undefined;
  /** The same of batch mode. */
  readonly batchTiming?: Partial<BatchTiming> | undefined;
}

/** A connected server and the settings that it was found by. */
export interface Connection {
  readonly server: Conversation;
  readonly settings: ServerSettings;
}

/** Connects to the server that the config names. Throws CONFIG_INVALID and the LLM_ codes. */
export async function connect(
  config: PipelineConfig,
  reporter: Reporter,
  { environment, signal, timing }: BackfillOptions,
  shareRows = false,
): Promise<Connection> {
  const found = llmSettings(config, environment, { shareRows });
  const settings = { ...found, timing: { ...found.timing, ...timing } };
  const note = (message: string) => reporter.note(`${settings.provider}: ${message}`);
  // Only while it connects: later on, what is in flight at a signal is finished and kept.
  const connecting = new AbortController();
  const stop = () => connecting.abort();
  if (signal?.aborted === true) stop();
  signal?.addEventListener("abort", stop);
  try {
    return { server: await connectServer(settings, { signal: connecting.signal, note }), settings };
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/** How a fill asks, and how many requests it may have on their way. */
export interface Asking {
  readonly server: CompletionServer;
  readonly concurrency: number;
  /** Milliseconds that what is on its way may take after a signal. */
  readonly drainMs: number;
  /** To be waited for before the ledger is closed. */
  close(): Promise<void>;
}

/** Asks one by one, or in batches, as the config says. */
export function asking(
  { synthetic_llm: llm }: PipelineConfig,
  { server, settings }: Connection,
  ledger: Ledger,
  reporter: Reporter,
  { signal, batchTiming }: BackfillOptions,
): Asking {
  if (llm.mode === "live") {
    const { concurrency } = llm;
    return { server, concurrency, drainMs: settings.timeoutMs, close: () => Promise.resolve() };
  }
  const batches = new BatchServer(server, ledger, {
    timing: batchTiming,
    signal,
    note: (message) => reporter.note(`${settings.provider}: ${message}`),
    progress: (batch, done, total) => reporter.progress(`batch ${batch}`, done, total),
  });
  // A batch takes hours: nobody waits for that after Ctrl-C, and the next run fetches what it brought.
  return { server: batches, concurrency: MAX_REQUESTS, drainMs: 0, close: () => batches.close() };
}

/**
 * Asks the LLM for the rows that lack, and returns all accepted rows: the ledger's, with those of this fill. A
 * fill that an earlier run began and did not end goes on.
 *
 * @throws ModelpackError CONFIG_INVALID, the LLM_ codes, LOCKED, STORAGE, INTERRUPTED
 */
export async function backfill(
  loaded: LoadedConfig,
  source: FillSource,
  connection: Connection | null,
  reporter: Reporter,
  options: BackfillOptions,
): Promise<readonly AcceptedRow[]> {
  const { config } = loaded;
  // Before a request is sent: replies that can't be kept are not asked for.
  const ledger = await Ledger.open(config.paths.backfill_dir, { write: true, purpose: "prepare" });
  let how: Asking | null = null;
  try {
    for (const notice of ledger.notices) reporter.warn(notice);
    const connected = connection ?? (await connect(config, reporter, options));
    how = asking(config, connected, ledger, reporter, options);
    const context = sha256(canonicalJson({ identity: llmIdentity(config), source: source.digest }));
    const fill = await ledger.beginFill(context);
    const before = await acceptedBefore(ledger, fill);
    const tasks = await fillTasks(config, source, before);
    await runFill(config, tasks, { how, settings: connected.settings, ledger, fill }, reporter, options);
    return ledger.accepted;
  } finally {
    await how?.close();
    await ledger.close();
  }
}

/**
 * The rows that were accepted before a fill. Those of the fill itself are accepted again as its slots are settled
 * again from the ledger, all but such whose reply is lost.
 */
async function acceptedBefore(ledger: Ledger, fill: number): Promise<readonly AcceptedRow[]> {
  return ledger.accepted.filter((row) => row.fill !== fill || !ledger.hasRequest(row.request));
}

interface Run {
  readonly how: Asking;
  readonly settings: ServerSettings;
  readonly ledger: Ledger;
  readonly fill: number;
}

async function runFill(
  config: PipelineConfig,
  tasks: readonly FillTask[],
  { how: { server, concurrency, drainMs }, settings, ledger, fill }: Run,
  reporter: Reporter,
  { signal, clock }: BackfillOptions,
): Promise<void> {
  const { synthetic_llm: llm } = config;
  const prices = pricesOf(config);
  const started = clock();
  const progress = new FillReporter(reporter, clock, llm.log_stats_every_seconds);
  const budget = budgetOf(config, tasks);
  const work = new Fill(tasks, {
    server,
    ledger,
    fill,
    budget,
    prices,
    concurrency,
    drainMs,
    signal,
    onStopping: (slots) => {
      if (drainMs > 0) reporter.note(`finishing ${slots} requests in flight; another Ctrl-C stops at once`);
    },
    onSettled: (label, labels) => progress.settled(label, labels),
  });
  const lacking = work.labels.reduce((sum, { deficit }) => sum + deficit, 0);
  const model = server.capabilities.model || settings.model;
  const known = ledger.requestsOf(fill).requests.write;
  reporter.note(`asking ${model} for ${lacking} rows (fill ${fill})`);
  if (known > 0) reporter.note(`going on with a fill that was stopped: ${known} replies to it are here`);
  let outcome = "ended";
  let failed = false;
  try {
    await work.run();
    await ledger.endFill(fill);
  } catch (error) {
    failed = true;
    outcome = error instanceof ModelpackError ? error.code : "INTERNAL";
    // Its replies would end the next run as they ended this one, whatever server is there then.
    if (error instanceof StandstillError) await ledger.endFill(fill);
    throw error;
  } finally {
    const { sent, retries } = server.statistics;
    const how = {
      fill,
      outcome,
      provider: settings.provider,
      model: settings.model,
      seconds: clock() - started,
      sent,
      retries,
    };
    const { capabilities } = server;
    const written = writeFillReport(config.paths.backfill_dir, { ...how, capabilities, labels: work.labels });
    // Why the run failed is worth more than why its report did: a full disk is often both.
    await (failed ? written.catch(() => undefined) : written);
    for (const line of endings(work)) reporter.note(line);
  }
}

/** @throws ModelpackError CONFIG_INVALID where it does not reach for one request */
function budgetOf(config: PipelineConfig, tasks: readonly FillTask[]): Budget {
  const { synthetic_llm: llm } = config;
  // The largest prompt, and every sample of it cut, the first at max_tokens and the others at twice that.
  const worst = tasks.flatMap((task) =>
    task.prompt.task.labels.map((_, label) => slotTokens(task, label, llm.batch_size)),
  );
  const promptTokens = Math.max(0, ...worst.map((one) => one.promptTokens));
  const requestsPerSlot = llm.verify === "judge" ? 2 : 1;
  const budget = new Budget({
    maxRequests: llm.max_requests ?? null,
    maxDollars: llm.max_cost_usd ?? null,
    maxSlotsPerLabel: llm.max_attempts_per_label,
    prices: pricesOf(config),
    requestsPerSlot,
    worstSlot: {
      promptTokens: ATTEMPTS * requestsPerSlot * promptTokens,
      completionTokens: (2 * ATTEMPTS - 1) * requestsPerSlot * llm.max_tokens,
    },
  });
  if (budget.tooSmall === null) return budget;
  throw new ModelpackError(
    "CONFIG_INVALID",
    `the budget does not reach for one request: ${budget.tooSmall}`,
    {
      where: "synthetic_llm",
      hint: "raise it, lower synthetic_llm.max_tokens or batch_size, or leave it out",
    },
  );
}

/** A line for what was taken, and one for each reason why rows still lack. */
function endings({ labels }: Fill): string[] {
  const sum = (of: (label: (typeof labels)[number]) => number) =>
    labels.reduce((total, label) => total + of(label), 0);
  const lines = [
    `accepted ${sum(({ tally }) => tally.accepted)} rows of ${sum(({ tally }) => tally.received)} that came`,
  ];
  const reasons = [
    ["exhausted", "hardly anything new comes any more"],
    ["unusable", "no reply that can be used comes; backfill_report.json says why"],
    ["attempts", "synthetic_llm.max_attempts_per_label is reached; run again for more"],
    ["budget", "the budget is spent; run again for more"],
  ] as const;
  for (const [status, why] of reasons) {
    const stopped = labels.filter(({ tally }) => tally.status === status);
    if (stopped.length === 0) continue;
    const names = stopped
      .slice(0, 5)
      .map((label) => `${label.task.prompt.task.name} ${JSON.stringify(label.name)}`);
    const more = stopped.length > names.length ? ` and ${stopped.length - names.length} more` : "";
    lines.push(`${names.join(", ")}${more}: ${why}`);
  }
  return lines;
}
