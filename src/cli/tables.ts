// SPDX-License-Identifier: Apache-2.0
import type { DatasetManifest } from "../pipeline/dataset-manifest.ts";
import type { SplitMetrics } from "../pipeline/evaluation.ts";
import type { Share } from "../training/abstention.ts";
import { isMiscalibrated, SMALL_ECE } from "../training/metrics.ts";
import { table } from "./context.ts";

/** Labels of a task shown at the end of a run at most; the others are summed up. `status` shows all. */
const MOST_LABELS = 30;

type LabelEntry = DatasetManifest["tasks"][number]["labels"][number];

/** Rows of every label by split, what is missing, and what each task dropped. */
export function datasetTable({ tasks }: DatasetManifest, mostLabels = MOST_LABELS): string {
  const isMade = tasks.some((task) => task.labels.some((label) => madeRows(label) > 0));
  const rows = [["task", "label", "train", "test", "eval", ...(isMade ? ["of an LLM"] : []), "deficit"]];
  const notes: string[] = [];
  const leaks: string[] = [];
  for (const { task, labels, drops, deduplication } of tasks) {
    const shown = labels.length > mostLabels ? labels.slice(0, mostLabels - 1) : labels;
    for (const label of shown) rows.push([task, JSON.stringify(label.label), ...counts([label], isMade)]);
    if (shown.length < labels.length)
      rows.push([
        task,
        `${labels.length - shown.length} more labels`,
        ...counts(labels.slice(shown.length), isMade),
      ]);
    if (drops.length > 0)
      notes.push(`${task}: ${drops.map((drop) => `${drop.rows} ${drop.reason}`).join(", ")}`);
    const near = deduplication.official_rows_near_train;
    if (near > 0) leaks.push(`${task}: ${near}`);
  }
  const dropped =
    notes.length > 0
      ? `\n\ndropped or merged (examples in manifest.json):\n${notes.map((note) => `  ${note}`).join("\n")}`
      : "";
  const near =
    leaks.length > 0
      ? `\n\nofficial rows with a near-duplicate in another split, kept as they are: ${leaks.join(", ")}`
      : "";
  return table(rows, [2, 3, 4, 5, 6]) + dropped + near;
}

/** Rows that an LLM wrote or labelled. */
function madeRows({ train, test, eval: held }: LabelEntry): number {
  return [train, test, held].reduce((sum, split) => sum + split.synthetic + split.llm_labelled, 0);
}

function counts(labels: readonly LabelEntry[], isMade: boolean): string[] {
  const sum = (of: (label: LabelEntry) => number) =>
    String(labels.reduce((total, label) => total + of(label), 0));
  const all = (origins: LabelEntry["train"]) => origins.real + origins.llm_labelled + origins.synthetic;
  return [
    sum((label) => all(label.train)),
    sum((label) => all(label.test) + label.official.test),
    sum((label) => all(label.eval) + label.official.eval),
    ...(isMade ? [sum(madeRows)] : []),
    sum((label) => label.deficit),
  ];
}

/** A figure such as an F1 in a table; `-` where there is none. */
export function figure(value: number | null): string {
  return value === null ? "-" : value.toFixed(4);
}

/** Headline figures of every task on a split. */
export function metricsTable(families: readonly SplitMetrics["metrics"][]): string {
  const split = families[0]?.split ?? "test";
  const head = ["family", "task", `${split} rows`, "accuracy", "macro F1", "log loss"];
  const rows = [[...head, "ECE", "95 % band", "ECE before"]];
  let marked = false;
  for (const { family, per_task } of families)
    for (const [task, m] of per_task) {
      const high = isMiscalibrated(m);
      marked ||= high;
      rows.push([
        family,
        task,
        String(m.rows),
        figure(m.accuracy),
        figure(m.macro_f1),
        figure(m.log_loss),
        (high ? "* " : "") + figure(m.ece),
        figure(m.ece_band_95),
        figure(m.ece_uncalibrated),
      ]);
    }
  const note = `\n\n* more than ${SMALL_ECE}, and than a perfectly calibrated model would show in 95 of 100 such samples`;
  return table(rows, [2, 3, 4, 5, 6, 7, 8]) + (marked ? note : "");
}

/** What each task's threshold does on a split, with 95 % intervals; "" where no task has one, or out-of-scope rows. */
export function abstentionTable(families: readonly SplitMetrics["metrics"][]): string {
  const tasks = families.flatMap(({ per_task }) => [...per_task]);
  const own = tasks.filter(([, m]) => m.min_confidence !== null || m.out_of_scope !== null);
  if (own.length === 0) return "";
  const isOutside = own.some(([, m]) => m.out_of_scope !== null);
  const outside = ["out of scope", "held back", "AUROC", "FPR at 95 % recall"];
  const rows = [["task", "answers from", "rows", "coverage", "precision", ...(isOutside ? outside : [])]];
  for (const [task, m] of own) {
    // Rows that an LLM made never stand in for real ones.
    const { answered } = m.real ?? m;
    const out = m.out_of_scope;
    const cells = [
      String(out?.rows ?? 0),
      shown(out?.recall),
      shown(out?.auroc),
      shown(out?.fpr_at_95_recall),
    ];
    rows.push([
      task,
      m.min_confidence?.toFixed(4) ?? "-",
      answered === null ? "-" : String(answered.rows),
      shown(answered?.coverage),
      shown(answered?.precision),
      ...(isOutside ? cells : []),
    ]);
  }
  return table(rows, [1, 2, 3, 4, 5, 6, 7, 8]);
}

/** A share with its interval: `0.953 (0.946-0.960)`. */
function shown(share: Share | null | undefined): string {
  if (share == null || share.value === null) return "-";
  const [value, low, high] = [share.value, share.low ?? 0, share.high ?? 1].map((n) => n.toFixed(3));
  return `${value} (${low}-${high})`;
}
