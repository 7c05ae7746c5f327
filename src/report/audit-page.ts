// SPDX-License-Identifier: Apache-2.0

import { countText } from "../core/amount.ts";
import type { Origin, Split } from "../core/example.ts";
import { shortened } from "../core/printable.ts";
import type { InputKind } from "../core/task.ts";
import { barChart } from "./chart/bar.ts";
import { type Content, type Html, html } from "./html.ts";
import { amountText, figureText, percentText } from "./number-text.ts";
import { renderPage, type Section } from "./page.ts";
import { table } from "./table.ts";

/** A row whose label is likely wrong. */
export interface SuspectRow {
  /** 32 hex digits, as in the dataset. */
  readonly id: string;
  /** One text, or the two of a pair. */
  readonly texts: readonly string[];
  readonly label: string;
  readonly suggested: string;
  /** Out-of-fold probability of the label and of the suggested one, in [0, 1]. */
  readonly confidence: number;
  readonly suggestedConfidence: number;
  /** Name of the dataset that the row comes from. */
  readonly source: string;
  readonly origin: Origin;
  readonly split: Split;
}

/** What an audit found in one task. */
export interface AuditedTask {
  readonly task: string;
  readonly family: string;
  readonly input: InputKind;
  /** Rows judged, of all splits. */
  readonly rows: number;
  /** Why nothing could be judged; null where it was. */
  readonly idle: string | null;
  /** Rows with a wrong label, estimated from the confident joint; null where nothing was judged. */
  readonly estimatedWrong: number | null;
  /** Rows with label `label` that count for `suggested` in the confident joint, most rows first. */
  readonly confused: readonly { readonly label: string; readonly suggested: string; readonly rows: number }[];
  /** The likeliest wrong first. */
  readonly suspects: readonly SuspectRow[];
}

export interface Audit {
  /** Versions of the pack and of the dataset. */
  readonly version: string;
  readonly dataset: string;
  /** Rows of a task that the page shows at most. */
  readonly top: number;
  readonly tasks: readonly AuditedTask[];
}

/** Labels with suspect rows that the chart of a task shows at most. */
const MOST_LABELS = 20;
/** Pairs of confused labels that a task shows at most. */
const MOST_PAIRS = 15;
/** UTF-16 units of a text that the page shows; the table beside it has all of it. */
const MOST_TEXT = 500;

/** The page of an audit: for each task how many labels are likely wrong, which labels are confused, and the rows. */
export function auditPage(audit: Audit): string {
  const found = audit.tasks.reduce((sum, { suspects }) => sum + suspects.length, 0);
  const rows = audit.tasks.reduce((sum, task) => sum + task.rows, 0);
  return renderPage({
    title: "Audit of the labels",
    lead: html`Of ${amountText(rows, "row")} in dataset <code>${audit.dataset}</code>, a model that had not seen them doubts the label of ${countText(found)}. <code>audit.csv</code>, beside this page, has all of them with their whole texts.`,
    sections: [
      { id: "tasks", title: "Tasks", body: overview(audit.tasks) },
      { id: "method", title: "How this was computed", body: method(audit) },
      ...audit.tasks.map((task) => taskSection(task, audit.top)),
    ],
  });
}

function overview(tasks: readonly AuditedTask[]): Content {
  return table({
    title: "Likely wrong labels by task",
    columns: [
      { title: "Task", kind: "text" },
      { title: "Rows", kind: "number" },
      { title: "Suspect rows", kind: "number", hint: "rows whose label a model that has not seen it doubts" },
      { title: "Share", kind: "number" },
      {
        title: "Estimated wrong",
        kind: "number",
        hint: "by the confident joint; an upper figure where the task is hard",
      },
    ],
    rows: tasks.map((task) => [
      html`<a href="#task-${task.task}">${task.task}</a>`,
      countText(task.rows),
      ...(task.idle === null
        ? [
            countText(task.suspects.length),
            percentText(task.suspects.length / task.rows),
            percentText((task.estimatedWrong ?? 0) / task.rows),
          ]
        : [task.idle, null, null]),
    ]),
  });
}

function method({ version, dataset }: Audit): Html {
  return html`<p>Every row of train, test and eval was judged by a model that had not seen it: the rows of a task are dealt into five folds, near-duplicates into the same one, and each fold is scored by a fit on the other four, with the features and settings of <code>[train]</code>.</p>
<p>A row counts for the most probable label that is at least as probable as in the mean row of that label. A row that counts for another label than its own, and finds that one more probable, is a suspect. Suspects are ordered by the difference of the two probabilities. This is confident learning (Northcutt, Jiang and Chuang, JAIR 2021).</p>
<p>The estimate scales these counts to all rows of each label. It takes the model at its word: where a task is hard, rows that the model does not understand count as wrong, and the true share is lower. Rows of a label with fewer than ten rows are not judged.</p>
<p>Pack <code>${version}</code>, dataset <code>${dataset}</code>. Nothing was changed: correct the labels in the source, or leave rows out by the <code>where</code> of a map, and prepare again.</p>
`;
}

function taskSection(task: AuditedTask, top: number): Section {
  const id = `task-${task.task}`;
  if (task.idle !== null) return { id, title: task.task, body: html`<p>Not judged: ${task.idle}.</p>` };
  const { suspects, confused, rows, estimatedWrong } = task;
  const share = percentText((estimatedWrong ?? 0) / rows);
  const body = html`<p>${amountText(suspects.length, "suspect row")} of ${countText(rows)}; the joint estimates ${countText(Math.round(estimatedWrong ?? 0))} wrong labels (${share}).</p>
${suspects.length === 0 ? null : labelsChart(task)}
${confused.length === 0 ? null : pairsTable(task)}
${suspects.length === 0 ? null : suspectsTable(task, top)}`;
  return { id, title: task.task, body };
}

function labelsChart({ task, suspects }: AuditedTask): Html {
  const counts = new Map<string, number>();
  for (const { label } of suspects) counts.set(label, (counts.get(label) ?? 0) + 1);
  const bars = [...counts]
    .map(([name, rows]) => ({ name, values: [rows] }))
    .sort((a, b) => (b.values[0] ?? 0) - (a.values[0] ?? 0));
  const left = bars.length - MOST_LABELS;
  return barChart({
    title: "Suspect rows by their label",
    description: `How many rows of each label of ${task} are suspect, most first.`,
    parts: ["suspect rows"],
    bars: bars.slice(0, MOST_LABELS),
    ...(left > 0 ? { caption: `${amountText(left, "more label")} with fewer.` } : {}),
  });
}

function pairsTable({ task, confused }: AuditedTask): Html {
  const left = confused.length - MOST_PAIRS;
  return html`${table({
    title: `Confused labels of ${task}`,
    columns: [
      { title: "Labelled", kind: "text" },
      { title: "Counts for", kind: "text" },
      { title: "Rows", kind: "number" },
    ],
    rows: confused
      .slice(0, MOST_PAIRS)
      .map(({ label, suggested, rows }) => [label, suggested, countText(rows)]),
  })}${left > 0 ? html`<p>${amountText(left, "more pair")}.</p>` : null}
`;
}

function suspectsTable({ task, suspects }: AuditedTask, top: number): Html {
  const left = suspects.length - top;
  return html`${table({
    title: `Suspect rows of ${task}`,
    columns: [
      { title: "#", kind: "number" },
      { title: "Text", kind: "text" },
      { title: "Label", kind: "text" },
      { title: "Likelier", kind: "text" },
      { title: "p(label)", kind: "number", hint: "probability of its label, out of fold" },
      { title: "p(likelier)", kind: "number", hint: "probability of the likelier label, out of fold" },
      { title: "Source", kind: "text" },
      { title: "Split", kind: "text" },
    ],
    rows: suspects
      .slice(0, top)
      .map((row, i) => [
        countText(i + 1),
        textOf(row.texts),
        row.label,
        row.suggested,
        figureText(row.confidence, 2),
        figureText(row.suggestedConfidence, 2),
        row.origin === "real" ? row.source : `${row.source} (${row.origin})`,
        row.split,
      ]),
  })}${left > 0 ? html`<p>${amountText(left, "more suspect row")} in <code>audit.csv</code>.</p>` : null}
`;
}

function textOf(texts: readonly string[]): Content {
  const [a = "", b] = texts.map((text) => shortened(text, MOST_TEXT));
  return b === undefined ? a : html`<b>A</b> ${a}<br><b>B</b> ${b}`;
}
