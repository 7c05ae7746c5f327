// SPDX-License-Identifier: Apache-2.0
import { type Content, type Html, html } from "../html.ts";
import { type Axis, type ChartText, figure, legend, plot } from "./frame.ts";
import { place, px } from "./scale.ts";

export interface Series {
  readonly name: string;
  /** In the order in which they are joined; both finite. */
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** A value of the x axis that matters, as a line across the chart. */
export interface Mark {
  readonly x: number;
  readonly label: string;
}

export interface LineChart extends ChartText {
  readonly x: Axis;
  readonly y: Axis;
  /** At most four; told apart by colour and by how their lines are drawn. */
  readonly series: readonly Series[];
  readonly marks?: readonly Mark[];
  /** A dot at each point that says its values; for few points. */
  readonly dots?: boolean;
}

/** Lines over two axes. */
export function lineChart(chart: LineChart): Html {
  const { x, y, width, height, frame } = plot(chart.x, chart.y);
  const lines = chart.series.map(({ name, points }, i) => {
    const at = points.map(([px_, py]) => [px(place(x, px_)), px(place(y, py))] as const);
    const path = at.map(([left, top], j) => `${j === 0 ? "M" : "L"}${left} ${top}`).join("");
    const dots =
      (chart.dots ?? points.length === 1)
        ? at.map(
            ([left, top], j) =>
              html`<circle class="dot s${i + 1}" cx="${left}" cy="${top}" r="3.5"><title>${pointText(chart, name, points[j])}</title></circle>`,
          )
        : null;
    return html`<path class="line s${i + 1}" d="${path}"/>${dots}`;
  });
  const marks = (chart.marks ?? []).map(({ x: value, label }) => {
    const at = place(x, value);
    const [bottom, top] = y.range;
    // Beside the line, on the side that has room.
    const side = at > (x.range[0] + x.range[1]) / 2 ? ["end", -5] : ["start", 5];
    return html`<path class="mark" d="M${px(at)} ${px(top)}V${px(bottom)}"/><text class="note ${side[0] as string}" x="${px(at + Number(side[1]))}" y="${px(bottom - 7)}">${label}</text>`;
  });
  const named: Content =
    chart.series.length < 2 ? null : legend(chart.series.map(({ name }, i) => [`s${i + 1}`, name]));
  return figure(
    { ...chart, caption: [named, chart.caption ?? null] },
    [width, height],
    [frame, lines, marks],
  );
}

function pointText({ x, y }: LineChart, name: string, point: readonly [number, number] | undefined): string {
  if (point === undefined) return "";
  const text = (axis: Axis, value: number) => axis.format?.(value) ?? String(Math.round(value * 1e4) / 1e4);
  return `${name}: ${text(y, point[1])} (${x.label} ${text(x, point[0])})`;
}
