// SPDX-License-Identifier: Apache-2.0

import { countText } from "../core/amount.ts";
import { ORIGINS, type Origin } from "../core/example.ts";
import { shortened } from "../core/printable.ts";
import type { SubsetMetrics } from "../training/metrics.ts";
import { abstentionPart } from "./abstention.ts";
import { type ConfusionBudget, confusion } from "./confusion.ts";
import { atThreshold, headlineMetrics, shareText } from "./headline.ts";
import { type Content, type Html, html } from "./html.ts";
import { labelText } from "./label-text.ts";
import { mistakes } from "./mistakes.ts";
import { amountText, figureText, percentText } from "./number-text.ts";
import type { SplitReport, TaskReport } from "./pack-report.ts";
import type { Section } from "./page.ts";
import { facts, table } from "./table.ts";
import { coverageChart, learningCharts, reliabilityCharts } from "./task-charts.ts";
import { taskRows } from "./task-rows.ts";

/** How much of a task is shown. */
export interface TaskBudget extends ConfusionBudget {
  readonly mistakes: number;
  /** Rows of the table of labels. */
  readonly tableLabels: number;
}

/** UTF-16 units of a description: some write a page. */
const MOST_DESCRIPTION = 1000;

/** Everything about one task. */
export function taskSection(task: TaskReport, budget: TaskBudget): Section {
  const { measured } = task;
  return {
    id: `task-${task.task}`,
    title: task.task,
    body: [
      task.description === "" ? null : html`<p>${shortened(task.description, MOST_DESCRIPTION)}</p>`,
      measured === null ? unmeasured() : figures(task, measured),
      html`<div class="columns">${[
        measured === null ? null : reliabilityCharts(measured, task.calibration),
        measured === null ? null : coverageChart(task, measured),
        learningCharts(task.epochs),
      ]}</div>`,
      abstentionPart(task),
      measured === null ? null : confusion(task, measured, budget),
      mistakes(task, budget.mistakes),
      taskRows(task, budget.tableLabels),
      html`<h4>Settings</h4>`,
      facts([
        ["labels", countText(task.labels.length)],
        ["default", task.default === null ? "none" : labelText(task.default)],
        ["min_confidence", task.minConfidence === null ? "none" : figureText(task.minConfidence)],
        ["calibration", task.calibration],
        ["alpha (L2)", task.alpha.toPrecision(4)],
        ["epochs", countText(task.epochs.length)],
        ["features of the task", countText(task.features)],
        ...task.settings,
      ]),
    ],
  };
}

function unmeasured(): Html {
  return html`<p class="warn">There are no test and no eval rows: nothing says how good this task is. Give it a source with <span class="code">role = "test"</span>, or more rows.</p>`;
}

function figures(task: TaskReport, { split, metrics, evidence }: SplitReport): Content {
  const shown = headlineMetrics(metrics);
  return [
    split === "test"
      ? null
      : html`<p class="warn">There are no test rows: these are figures of the eval rows. They chose the strength of L2, and are calibrated by a fit on the others of them.</p>`,
    evidence.real
      ? null
      : html`<p class="warn">No ${split} row of this task is real: the figures are of rows that an LLM made.</p>`,
    tiles(task, shown),
    origins(split, metrics),
  ];
}

function tiles(task: TaskReport, shown: SubsetMetrics): Html {
  const at = atThreshold(task);
  const entries: (readonly [name: string, value: Content])[] = [
    ["accuracy", percentText(shown.accuracy)],
    ["macro F1", figureText(shown.macro_f1)],
    ["log loss, nats", figureText(shown.log_loss)],
    ["ECE", html`${figureText(shown.ece)} <small>band ${figureText(shown.ece_band_95)}</small>`],
    ["rows", countText(shown.rows)],
  ];
  if (at !== null)
    entries.push(
      [`coverage at confidence ${figureText(task.minConfidence)}`, shareText(at.coverage)],
      ["precision of what is answered, with its 95 % interval", shareText(at.precision)],
    );
  return html`<dl class="tiles">${entries.map(
    ([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>
`,
  )}</dl>`;
}

const ORIGIN_NAMES: Readonly<Record<Origin, string>> = {
  real: "real",
  llm_labelled: "labelled by an LLM",
  synthetic: "synthetic (written by an LLM)",
};

/** The figures of each origin apart; where all rows are real, a sentence says so. */
function origins(split: string, metrics: SplitReport["metrics"]): Content {
  const there = ORIGINS.flatMap((origin) => {
    const subset = metrics[origin];
    return subset === null ? [] : [[ORIGIN_NAMES[origin], subset] as const];
  });
  const [first] = there;
  if (there.length < 2)
    return html`<p class="soft">${`All ${amountText(metrics.rows, `${split} row`)} are ${first?.[0] ?? "real"}.`}</p>`;
  const line = (name: string, of: SubsetMetrics) => [
    name,
    countText(of.rows),
    ...[of.accuracy, of.macro_f1, of.log_loss, of.ece, of.ece_band_95].map((figure) => figureText(figure)),
  ];
  return table({
    title: `Figures of the ${split} rows by where they come from`,
    columns: [
      { title: "rows", kind: "text" },
      ...["count", "accuracy", "macro F1", "log loss", "ECE", "band"].map(
        (title) => ({ title, kind: "number" }) as const,
      ),
    ],
    rows: there.map(([name, subset]) => line(name, subset)),
    total: line("all", metrics),
  });
}
