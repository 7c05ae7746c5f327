// SPDX-License-Identifier: Apache-2.0

import { countText } from "../core/amount.ts";
import type { AbstentionRecord, Share, ThresholdFit } from "../training/abstention.ts";
import { shareText } from "./headline.ts";
import { type Content, html } from "./html.ts";
import { labelText } from "./label-text.ts";
import { amountText, figureText, NONE } from "./number-text.ts";
import type { TaskReport } from "./pack-report.ts";
import { type Column, table } from "./table.ts";

const FIT_COLUMNS: readonly Column[] = [
  { title: "target", kind: "text" },
  { title: "value", kind: "number" },
  { title: "threshold", kind: "number", hint: "confidence from which on the target is met" },
  { title: "lower bound", kind: "number", hint: "of hits / of: the one-sided 95 % interval begins here" },
  { title: "hits", kind: "number", hint: "right answers, or out-of-scope rows held back" },
  { title: "of", kind: "number", hint: "answered rows, or all out-of-scope rows" },
  { title: "rows that judged", kind: "number", hint: "eval rows; of near-duplicates one" },
  { title: "rows needed", kind: "number", hint: "rows that would do, were all of them hits" },
];

const MEASURE_COLUMNS: readonly Column[] = [
  { title: "measure", kind: "text" },
  { title: "on test (95 % interval)", kind: "number" },
  { title: "counted", kind: "number" },
];

/** How a task's threshold came to be, what is promised, and what it gives; nothing where the task has no part in that. */
export function abstentionPart({ abstention: record, default: fallback }: TaskReport): Content {
  if (record === null) return null;
  const fits = fitsOf(record);
  const measures = [...answeredRows(record), ...outsideRows(record)];
  return [
    html`<h4>Abstaining</h4>`,
    html`<p>${summary(record, fallback)}</p>`,
    fits.length === 0
      ? null
      : table({
          title: "What the eval rows show of each target",
          columns: FIT_COLUMNS,
          rows: fits.map(([name, fit]) => fitRow(name, fit)),
        }),
    fits.some(([, { real }]) => !real)
      ? html`<p class="warn">Rows that an LLM wrote judged a target as well: too few real ones were there.</p>`
      : null,
    measures.length === 0
      ? null
      : table({ title: "What it gives on test", columns: MEASURE_COLUMNS, rows: measures }),
    fits.length + measures.length === 0 ? null : html`<p class="soft">${explanation(record)}</p>`,
  ];
}

type NamedFit = readonly [name: string, fit: ThresholdFit];

/** The targets that a task has, in the order of the record. */
export function fitsOf(record: AbstentionRecord): NamedFit[] {
  return (["target_precision", "target_out_of_scope_recall"] as const).flatMap((name) => {
    const fit = record[name];
    return fit === null ? [] : [[name, fit] as const];
  });
}

function summary({ min_confidence, set_by }: AbstentionRecord, fallback: string | null): string {
  if (min_confidence === null || set_by === null)
    return "No threshold is set: every text is answered, however low the confidence.";
  const answer = fallback === null ? "no label" : `the default, "${labelText(fallback)}"`;
  const how =
    set_by === "min_confidence"
      ? "set by hand, with min_confidence, and promises nothing"
      : `fitted on eval for ${set_by}`;
  return `Under a confidence of ${figureText(min_confidence)} the runtime answers ${answer}. The threshold is ${how}.`;
}

/** What the tables' words mean. */
function explanation(record: AbstentionRecord): string {
  const parts: string[] = [];
  if (fitsOf(record).length > 0)
    parts.push(
      "A target is promised where the lower bound reaches it, on eval rows that fitted neither the model nor their own calibration: for texts like those.",
    );
  if (record.test !== null)
    parts.push("Coverage: rows that the model answers. Precision: right ones of these.");
  if (record.out_of_scope_test !== null)
    parts.push(
      "Out-of-scope recall: rows that no label fits and that the default answers. AUROC: how often a row in scope has a higher confidence than one out of scope. FPR: out-of-scope rows as sure as 95 % of those in scope.",
    );
  return parts.join(" ");
}

function fitRow(name: string, { target, threshold, bound, hits, of, rows, needed }: ThresholdFit): Content[] {
  return [
    name,
    String(target),
    threshold === null ? html`<strong>not promised</strong>` : figureText(threshold),
    figureText(bound, 4),
    countText(hits),
    countText(of),
    countText(rows),
    needed === null ? NONE : countText(needed),
  ];
}

function answeredRows({ test }: AbstentionRecord): Content[][] {
  if (test === null) return [];
  const { rows, answered, right } = test;
  return [
    ["coverage", shareText(test.coverage), ratio(answered, rows)],
    ["precision", shareText(test.precision), ratio(right, answered)],
  ];
}

function outsideRows({ out_of_scope_test: outside }: AbstentionRecord): Content[][] {
  if (outside === null) return [];
  const { rows, in_scope_rows: inside, held_back, recall, auroc, fpr_at_95_recall: rate } = outside;
  const all = amountText(rows, "row");
  const held: Content[] = [
    "out-of-scope recall",
    shareText(recall),
    held_back === null ? "no threshold" : ratio(held_back, rows),
  ];
  return [
    held,
    ["AUROC", areaText(auroc), `${countText(inside)} in, ${countText(rows)} out`],
    ["FPR at 95 % recall", shareText(rate), all],
  ];
}

/** `0.913 (0.901–0.925)`: an area is no share of rows. */
export function areaText(area: Share): string {
  const { value, low, high } = area;
  return value === null ? NONE : `${figureText(value)} (${figureText(low)}–${figureText(high)})`;
}

const ratio = (hits: number, of: number) => `${countText(hits)} of ${countText(of)}`;
