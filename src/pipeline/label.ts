// SPDX-License-Identifier: Apache-2.0
import { Budget } from "../backfill/budget.ts";
import { costOf, dollarsText, pricesOf, tokensOfBytes } from "../backfill/cost.ts";
import { Inquiry } from "../backfill/inquiry.ts";
import { labelBatches } from "../backfill/label-batches.ts";
import { LabelProgress } from "../backfill/label-progress.ts";
import { LabelRun } from "../backfill/label-run.ts";
import { LABEL_DOUBTS, type LabelDoubt, type LabelledText, labelPrompt } from "../backfill/labelling.ts";
import { Ledger } from "../backfill/ledger.ts";
import { llmSettings } from "../backfill/llm-settings.ts";
import type { Shown } from "../backfill/pools.ts";
import type { LoadedConfig } from "../config/load.ts";
import type { PipelineConfig } from "../config/schema.ts";
import { ModelpackError } from "../core/error.ts";
import type { Reporter } from "../core/reporter.ts";
import type { TaskDefinition } from "../core/task.ts";
import { labelledLines } from "../data/labelled-file.ts";
import { reviewTable } from "../data/review-file.ts";
import { readUnlabelled } from "../data/unlabelled.ts";
import { type Asking, asking, type BackfillOptions, connect } from "./backfill.ts";
import { wordingOf } from "./fill-source.ts";
import { labelFiles, writeLabelFiles } from "./label-files.ts";
import { reviewRows } from "./label-review.ts";

export interface LabelOptions extends BackfillOptions {
  /** The task of the config whose labels are chosen from. */
  readonly task: TaskDefinition;
  readonly files: readonly string[];
  /** The column of the text, or the two of a pair. */
  readonly columns: readonly string[];
  /** Where the labelled rows go, and the queue for a person; null is `labelled/<task>` in the cache folder. */
  readonly out: string | null;
  readonly queue: string | null;
  /** Texts taken at most; null takes all. */
  readonly limit: number | null;
  /** Labelled rows that the queue has besides those in doubt. */
  readonly queueSize: number;
}

export interface LabelResult {
  readonly out: string;
  readonly queue: string;
  /** Texts that were answered: labelled and in doubt. */
  readonly texts: number;
  readonly labelled: number;
  /** By label of the task, in its order. */
  readonly labels: readonly { readonly label: string; readonly rows: number }[];
  readonly doubts: readonly { readonly reason: LabelDoubt; readonly rows: number }[];
  readonly queued: number;
  /** Texts that were not asked for, since the budget is spent. */
  readonly left: number;
  /** Rows of the files without a text that can be used, and rows whose text had come before. */
  readonly dropped: number;
  readonly repeated: number;
  /** What this run asked and took; what the ledger knew is not in it. */
  readonly requests: number;
  readonly tokens: { readonly prompt: number; readonly completion: number; readonly estimated: boolean };
  /** Null without prices. */
  readonly dollars: number | null;
}

/**
 * Has the LLM label texts that exist, and writes those labelled and a queue of those that a person should look
 * at. Every answer is in the ledger before it counts: a run that was stopped writes neither file, and goes on
 * when it is started again. One whose budget is spent writes what is done.
 *
 * @throws ModelpackError USAGE, SOURCE_, COLUMN_ and LLM_ codes, CONFIG_INVALID, LOCKED, STORAGE, INTERRUPTED
 */
export async function label(
  loaded: LoadedConfig,
  reporter: Reporter,
  options: LabelOptions,
): Promise<LabelResult> {
  const { config } = loaded;
  const { task } = options;
  const files = await labelFiles(config, task.name, options, options.files);
  // Before files are read for nothing: a model that is not named, rows that must not leave this machine.
  llmSettings(config, options.environment, { shareRows: false });
  const { texts, dropped, repeated } = await readUnlabelled(options.files, options);
  if (dropped + repeated > 0)
    reporter.note(`left out: ${dropped} rows without a usable text, ${repeated} that repeat one`);
  if (texts.length === 0)
    throw new ModelpackError("SOURCE_EMPTY", "the files hold no text", {
      where: options.files.join(", "),
      hint: "check that these are the files you mean, and the column",
    });
  const run = await askAll(config, task, texts, reporter, options, async (done) => {
    const kept = done.texts.flatMap(labelledRow);
    const queue = reviewRows(task, done.texts, options.queueSize);
    await writeLabelFiles(files, labelledLines(kept), reviewTable(queue.header, queue.rows), reporter);
    return queue.rows.length;
  });
  const { requests, tokens, dollars } = run.done;
  const left = texts.length - run.done.texts.length;
  const spent = { requests, tokens: { ...tokens }, dollars };
  return { ...files, ...countsOf(task, run.done), queued: run.queued, left, dropped, repeated, ...spent };
}

/** Asks for all batches that the budget allows, then writes, while the ledger's lock keeps others away. */
async function askAll(
  config: PipelineConfig,
  task: TaskDefinition,
  texts: readonly Shown[],
  reporter: Reporter,
  options: LabelOptions,
  write: (done: LabelRun) => Promise<number>,
): Promise<{ readonly done: LabelRun; readonly queued: number }> {
  const { synthetic_llm: llm } = config;
  const batches = labelBatches(texts, llm.batch_size);
  const budget = budgetOf(config, task, batches);
  const ledger = await Ledger.open(config.paths.backfill_dir, { write: true, purpose: "label" });
  let how: Asking | null = null;
  try {
    for (const notice of ledger.notices) reporter.warn(notice);
    const connection = await connect(config, reporter, options);
    how = asking(config, connection, ledger, reporter, options);
    const wording = wordingOf(config);
    const fill = ledger.nextFill;
    const progress = new LabelProgress(reporter, texts.length, options.clock, llm.log_stats_every_seconds);
    const run = new LabelRun(batches, {
      labelling: {
        wording,
        task,
        verify: llm.verify === "judge",
        inquiry: new Inquiry(how.server, ledger, wording, fill),
      },
      fill,
      budget,
      prices: pricesOf(config),
      concurrency: how.concurrency,
      drainMs: how.drainMs,
      signal: options.signal,
      onSettled: (one) => progress.settled(one),
    });
    reporter.note(
      `asking ${connection.settings.model} for the labels of ${texts.length} texts (${batches.length} batches)`,
    );
    await run.run();
    return { done: run, queued: await write(run) };
  } finally {
    await how?.close();
    await ledger.close();
  }
}

/** Counts requests rather than batches: a batch that is asked for twice takes two. */
function budgetOf(
  config: PipelineConfig,
  task: TaskDefinition,
  batches: readonly (readonly Shown[])[],
): Budget {
  const { synthetic_llm: llm } = config;
  const rounds = llm.verify === "judge" ? 2 : 1;
  const sizes = batches.map((batch) =>
    batch.reduce((sum, one) => sum + one.text.length + (one.textB?.length ?? 0), 0),
  );
  const largest = batches[sizes.indexOf(sizes.reduce((a, b) => Math.max(a, b), 0))] ?? [];
  const { messages } = labelPrompt(wordingOf(config), task, largest, 0);
  const bytes = messages.reduce((sum, { content }) => sum + Buffer.byteLength(content), 0);
  const prices = pricesOf(config);
  const worstSlot = { promptTokens: tokensOfBytes(bytes), completionTokens: llm.max_tokens };
  const budget = new Budget({
    maxRequests: llm.max_requests ?? null,
    maxDollars: llm.max_cost_usd ?? null,
    maxSlotsPerLabel: Number.POSITIVE_INFINITY,
    prices,
    requestsPerSlot: 1,
    worstSlot,
  });
  if (budget.allows(rounds - 1)) return budget;
  const cost = costOf(worstSlot, prices) ?? 0;
  const tooFew = llm.max_requests !== undefined && llm.max_requests < rounds;
  throw new ModelpackError(
    "CONFIG_INVALID",
    tooFew
      ? `the budget allows no batch: it takes ${rounds} requests, and max_requests is ${llm.max_requests}`
      : `the budget allows no batch: it may cost ${dollarsText(rounds * cost)}, and max_cost_usd is ${llm.max_cost_usd}`,
    {
      where: tooFew ? "synthetic_llm.max_requests" : "synthetic_llm.max_cost_usd",
      hint: tooFew ? "raise it" : "raise it, or lower synthetic_llm.batch_size or max_tokens",
    },
  );
}

function labelledRow({ row, label: name, confidence }: LabelledText) {
  return name === null ? [] : [{ ...row, label: name, confidence }];
}

function countsOf(
  task: TaskDefinition,
  { texts, labelled }: LabelRun,
): Pick<LabelResult, "texts" | "labelled" | "labels" | "doubts"> {
  const counts = new Map<string, number>();
  for (const { label: name, doubt } of texts) {
    const key = name === null ? `doubt ${doubt}` : `label ${name}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  const labels = task.labels.map(({ name }) => ({ label: name, rows: counts.get(`label ${name}`) ?? 0 }));
  const doubts = LABEL_DOUBTS.map((reason) => ({ reason, rows: counts.get(`doubt ${reason}`) ?? 0 }));
  return { texts: texts.length, labelled, labels, doubts: doubts.filter(({ rows }) => rows > 0) };
}
