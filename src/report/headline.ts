// SPDX-License-Identifier: Apache-2.0

import { countText } from "../core/amount.ts";
import type { Answered, Share } from "../training/abstention.ts";
import { isMiscalibrated, type SubsetMetrics, type TaskMetrics } from "../training/metrics.ts";
import { type Content, type Html, html } from "./html.ts";
import { figureText, NONE, percentText } from "./number-text.ts";
import type { FamilyReport, TaskReport } from "./pack-report.ts";
import { type Column, table } from "./table.ts";

/** The figures that stand for a task: of its real rows, or of all where none is real. */
export function headlineMetrics(metrics: TaskMetrics): SubsetMetrics {
  return metrics.real ?? metrics;
}

/** What the task's threshold does to its rows; null without a threshold or rows. */
export function atThreshold({ measured }: TaskReport): Answered | null {
  const answered = measured === null ? null : headlineMetrics(measured.metrics).answered;
  return answered === null || answered.rows === 0 ? null : answered;
}

/** `93.1 % (91.2–94.6)`: a share with its interval. */
export function shareText(share: Share | null): string {
  if (share === null || share.low === null || share.high === null) return NONE;
  const bound = (value: number) => (value * 100).toFixed(1);
  return `${percentText(share.value)} (${bound(share.low)}–${bound(share.high)})`;
}

const COLUMNS: readonly Column[] = [
  { title: "task", kind: "text" },
  { title: "labels", kind: "number" },
  { title: "rows", kind: "number", hint: "test rows" },
  { title: "accuracy", kind: "number", hint: "share of right answers" },
  { title: "macro F1", kind: "number", hint: "mean F1 of the labels that have rows" },
  { title: "log loss", kind: "number", hint: "mean of -ln p(right label), nats" },
  { title: "ECE", kind: "number", hint: "expected calibration error of the top label" },
  {
    title: "band",
    kind: "number",
    hint: "a perfectly calibrated model stays under this 95 times in 100, with as many rows",
  },
  { title: "ECE before", kind: "number", hint: "before calibration" },
  {
    title: "threshold",
    kind: "number",
    hint: "confidence under which the default answers",
  },
  { title: "coverage", kind: "number", hint: "rows that the model answers at the threshold" },
  { title: "precision", kind: "number", hint: "right ones of the rows that it answers" },
];

/** Columns that only a task with a threshold fills. */
const OF_THRESHOLD = 3;

/** A family's tasks with their figures, and the means. */
export function headlineTable(family: FamilyReport): Html {
  const hasThreshold = family.tasks.some(({ minConfidence }) => minConfidence !== null);
  const shown = hasThreshold ? COLUMNS.length : COLUMNS.length - OF_THRESHOLD;
  const total = headlineTotal(family);
  return table({
    title: `Figures of family ${family.family}`,
    columns: COLUMNS.slice(0, shown),
    rows: family.tasks.map((task) => headlineRow(task).slice(0, shown)),
    ...(total === null ? {} : { total: total.slice(0, shown) }),
  });
}

function headlineTotal({ overall: all }: FamilyReport): Content[] | null {
  const overall = all.real ?? all;
  if (overall.tasks < 2) return null;
  const { tasks, rows, accuracy, macro_f1, log_loss, ece, ece_uncalibrated } = overall;
  const means = [accuracy, macro_f1, log_loss, ece].map((figure) => figureText(figure));
  const before = figureText(ece_uncalibrated);
  return [`mean of ${tasks} tasks`, null, countText(rows), ...means, null, before, null, null, null];
}

function headlineRow(task: TaskReport): Content[] {
  const { measured, labels, minConfidence } = task;
  const link = html`<a href="#${`task-${task.task}`}">${task.task}</a>`;
  if (measured === null)
    return [link, countText(labels.length), "0", ...Array.from({ length: 9 }, () => NONE)];
  const figures = headlineMetrics(measured.metrics);
  const at = atThreshold(task);
  const rows = `${countText(figures.rows)}${measured.split === "test" ? "" : ` (${measured.split})`}`;
  return [
    link,
    countText(labels.length),
    rows,
    figureText(figures.accuracy),
    figureText(figures.macro_f1),
    figureText(figures.log_loss),
    isMiscalibrated(figures)
      ? html`<strong title="more than a calibrated model would show">${figureText(figures.ece)} *</strong>`
      : figureText(figures.ece),
    figureText(figures.ece_band_95),
    figureText(figures.ece_uncalibrated),
    minConfidence === null ? NONE : figureText(minConfidence),
    percentText(at?.coverage.value),
    percentText(at?.precision.value),
  ];
}
