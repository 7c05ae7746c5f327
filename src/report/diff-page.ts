// SPDX-License-Identifier: Apache-2.0

import { amount, countText } from "../core/amount.ts";
import { shortened } from "../core/printable.ts";
import type { Interval, PairedComparison } from "../training/paired-comparison.ts";
import { barChart } from "./chart/bar.ts";
import { type Content, type Html, html } from "./html.ts";
import { amountText, figureText, NONE, percentText } from "./number-text.ts";
import { renderPage, type Section } from "./page.ts";
import { table } from "./table.ts";

/** One of the two packs. */
export interface DiffSide {
  readonly version: string;
  /** The dataset that it was trained on. */
  readonly dataset: string;
  /** Bytes of its model files. */
  readonly bytes: number;
}

export interface FamilySize {
  readonly features: number;
  readonly bytes: number;
}

/** What one pack says of a task; figures are those of its own test rows, null without any. */
export interface TaskSide {
  readonly rows: number;
  readonly accuracy: number | null;
  readonly macroF1: number | null;
  readonly logLoss: number | null;
  readonly ece: number | null;
  /** Method, and its temperature where it has one. */
  readonly calibration: string;
  readonly minConfidence: number | null;
  readonly default: string | null;
}

/** How two packs compare on a task. */
export type TaskComparison =
  | ({
      readonly kind: "paired";
      readonly coverage: { readonly a: number; readonly b: number };
    } & PairedComparison)
  /** No rows in common that can be read: the difference of accuracy with what interval can be told, and why. */
  | { readonly kind: "unpaired"; readonly accuracy: Interval | null; readonly why: string };

export interface TaskDiff {
  readonly task: string;
  readonly family: string;
  readonly labels: { readonly added: readonly string[]; readonly removed: readonly string[] };
  readonly a: TaskSide;
  readonly b: TaskSide;
  readonly comparison: TaskComparison;
}

/** An answer; a default that answers has confidence 0 and a reason. */
export interface DiffAnswer {
  readonly label: string | null;
  readonly confidence: number;
  /** Why the default answered; null where the model did. */
  readonly reason: string | null;
}

export interface Flip {
  /** One text, or the two of a pair. */
  readonly texts: readonly string[];
  readonly a: DiffAnswer;
  readonly b: DiffAnswer;
}

/** What the two say of the texts of a file. */
export interface TextsDiff {
  readonly task: string;
  /** Those that both answered: each once. */
  readonly texts: number;
  /** Rows whose text had come before, and rows without one that can be used. */
  readonly repeated: number;
  readonly dropped: number;
  /** Those that both are surest of first. */
  readonly flips: readonly Flip[];
  /** Flips by the two labels, most first. */
  readonly pairs: readonly { readonly a: string | null; readonly b: string | null; readonly texts: number }[];
}

export interface PackDiff {
  readonly a: DiffSide;
  readonly b: DiffSide;
  readonly families: readonly {
    readonly family: string;
    readonly a: FamilySize | null;
    readonly b: FamilySize | null;
  }[];
  /** Tasks that only one of them has. */
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly tasks: readonly TaskDiff[];
  /** Settings that differ, as text; null where a pack has none of that name. */
  readonly settings: readonly {
    readonly name: string;
    readonly a: string | null;
    readonly b: string | null;
  }[];
  /** By task; empty where no file of texts was given. */
  readonly texts: readonly TextsDiff[];
}

/** Flips of a task that the page shows at most. */
const MOST_FLIPS = 500;
const MOST_PAIRS = 20;
/** UTF-16 units of a text that the page shows. */
const MOST_TEXT = 500;

/** `4 texts (6 repeated, 2 left out: no usable text)`: what was answered, and what more rows there were. */
export function textsRead({ texts, repeated, dropped }: TextsDiff, count: (n: number) => string): string {
  const others = [
    ...(repeated > 0 ? [`${count(repeated)} repeated`] : []),
    ...(dropped > 0 ? [`${count(dropped)} left out: no usable text`] : []),
  ];
  const read = amount(texts, "text", "texts", count);
  return others.length === 0 ? read : `${read} (${others.join(", ")})`;
}

/** The page that compares two packs. */
export function diffPage(diff: PackDiff): string {
  const { a, b } = diff;
  return renderPage({
    title: `From ${a.version} to ${b.version}`,
    lead: html`What changed from pack <code>${a.version}</code> (A, of dataset <code>${a.dataset}</code>) to pack <code>${b.version}</code> (B, of dataset <code>${b.dataset}</code>).`,
    sections: [
      { id: "metrics", title: "Metrics", body: metrics(diff) },
      { id: "calibration", title: "Calibration", body: calibration(diff) },
      { id: "size", title: "Tasks and size", body: sizes(diff) },
      { id: "settings", title: "Settings that differ", body: settings(diff) },
      ...diff.texts.map(textsSection),
    ],
  });
}

/** A p-value with four decimals; of one that rounds to none, that it is under the least. */
export function pText(p: number): string {
  return p < 0.00005 ? "<0.0001" : p.toFixed(4);
}

/** A difference with its sign. */
export function signed(value: number | null, digits = 4): string {
  if (value === null) return NONE;
  const text = value.toFixed(digits);
  return value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

/** An interval of a difference. */
export function intervalText([low, high]: Interval): string {
  return `${signed(low)} to ${signed(high)}`;
}

function metrics({ tasks }: PackDiff): Content {
  if (tasks.length === 0) return html`<p>The packs have no task in common.</p>`;
  const paired = tasks.flatMap((task) => (task.comparison.kind === "paired" ? [task] : []));
  return html`${table({
    title: "Figures of each pack on its own test rows",
    columns: [
      { title: "Task", kind: "text" },
      ...[
        "Rows A",
        "Rows B",
        "Accuracy A",
        "Accuracy B",
        "Macro F1 A",
        "Macro F1 B",
        "Log loss A",
        "Log loss B",
      ].map((title) => ({ title, kind: "number" as const })),
    ],
    rows: tasks.map(({ task, a, b }) => [
      task,
      countText(a.rows),
      countText(b.rows),
      ...(["accuracy", "macroF1", "logLoss"] as const).flatMap((name) => [
        figureText(a[name], 4),
        figureText(b[name], 4),
      ]),
    ]),
  })}${paired.length === 0 ? null : pairedTable(paired)}${unpairedNotes(tasks)}`;
}

function pairedTable(tasks: readonly TaskDiff[]): Html {
  const rows = tasks.flatMap(({ task, comparison }) =>
    comparison.kind !== "paired"
      ? []
      : [
          [
            task,
            countText(comparison.rows),
            ...[comparison.accuracy, comparison.macroF1, comparison.logLoss].map(
              ({ a, b, difference: [low, high] }) =>
                html`<b>${signed(b - a, 3)}</b> (${signed(low, 3)} to ${signed(high, 3)})`,
            ),
            countText(comparison.onlyA),
            countText(comparison.onlyB),
            pText(comparison.pValue),
          ],
        ],
  );
  const number = (title: string, hint = "") => ({ title, kind: "number" as const, hint });
  return html`<h3>On the same rows</h3>
<p>Both packs answered the test rows that neither had for training: the rows that are in the test split of both datasets. B less A, with 95 % intervals of a bootstrap over groups of near-duplicates; an interval without 0 is more than chance. p is that of McNemar's exact test on the rows that only one of them has right.</p>
${table({
  title: "Differences on the same test rows",
  columns: [
    { title: "Task", kind: "text" },
    number("Rows"),
    number("Accuracy (95 %)"),
    number("Macro F1 (95 %)"),
    number("Log loss (95 %)", "less is better"),
    number("Only A right"),
    number("Only B right"),
    number("p"),
  ],
  rows,
})}${barChart({
  title: "Test rows that only one of them has right",
  description: "For each task the rows that only A and that only B answers rightly.",
  parts: ["only A", "only B"],
  bars: tasks.flatMap(({ task, comparison }) =>
    comparison.kind === "paired" ? [{ name: task, values: [comparison.onlyA, comparison.onlyB] }] : [],
  ),
})}`;
}

function unpairedNotes(tasks: readonly TaskDiff[]): Html | null {
  const notes = tasks.flatMap(({ task, comparison }) =>
    comparison.kind === "paired"
      ? []
      : [
          html`<li><b>${task}</b>: ${comparison.why}${comparison.accuracy === null ? null : `; accuracy ${intervalText(comparison.accuracy)} (95 %, Newcombe, as if the rows were others)`}.</li>`,
        ],
  );
  return notes.length === 0 ? null : html`<ul>${notes}</ul>`;
}

function calibration({ tasks }: PackDiff): Html {
  const number = (title: string, hint = "") => ({ title, kind: "number" as const, hint });
  return table({
    title: "Calibration of both",
    columns: [
      { title: "Task", kind: "text" },
      { title: "Method A", kind: "text" },
      { title: "Method B", kind: "text" },
      number("ECE A"),
      number("ECE B"),
      number("Threshold A", "confidence under which the default answers"),
      number("Threshold B"),
      number("Coverage A", "share of the same rows that the model answers"),
      number("Coverage B"),
    ],
    rows: tasks.map(({ task, a, b, comparison }) => {
      const coverage = comparison.kind === "paired" ? comparison.coverage : null;
      return [
        task,
        a.calibration,
        b.calibration,
        figureText(a.ece, 4),
        figureText(b.ece, 4),
        figureText(a.minConfidence, 4),
        figureText(b.minConfidence, 4),
        percentText(coverage?.a),
        percentText(coverage?.b),
      ];
    }),
  });
}

function sizes({ families, added, removed, tasks, a, b }: PackDiff): Html {
  const labels = tasks.filter((task) => task.labels.added.length + task.labels.removed.length > 0);
  const number = (title: string) => ({ title, kind: "number" as const });
  return html`${table({
    title: "Families and their model files",
    columns: [
      { title: "Family", kind: "text" },
      number("Features A"),
      number("Features B"),
      number("Bytes A"),
      number("Bytes B"),
    ],
    rows: families.map(({ family, a: ofA, b: ofB }) => [
      family,
      ...[ofA?.features, ofB?.features, ofA?.bytes, ofB?.bytes].map((n) =>
        n === undefined ? NONE : countText(n),
      ),
    ]),
    total: ["all", null, null, countText(a.bytes), countText(b.bytes)],
  })}<ul>
<li>Tasks only in B: ${added.length === 0 ? "none" : added.join(", ")}.</li>
<li>Tasks only in A: ${removed.length === 0 ? "none" : removed.join(", ")}.</li>
${labels.map(
  ({ task, labels: { added: more, removed: less } }) =>
    html`<li>Labels of <b>${task}</b>: ${more.length === 0 ? null : `only in B ${more.join(", ")}`}${more.length > 0 && less.length > 0 ? "; " : null}${less.length === 0 ? null : `only in A ${less.join(", ")}`}.</li>
`,
)}</ul>`;
}

function settings({ settings: list }: PackDiff): Html {
  if (list.length === 0) return html`<p>None of those that decide a model's bytes.</p>`;
  return table({
    title: "Settings that differ",
    columns: [
      { title: "Setting", kind: "text" },
      { title: "A", kind: "text" },
      { title: "B", kind: "text" },
    ],
    rows: list.map(({ name, a, b }) => [name, a ?? NONE, b ?? NONE]),
  });
}

function textsSection(found: TextsDiff): Section {
  const { task, texts, flips, pairs } = found;
  const left = flips.length - MOST_FLIPS;
  const summary = html`<p>${amountText(flips.length, "answer")} of ${textsRead(found, countText)} flipped (${percentText(texts === 0 ? null : flips.length / texts)}).${flips.length === 0 ? null : " Those that both packs are surest of stand first."}</p>`;
  const body = html`${summary}${flips.length === 0 ? null : pairsTable(task, pairs)}${flips.length === 0 ? null : flipsTable(task, flips)}${left > 0 ? html`<p>${amountText(left, "more flip")}; --json has all.</p>` : null}`;
  return { id: `texts-${task}`, title: `Flipped answers of ${task}`, body };
}

function pairsTable(task: string, pairs: TextsDiff["pairs"]): Html {
  return table({
    title: `Flips of ${task} by label`,
    columns: [
      { title: "A", kind: "text" },
      { title: "B", kind: "text" },
      { title: "Texts", kind: "number" },
    ],
    rows: pairs
      .slice(0, MOST_PAIRS)
      .map(({ a, b, texts }) => [a ?? "(no answer)", b ?? "(no answer)", countText(texts)]),
  });
}

function flipsTable(task: string, flips: readonly Flip[]): Html {
  const answer = ({ label, confidence, reason }: DiffAnswer) => [
    label ?? "(no answer)",
    reason === null ? figureText(confidence, 2) : reason.replaceAll("_", " "),
  ];
  return table({
    title: `Flipped answers of ${task}`,
    columns: [
      { title: "Text", kind: "text" },
      { title: "A", kind: "text" },
      { title: "p(A)", kind: "number" },
      { title: "B", kind: "text" },
      { title: "p(B)", kind: "number" },
    ],
    rows: flips.slice(0, MOST_FLIPS).map(({ texts, a, b }) => [textOf(texts), ...answer(a), ...answer(b)]),
  });
}

function textOf(texts: readonly string[]): Content {
  const [a = "", b] = texts.map((text) => shortened(text, MOST_TEXT));
  return b === undefined ? a : html`<b>A</b> ${a}<br><b>B</b> ${b}`;
}
