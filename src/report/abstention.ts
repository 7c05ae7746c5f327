// SPDX-License-Identifier: Apache-2.0
import type { AbstentionRecord, Share, ThresholdFit } from "../training/abstention.ts";
import { intervalOf, intervalText } from "./headline.ts";
import { type Content, html } from "./html.ts";
import { labelText } from "./label-text.ts";
import { amountText, countText, figureText, NONE } from "./number-text.ts";
import type { TaskReport } from "./pack-report.ts";
import { type Column, table } from "./table.ts";

const FIT_COLUMNS: readonly Column[] = [
  { title: "target", kind: "text" },
  { title: "value", kind: "number" },
  { title: "threshold", kind: "number", hint: "confidence from which on the target is met" },
  { title: "shown with 95 % confidence", kind: "number", hint: "lower end of the one-sided 95 % interval" },
  { title: "hits", kind: "number", hint: "right answers, or out-of-scope rows held back" },
  { title: "of", kind: "number", hint: "answered rows, or all out-of-scope rows" },
  { title: "rows that judged", kind: "number", hint: "eval rows; of near-duplicates one" },
  { title: "rows needed", kind: "number", hint: "rows that would do, were all of them hits" },
];

const MEASURE_COLUMNS: readonly Column[] = [
  { title: "measure", kind: "text" },
  { title: "on test, with its 95 % interval", kind: "number" },
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
    ["coverage: rows that the model answers", shareText(test.coverage), ratio(answered, rows)],
    ["precision: right ones of the answered", shareText(test.precision), ratio(right, answered)],
  ];
}

function outsideRows({ out_of_scope_test: outside }: AbstentionRecord): Content[][] {
  if (outside === null) return [];
  const { rows, in_scope_rows: inside, held_back, recall, auroc, fpr_at_95_recall: rate } = outside;
  const all = amountText(rows, "row");
  const held: Content[] = [
    "out-of-scope recall: held back of the rows that no label fits",
    shareText(recall),
    held_back === null ? "no threshold" : ratio(held_back, rows),
  ];
  return [
    held,
    [
      "AUROC: a row in scope has a higher confidence than one out of scope",
      areaText(auroc),
      `${countText(inside)} in, ${countText(rows)} out`,
    ],
    ["FPR at 95 % recall: out-of-scope rows as sure as 95 % of those in scope", shareText(rate), all],
  ];
}

/** `80.5 % (79.1–81.9)`. */
export function shareText(share: Share | null): string {
  return intervalText(intervalOf(share));
}

/** `0.913 (0.901–0.925)`: an area is no share of rows. */
export function areaText(area: Share): string {
  const of = intervalOf(area);
  return of === null ? NONE : `${figureText(of.share)} (${figureText(of.low)}–${figureText(of.high)})`;
}

const ratio = (hits: number, of: number) => `${countText(hits)} of ${countText(of)}`;
