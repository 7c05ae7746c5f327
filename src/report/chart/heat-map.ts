// SPDX-License-Identifier: Apache-2.0

import { countText } from "../../core/amount.ts";
import { shortened } from "../../core/printable.ts";
import { type Html, html } from "../html.ts";
import type { ChartText } from "./frame.ts";
import { px } from "./scale.ts";

export interface HeatCell {
  readonly row: number;
  readonly column: number;
  /** What is counted. */
  readonly count: number;
  /** How strong it is drawn, in (0, 1]. */
  readonly share: number;
}

export interface HeatMap extends ChartText {
  /** Unique on the page: letters, digits, `-` and `_`. */
  readonly id: string;
  readonly rows: {
    readonly title: string;
    readonly names: readonly string[];
    /** What a cell's count is a share of; the sum of the row's cells where nothing is said. */
    readonly totals?: readonly number[];
  };
  readonly columns: { readonly title: string; readonly names: readonly string[] };
  /** Cells with a count; others are empty. Those of the diagonal have a colour of their own. */
  readonly cells: readonly HeatCell[];
}

/** A cell in coordinates. */
const CELL = 10;
/** Shares up to which a cell has the first, second, ... of six strengths. */
const STRENGTHS = [0.02, 0.05, 0.1, 0.25, 0.5, 1];
const NAME_LETTERS = 60;
/** Letters of names for which a narrow band is enough. */
const SHORT_NAME = 11;
/** Above this many names only every tenth line of the lattice is drawn: a phone would show nothing else. */
const DENSE = 100;

/** How a map with so many columns is drawn: the largest cell and the letters, in pixels there. */
const SIZES = [
  { most: 8, cell: 60, letters: 12.5, counts: true },
  { most: 16, cell: 42, letters: 12, counts: true },
  { most: 30, cell: 28, letters: 11.5, counts: true },
] as const;
const LARGE = { cell: 48, letters: 38, counts: false } as const;

/**
 * A matrix of counts, names at both edges, which stay in view while it scrolls. Large ones can be zoomed without a script;
 * with the page's script, pointing at a cell or tapping it reads it out.
 */
export function heatMap(map: HeatMap): Html {
  const [down, across] = [map.rows.names.length, map.columns.names.length];
  const size = SIZES.find(({ most }) => Math.max(down, across) <= most) ?? LARGE;
  const letters = (size.letters / size.cell) * CELL;
  const width = across * size.cell;
  const totals = map.rows.totals ?? rowSums(map.cells, down);
  const data = map.cells.map(({ row, column, count }) => `${row} ${column} ${count}`).join(" ");
  const isShort = [...map.rows.names, ...map.columns.names].every((name) => name.length <= SHORT_NAME);
  return html`<figure class="chart heat${isShort ? " short" : ""}" id="${map.id}"><h4>${map.title}</h4>${zoomChoice(map, Math.max(down, across))}
<div class="matrix" role="region" aria-label="${map.title}" tabindex="0">
<div class="matrix-top"><div class="corner"><span>${map.columns.title} →</span><span>${map.rows.title} ↓</span></div>${columnNames(map.columns.names, letters, width)}</div>
<div class="matrix-body">${rowNames(map.rows.names, letters)}
<svg class="cells" width="${px(width)}" viewBox="0 0 ${across * CELL} ${down * CELL}" role="img" aria-label="${`${map.title}. ${map.description}`}" data-cells="${data}" data-totals="${totals.join(" ")}" data-rows="${map.rows.title}" data-columns="${map.columns.title}"><path class="lattice" d="${lattice(down, across)}"/>${cellPaths(map.cells)}${size.counts ? countTexts(map.cells, letters) : null}</svg></div>
</div>
<figcaption>${shareLegend()}${map.caption ?? null}</figcaption></figure>
`;
}

function rowSums(cells: readonly HeatCell[], rows: number): number[] {
  const sums = new Array<number>(rows).fill(0);
  for (const { row, count } of cells) sums[row] = (sums[row] ?? 0) + count;
  return sums;
}

/** Magnifications with which the names of a phone's narrow column can be read. */
function zoomChoice({ id, title }: HeatMap, names: number): Html | null {
  if (names <= 30) return null;
  const steps = [1, 2, 4, 8, 16].filter((step) => step <= 4 || step <= names / 12);
  const choices = steps.map((step) => {
    const [name, own] = [`${id}-zoom`, `${id}-zoom-${step}`];
    // A template has no hole for an attribute without a value.
    return step === 1
      ? html`<input type="radio" name="${name}" id="${own}" value="1" checked><label for="${own}">fit</label>`
      : html`<input type="radio" name="${name}" id="${own}" value="${step}"><label for="${own}">${step}×</label>`;
  });
  return html`<fieldset class="zoom"><legend>${`Zoom of ${title}`}</legend>${choices}</fieldset>`;
}

function strengthOf(share: number): number {
  const at = STRENGTHS.findIndex((most) => share <= most);
  return at < 0 ? STRENGTHS.length : at + 1;
}

/** One path for each strength and colour: a rectangle a cell would be five times as many bytes. */
function cellPaths(cells: readonly HeatCell[]): Html[] {
  const paths = new Map<string, string[]>();
  for (const { row, column, share } of cells) {
    const kind = `${row === column ? "same" : "other"} h${strengthOf(share)}`;
    const path = paths.get(kind) ?? [];
    paths.set(kind, path);
    path.push(`M${column * CELL} ${row * CELL}h${CELL}v${CELL}h-${CELL}z`);
  }
  return [...paths]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, path]) => html`<path class="${kind}" d="${path.join("")}"/>`);
}

function lattice(down: number, across: number): string {
  const lines: string[] = [];
  const step = Math.max(down, across) > DENSE ? 10 : 1;
  for (let row = 0; row <= down; row += step) lines.push(`M0 ${row * CELL}h${across * CELL}`);
  for (let column = 0; column <= across; column += step) lines.push(`M${column * CELL} 0v${down * CELL}`);
  return lines.join("");
}

function countTexts(cells: readonly HeatCell[], letters: number): Html[] {
  return cells.map(({ row, column, count, share }) => {
    const text = countText(count);
    // The longest counts are as wide as their cell.
    const font = Math.min(letters, (CELL * 1.5) / text.length);
    return html`<text class="${strengthOf(share) > 4 ? "count strong" : "count"}" x="${px((column + 0.5) * CELL)}" y="${px((row + 0.5) * CELL + font * 0.35)}" font-size="${px(font)}">${text}</text>`;
  });
}

// A band is as wide as the style sheet says, whatever its cells' scale: `slice` cuts what goes beyond. Its coordinates
// have to be wider than any band, or the names would be stretched.
const band = (names: number) => Math.max(names * 8, 60);

function rowNames(names: readonly string[], letters: number): Html {
  const texts = names.map(
    (name, i) =>
      html`<text x="0.5" y="${px((i + 0.5) * CELL + letters * 0.35)}">${shortened(name, NAME_LETTERS)}</text>`,
  );
  return html`<svg class="names" viewBox="0 0 ${band(names.length)} ${names.length * CELL}" preserveAspectRatio="xMinYMin slice" font-size="${px(letters)}" aria-hidden="true">${texts}</svg>`;
}

function columnNames(names: readonly string[], letters: number, width: number): Html {
  const height = band(names.length);
  const texts = names.map((name, i) => {
    const x = px((i + 0.5) * CELL + letters * 0.35);
    return html`<text x="${x}" y="${px(height - 1)}" transform="rotate(-90 ${x} ${px(height - 1)})">${shortened(name, NAME_LETTERS)}</text>`;
  });
  return html`<svg class="names across" width="${px(width)}" viewBox="0 0 ${names.length * CELL} ${height}" preserveAspectRatio="xMinYMax slice" font-size="${px(letters)}" aria-hidden="true">${texts}</svg>`;
}

function shareLegend(): Html {
  const keys = STRENGTHS.map((most, i) => {
    const from = i === 0 ? 0 : (STRENGTHS[i - 1] as number) * 100;
    const color = (kind: string) =>
      html`<svg class="swatch" viewBox="0 0 10 10" aria-hidden="true"><path class="${kind} h${i + 1}" d="M0 0h10v10H0z"/></svg>`;
    return html`<span>${color("same")}${color("other")}${`${from}–${most * 100} %`}</span> `;
  });
  return html`<span class="legend">${keys}</span>`;
}
