// SPDX-License-Identifier: Apache-2.0

import { countText } from "../core/amount.ts";
import { type HeatCell, heatMap } from "./chart/heat-map.ts";
import { headlineMetrics } from "./headline.ts";
import { type Content, html } from "./html.ts";
import { confusionOrder } from "./label-order.ts";
import { labelText } from "./label-text.ts";
import { amountText, percentText } from "./number-text.ts";
import type { SplitReport, TaskReport } from "./pack-report.ts";
import { table } from "./table.ts";

/** What a matrix and its list may take; beyond, the largest counts are kept. */
export interface ConfusionBudget {
  /** Cells beside the diagonal that are drawn. */
  readonly cells: number;
  /** Confused pairs that are listed. */
  readonly pairs: number;
  /** Labels of a matrix; above, only the pairs are listed. */
  readonly labels: number;
}

interface Confused {
  readonly truth: number;
  readonly predicted: number;
  readonly count: number;
  /** Of the rows of the true label. */
  readonly share: number;
}

/** Which labels are taken for which: the matrix, ordered by confusion, and the pairs that are confused most. */
export function confusion(
  { task, labels }: TaskReport,
  { metrics }: SplitReport,
  budget: ConfusionBudget,
): Content {
  const { confusion_matrix: matrix } = headlineMetrics(metrics);
  const cells = cellsOf(matrix);
  const wrong = cells
    .filter(({ truth, predicted }) => truth !== predicted)
    .sort((a, b) => b.count - a.count || b.share - a.share || a.truth - b.truth || a.predicted - b.predicted);
  if (labels.length > budget.labels)
    return html`<p class="soft">${`The matrix of ${countText(labels.length)} labels is left out to keep this page small; the family's metrics files have it.`}</p>${pairs(labels, wrong, budget.pairs)}`;
  const order = confusionOrder(matrix);
  const at = new Map(order.map((label, place) => [label, place]));
  const drawn = [
    ...cells.filter(({ truth, predicted }) => truth === predicted),
    ...wrong.slice(0, budget.cells),
  ];
  const names = order.map((label) => labels[label] ?? "");
  const left = wrong.length - budget.cells;
  return [
    heatMap({
      id: `confusion-${task}`,
      title: "Confusion matrix",
      description: `Rows by true label across predicted label. ${describe(labels, wrong)}`,
      rows: { title: "true", names, totals: order.map((label) => sumOf(matrix[label] ?? [])) },
      columns: { title: "predicted", names },
      cells: drawn.map(
        ({ truth, predicted, count, share }): HeatCell => ({
          row: at.get(truth) ?? 0,
          column: at.get(predicted) ?? 0,
          count,
          share,
        }),
      ),
      caption: html`Shades are shares of the true label's rows: blue is right, orange wrong. Labels that are taken for each other stand side by side.${
        left > 0 ? ` ${amountText(left, "cell")} with the smallest counts are left out.` : null
      }`,
    }),
    pairs(labels, wrong, budget.pairs),
  ];
}

const sumOf = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);

function cellsOf(matrix: readonly (readonly number[])[]): Confused[] {
  return matrix.flatMap((row, truth) => {
    const sum = sumOf(row);
    return row.flatMap((count, predicted) =>
      count === 0 ? [] : [{ truth, predicted, count, share: count / sum }],
    );
  });
}

function describe(labels: readonly string[], [most]: readonly Confused[]): string {
  if (most === undefined) return "No row has a wrong label.";
  return `Most often confused: ${labelText(labels[most.truth])} taken for ${labelText(labels[most.predicted])}, ${amountText(most.count, "row")}.`;
}

function pairs(labels: readonly string[], wrong: readonly Confused[], most: number): Content {
  if (wrong.length === 0) return html`<p class="soft">No row has a wrong label.</p>`;
  const shown = wrong.slice(0, most);
  const title =
    shown.length < wrong.length
      ? `The ${shown.length} most confused pairs of ${countText(wrong.length)}`
      : "Confused pairs";
  return html`<h4>${title}</h4>${table({
    title,
    columns: [
      { title: "true label", kind: "text" },
      { title: "predicted", kind: "text" },
      { title: "rows", kind: "number" },
      { title: "of the label's rows", kind: "number" },
    ],
    rows: shown.map(({ truth, predicted, count, share }) => [
      labelText(labels[truth]),
      labelText(labels[predicted]),
      countText(count),
      percentText(share),
    ]),
  })}`;
}
