// SPDX-License-Identifier: Apache-2.0
import { type Content, type Html, html } from "../html.ts";
import { place, px, type Scale, ticks } from "./scale.ts";

/** What every chart has besides its marks. */
export interface ChartText {
  /** Says what the chart shows; stands above it. */
  readonly title: string;
  /** What is to be seen, in words: for those who don't see it. */
  readonly description: string;
  /** Stands below the chart. */
  readonly caption?: Content;
}

export interface Axis {
  /** With its unit: `confidence`, `test rows`. */
  readonly label: string;
  readonly domain: readonly [number, number];
  /** How a tick reads; its number with as many decimals as tell the ticks apart where nothing is said. */
  readonly format?: (value: number) => string;
  /** Steps between ticks at most; 6. */
  readonly most?: number;
}

/** An SVG in a figure with its title. `width` and `height` are those of its coordinates: it fills its column. */
export function figure(
  { title, description, caption }: ChartText,
  [width, height]: readonly [width: number, height: number],
  marks: Content,
): Html {
  return html`<figure class="chart"><h4>${title}</h4>
<svg viewBox="0 0 ${px(width)} ${px(height)}" role="img" aria-label="${`${title}. ${description}`}">${marks}</svg>
${caption === undefined ? null : html`<figcaption>${caption}</figcaption>`}</figure>
`;
}

/** Where the marks of a chart with two axes go, in its coordinates. */
export interface Plot {
  readonly x: Scale;
  readonly y: Scale;
  readonly width: number;
  readonly height: number;
  /** Axes, grid and labels, to be drawn below the marks. */
  readonly frame: Html;
}

const WIDTH = 400;
const HEIGHT = 290;
const LEFT = 70; // "100.0 %" beside the name of the axis
const [RIGHT, TOP, BOTTOM] = [22, 10, 44];

/** The frame of a chart with two axes. */
export function plot(x: Axis, y: Axis, height = HEIGHT): Plot {
  const across: Scale = { domain: x.domain, range: [LEFT, WIDTH - RIGHT] };
  const up: Scale = { domain: y.domain, range: [height - BOTTOM, TOP] };
  return { x: across, y: up, width: WIDTH, height, frame: html`${xAxis(x, across, height)}${yAxis(y, up)}` };
}

function xAxis(axis: Axis, scale: Scale, height: number): Html {
  const [from, to] = scale.range;
  const y = height - BOTTOM;
  const labels = tickTexts(axis).map(
    ([value, text]) =>
      html`<text x="${px(place(scale, value))}" y="${px(y + 17)}" class="middle">${text}</text>`,
  );
  return html`<path class="axis" d="M${px(from)} ${px(y)}H${px(to)}"/>${labels}<text x="${px((from + to) / 2)}" y="${px(y + 36)}" class="middle name">${axis.label}</text>`;
}

function yAxis(axis: Axis, scale: Scale): Html {
  const [bottom, top] = scale.range;
  const [left, right] = [LEFT, WIDTH - RIGHT];
  const lines = tickTexts(axis).map(([value, text]) => {
    const y = place(scale, value);
    return html`<path class="grid" d="M${px(left)} ${px(y)}H${px(right)}"/><text x="${px(left - 7)}" y="${px(y + 4)}" class="end">${text}</text>`;
  });
  const middle = (top + bottom) / 2;
  return html`${lines}<text x="11" y="${px(middle)}" class="middle name" transform="rotate(-90 11 ${px(middle)})">${axis.label}</text>`;
}

function tickTexts({ domain: [from, to], format, most = 6 }: Axis): [number, string][] {
  const { values, decimals } = ticks(from, to, most);
  return values.map((value) => [value, format?.(value) ?? value.toFixed(decimals)]);
}

/** The names of the series of a chart beside the marks that they have; `kinds` are classes of the style sheet. */
export function legend(names: readonly (readonly [kind: string, name: string])[]): Html {
  return html`<span class="legend">${names.map(
    ([kind, name]) =>
      html`<span><svg class="key" viewBox="0 0 20 10" aria-hidden="true"><path class="line ${kind}" d="M1 5H19"/></svg>${name}</span> `,
  )}</span>`;
}
