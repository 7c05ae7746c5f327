// SPDX-License-Identifier: Apache-2.0

import { countText } from "../../core/amount.ts";
import { shortened } from "../../core/printable.ts";
import { type Html, html } from "../html.ts";
import { type ChartText, figure, legend } from "./frame.ts";
import { place, px, type Scale } from "./scale.ts";

export interface BarChart extends ChartText {
  /** What the parts of a bar are, at most four. */
  readonly parts: readonly string[];
  readonly bars: readonly {
    readonly name: string;
    /** Not negative, as many as there are parts; they are stacked. */
    readonly values: readonly number[];
  }[];
  /** How a value reads; in groups of three where nothing is said. */
  readonly format?: (value: number) => string;
}

const WIDTH = 400;
const NAME = 148;
const ROW = 20;
/** Characters of a name that fit beside its bar. */
const NAME_LETTERS = 20;

/** Bars that lie, one below the other, each with its name before it and its sum behind it. */
export function barChart(chart: BarChart): Html {
  const { parts, bars, format = countText } = chart;
  const sums = bars.map(({ values }) => values.reduce((sum, value) => sum + value, 0));
  const most = sums.reduce((max, sum) => Math.max(max, sum), 0);
  const scale: Scale = { domain: [0, most > 0 ? most : 1], range: [NAME, WIDTH - 58] };
  const rows = bars.map(({ name, values }, i) => {
    const y = i * ROW + 4;
    let from = 0;
    const blocks = values.map((value, part) => {
      const [left, right] = [place(scale, from), place(scale, from + value)];
      from += value;
      return value === 0
        ? null
        : html`<rect class="bar s${part + 1}" x="${px(left)}" y="${px(y)}" width="${px(Math.max(right - left, 0.5))}" height="13"><title>${`${name}, ${parts[part] ?? ""}: ${format(value)}`}</title></rect>`;
    });
    const sum = sums[i] as number;
    return html`<text x="${px(NAME - 7)}" y="${px(y + 11)}" class="end">${shortened(name, NAME_LETTERS)}</text>${blocks}<text x="${px(place(scale, sum) + 5)}" y="${px(y + 11)}">${format(sum)}</text>`;
  });
  const named = parts.length < 2 ? null : legend(parts.map((name, i) => [`s${i + 1} thick`, name]));
  return figure(
    { ...chart, caption: [named, chart.caption ?? null] },
    [WIDTH, Math.max(bars.length, 1) * ROW + 4],
    rows,
  );
}
