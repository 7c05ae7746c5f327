// SPDX-License-Identifier: Apache-2.0

import { countText } from "../core/amount.ts";
import { shortened } from "../core/printable.ts";
import { barChart } from "./chart/bar.ts";
import { type Content, type Html, html } from "./html.ts";
import { labelText } from "./label-text.ts";
import { figureText } from "./number-text.ts";
import type { SplitRows, TaskReport } from "./pack-report.ts";
import { table } from "./table.ts";

const MOST_EXAMPLE = 120;
/** Names that are ours: what the manifest of a dataset says in its own words. */
const words = (name: string) => name.replaceAll("_", " ");
const sumOf = ({ train, test, eval: held }: SplitRows) => train + test + held;

/** A task's rows: by label, split, source and origin, and what was dropped. `most` labels at most, the largest. */
export function taskRows(task: TaskReport, most: number): Content {
  const { rows } = task;
  return [
    html`<h4>Labels</h4>`,
    labelTable(task, most),
    labelSourceTable(task, most),
    html`<div class="columns"><div>${sourceChart(task)}</div><div>${dropTable(task)}</div></div>`,
    rows.outOfScope > 0
      ? html`<p class="soft">${`${countText(rows.outOfScope)} texts are marked as out of scope: no label fits them.`}</p>`
      : null,
  ];
}

function labelTable({ rows, measured }: TaskReport, most: number): Content {
  const bySize = rows.labels
    .map((label, i) => ({ label, i }))
    .sort((a, b) => sumOf(b.label) - sumOf(a.label) || a.i - b.i);
  const kept = new Set(bySize.slice(0, most).map(({ i }) => i));
  const isShort = rows.labels.some(({ deficit }) => deficit > 0);
  const lines = rows.labels.flatMap((label, i): Content[][] => {
    if (!kept.has(i)) return [];
    const scores = measured?.perLabel.per_label[i];
    const none = scores === undefined || scores.support === 0;
    const share = (value: number | undefined) => figureText(none ? null : value);
    return [
      [
        labelText(label.label),
        ...[label.train, label.eval, label.test].map(countText),
        ...(isShort ? [countText(label.deficit)] : []),
        share(scores?.precision),
        share(scores?.recall),
        share(scores?.f1),
      ],
    ];
  });
  const left = rows.labels.length - lines.length;
  const sum = (of: keyof SplitRows) => countText(rows.labels.reduce((total, label) => total + label[of], 0));
  const number = (title: string, hint: string) => ({ title, hint, kind: "number" }) as const;
  return [
    table({
      title: "Rows and figures of each label",
      columns: [
        { title: "label", kind: "text" },
        number("train", "rows of train"),
        number("eval", "rows of eval"),
        number("test", "rows of test, official ones with them"),
        ...(isShort ? [number("deficit", "rows that lack to target_per_task_label")] : []),
        number("precision", "right ones of the rows that got this label"),
        number("recall", "of the rows that have this label, those that got it"),
        number("F1", "harmonic mean of precision and recall"),
      ],
      rows: lines,
      total: [
        left > 0 ? `all ${countText(rows.labels.length)} labels` : "all",
        sum("train"),
        sum("eval"),
        sum("test"),
        ...(isShort ? [countText(rows.labels.reduce((total, { deficit }) => total + deficit, 0))] : []),
        null,
        null,
        null,
      ],
    }),
    left > 0
      ? html`<p class="soft">${`${countText(left)} labels with fewer rows are left out to keep this page small; the family's report files have all.`}</p>`
      : null,
  ];
}

/** The rows of each label by source and origin, folded up. `most` lines at most, those of the most rows. */
function labelSourceTable({ rows, labels }: TaskReport, most: number): Content {
  const place = new Map(labels.map((label, i) => [label, i]));
  const bySize = [...rows.labelSources].sort((a, b) => sumOf(b) - sumOf(a));
  const shown = bySize.slice(0, most);
  const left = bySize.length - shown.length;
  if (shown.length === 0) return null;
  shown.sort((a, b) => (place.get(a.label) ?? 0) - (place.get(b.label) ?? 0));
  const number = (title: string) => ({ title, kind: "number" }) as const;
  const text = (title: string) => ({ title, kind: "text" }) as const;
  return html`<details><summary>Rows of each label by source and origin</summary>${[
    table({
      title: "Rows of each label by source and origin",
      columns: [
        text("label"),
        text("source"),
        text("origin"),
        number("train"),
        number("eval"),
        number("test"),
      ],
      rows: shown.map((one) => [
        labelText(one.label),
        labelText(one.source),
        words(one.origin),
        ...[one.train, one.eval, one.test].map(countText),
      ]),
    }),
    left > 0
      ? html`<p class="soft">${`${countText(left)} lines of fewer rows are left out to keep this page small.`}</p>`
      : null,
  ]}</details>`;
}

/** Sources of a chart; the others are summed up. */
const MOST_SOURCES = 12;

function sourceChart({ rows, labels }: TaskReport): Html {
  const bySize = [...rows.sources].sort((a, b) => sumOf(b) - sumOf(a));
  const shown = bySize.length > MOST_SOURCES ? bySize.slice(0, MOST_SOURCES - 1) : bySize;
  const rest = bySize.slice(shown.length);
  const isMixed = new Set(bySize.map(({ origin }) => origin)).size > 1;
  const valuesOf = (of: readonly SplitRows[]) =>
    (["train", "eval", "test"] as const).map((split) => of.reduce((sum, one) => sum + one[split], 0));
  return barChart({
    title: "Rows by source and split",
    description: `${countText(rows.sources.length)} sources and origins give the rows of ${countText(labels.length)} labels.`,
    parts: ["train", "eval", "test"],
    bars: [
      ...shown.map((one) => ({
        name: isMixed ? `${words(one.origin)}: ${one.source}` : one.source,
        values: valuesOf([one]),
      })),
      ...(rest.length > 0 ? [{ name: `${countText(rest.length)} others`, values: valuesOf(rest) }] : []),
    ],
    caption: isMixed
      ? "Real rows, rows that an LLM labelled and rows that it wrote are apart."
      : `All rows are ${words(bySize[0]?.origin ?? "real")}.`,
  });
}

function dropTable({ rows }: TaskReport): Content {
  const lines: Content[][] = rows.drops.map(({ reason, rows: count, examples }) => [
    words(reason),
    countText(count),
    examples.length === 0
      ? null
      : html`<span class="quote">${shortened(examples[0] ?? "", MOST_EXAMPLE)}</span>`,
  ]);
  if (rows.cut > 0) lines.push(["over max_per_task_label", countText(rows.cut), null]);
  for (const [reason, count] of rows.steppedAside)
    lines.push([`of an LLM, ${words(reason)}`, countText(count), null]);
  const found = rows.deduplication.map(([name, count]) => `${words(name)} ${countText(count)}`);
  return [
    html`<h4>Dropped or merged by prepare</h4>`,
    lines.length === 0
      ? html`<p class="soft">Nothing was dropped.</p>`
      : table({
          title: "Rows that were dropped, and why",
          columns: [
            { title: "why", kind: "text" },
            { title: "rows", kind: "number" },
            { title: "for example", kind: "text" },
          ],
          rows: lines,
        }),
    found.length === 0 ? null : html`<p class="soft">${`Deduplication: ${found.join(", ")}.`}</p>`,
  ];
}
