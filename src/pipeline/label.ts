// SPDX-License-Identifier: Apache-2.0
import { dirname, join } from "node:path";
import { Inquiry } from "../backfill/inquiry.ts";
import { type LabelBatch, type LabelledBatch, type LabelledText, labelBatch } from "../backfill/labelling.ts";
import { Ledger } from "../backfill/ledger.ts";
import { llmIdentity } from "../backfill/llm-settings.ts";
import type { LoadedConfig } from "../config/load.ts";
import { ModelpackError } from "../core/error.ts";
import type { Reporter } from "../core/reporter.ts";
import type { TaskDefinition } from "../core/task.ts";
import { csvText, labelledLines } from "../data/labelled-file.ts";
import { makePool } from "../data/pool.ts";
import { readUnlabelled } from "../data/unlabelled.ts";
import { probeWritable, writeFileAtomic } from "../storage/commit.ts";
import { canonicalJson, sha256 } from "../storage/digest.ts";
import { asking, type BackfillOptions, connect } from "./backfill.ts";
import { wordingOf } from "./fill-source.ts";

export interface LabelOptions extends BackfillOptions {
  readonly task: string;
  readonly files: readonly string[];
  /** Columns of the text, or of the two texts of a pair. */
  readonly columns: readonly string[];
  /** Where the labelled rows go, and the queue for a person; null is beside the cache. */
  readonly out: string | null;
  readonly queue: string | null;
  /** Texts taken at most; null takes all. */
  readonly limit: number | null;
  /** Kept rows that the queue has besides those in doubt. */
  readonly queueSize: number;
}

export interface LabelResult {
  readonly out: string;
  readonly queue: string;
  readonly texts: number;
  readonly labelled: number;
  /** By label of the task, in its order, rows that were kept. */
  readonly labels: readonly { readonly label: string; readonly rows: number }[];
  readonly doubts: readonly { readonly reason: string; readonly rows: number }[];
  /** Texts that were not asked for, since max_requests was reached. */
  readonly left: number;
}

/**
 * Has the LLM label texts that exist. What it answered is in the ledger: a run that was stopped goes on.
 *
 * @throws ModelpackError USAGE, SOURCE_, COLUMN_ and LLM_ codes, CONFIG_INVALID, LOCKED, STORAGE, INTERRUPTED
 */
export async function label(
  loaded: LoadedConfig,
  reporter: Reporter,
  options: LabelOptions,
): Promise<LabelResult> {
  const { config } = loaded;
  const task = taskNamed(config.tasks, options.task);
  const base = join(config.paths.datasets_cache_dir, "labelled", task.name);
  const [out, queue] = [options.out ?? `${base}.jsonl`, options.queue ?? `${base}.queue.csv`];
  const { texts, dropped, repeated } = await readUnlabelled(options.files, options.columns);
  if (dropped + repeated > 0)
    reporter.note(`left out ${dropped} rows without a usable text and ${repeated} that repeat one`);
  if (texts.length === 0)
    throw new ModelpackError("SOURCE_EMPTY", "the files hold no text", { where: options.files.join(", ") });
  for (const file of [out, queue]) await probeWritable(dirname(file));
  const asked = texts.slice(0, options.limit ?? texts.length);
  const batches = batchesOf(asked, config.synthetic_llm.batch_size);
  const { done, left } = await askAll(loaded, task, batches, reporter, options);
  const found = done.flatMap((batch) => batch.texts);
  const kept = found.filter((one) => one.label !== null);
  await writeFileAtomic(out, labelledLines(kept.map(rowOf)));
  await writeFileAtomic(queue, queueCsv(task, found, options.queueSize));
  return { out, queue, texts: found.length, labelled: kept.length, ...counts(task, found), left };
}

function taskNamed(tasks: readonly TaskDefinition[], name: string): TaskDefinition {
  const task = tasks.find((one) => one.name === name);
  if (task !== undefined) return task;
  throw new ModelpackError("USAGE", `there is no task ${JSON.stringify(name)}`, {
    where: "--task",
    hint: `the tasks are ${tasks.map((one) => one.name).join(", ")}`,
  });
}

function batchesOf(texts: readonly LabelBatch["texts"][number][], size: number): LabelBatch[] {
  const count = Math.ceil(texts.length / size);
  return Array.from({ length: count }, (_, slot) => ({
    slot,
    texts: texts.slice(slot * size, (slot + 1) * size),
  }));
}

/** Asks for all batches that the budget allows; after a signal, what is in flight is finished and kept. */
async function askAll(
  loaded: LoadedConfig,
  task: TaskDefinition,
  batches: readonly LabelBatch[],
  reporter: Reporter,
  options: LabelOptions,
): Promise<{ readonly done: readonly LabelledBatch[]; readonly left: number }> {
  const { config } = loaded;
  const { synthetic_llm: llm } = config;
  const connected = await connect(config, reporter, options);
  const ledger = await Ledger.open(config.paths.backfill_dir, { write: true, purpose: "label" });
  const how = asking(config, connected, ledger, reporter, options);
  try {
    for (const notice of ledger.notices) reporter.warn(notice);
    const verify = llm.verify === "judge";
    const allowed = Math.floor((llm.max_requests ?? Number.POSITIVE_INFINITY) / (verify ? 2 : 1));
    const taken = batches.slice(0, Math.min(allowed, batches.length));
    const wording = wordingOf(config);
    const fill = await ledger.beginFill(
      sha256(canonicalJson({ label: task.name, identity: llmIdentity(config) })),
    );
    const inquiry = new Inquiry(how.server, ledger, wording, fill);
    const pool = makePool(how.concurrency);
    let settled = 0;
    const done = await Promise.all(
      taken.map((batch) =>
        pool(async () => {
          if (options.signal?.aborted === true) throw stopped();
          const answer = await labelBatch(wording, task, batch, verify, inquiry, undefined);
          reporter.progress(`labelling for ${task.name}`, ++settled, taken.length);
          return answer;
        }),
      ),
    );
    await ledger.endFill(fill);
    const left = batches.slice(taken.length).reduce((sum, { texts }) => sum + texts.length, 0);
    return { done, left };
  } finally {
    await how.close();
    await ledger.close();
  }
}

function stopped(): ModelpackError {
  return new ModelpackError("INTERRUPTED", "labelling was stopped; every answer so far is in the ledger", {
    hint: "run the same command again: it asks nothing twice",
  });
}

function rowOf({ row, label: name, confidence }: LabelledText) {
  return { ...row, label: name ?? "", confidence };
}

function counts(
  task: TaskDefinition,
  found: readonly LabelledText[],
): Pick<LabelResult, "labels" | "doubts"> {
  const labels = task.labels.map(({ name }) => ({
    label: name,
    rows: found.filter((one) => one.label === name).length,
  }));
  const doubts = (["disagreement", "no_label", "no_answer"] as const).map((reason) => ({
    reason,
    rows: found.filter(({ doubt }) => doubt === reason).length,
  }));
  return { labels, doubts: doubts.filter(({ rows }) => rows > 0) };
}

/** For a person: all texts in doubt, then the kept ones that the LLM was least sure of. */
function queueCsv(task: TaskDefinition, found: readonly LabelledText[], size: number): string {
  const doubtful = found.filter(({ doubt }) => doubt !== null);
  const sure = found.filter(({ doubt, confidence }) => doubt === null && confidence !== null);
  const least = [...sure].sort((a, b) => (a.confidence ?? 1) - (b.confidence ?? 1)).slice(0, size);
  const texts = task.input === "pair" ? ["text_a", "text_b"] : ["text"];
  const rows = [...doubtful, ...least].map(({ row, first, second, confidence, doubt }) => [
    row.text,
    ...(row.textB === null ? [] : [row.textB]),
    first ?? "",
    second ?? "",
    confidence === null ? "" : String(confidence),
    doubt ?? "least_sure",
  ]);
  return csvText([...texts, "label", "second_label", "confidence", "why"], rows);
}
