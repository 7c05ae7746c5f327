// SPDX-License-Identifier: Apache-2.0
import { type Content, type Html, html } from "./html.ts";

export interface Column {
  readonly title: string;
  /** Numbers stand to the right, in digits of one width; texts may break anywhere. */
  readonly kind: "text" | "number";
  /** What the column says, for whoever points at its title. */
  readonly hint?: string;
}

export interface Table {
  /** What the table shows: its name for screen readers. */
  readonly title: string;
  readonly columns: readonly Column[];
  /** As many cells a row as there are columns. */
  readonly rows: readonly (readonly Content[])[];
  /** A last row of sums or means. */
  readonly total?: readonly Content[];
}

/** A table that scrolls inside its box where it is wider than the page. */
export function table({ title, columns, rows, total }: Table): Html {
  const line = (cells: readonly Content[]) =>
    html`<tr>${columns.map(({ kind }, i) => html`<td class="${kind}">${cells[i] ?? null}</td>`)}</tr>
`;
  const head = columns.map(
    ({ title: name, kind, hint }) => html`<th scope="col" class="${kind}" title="${hint ?? ""}">${name}</th>`,
  );
  const foot = total === undefined ? null : html`<tfoot>${line(total)}</tfoot>`;
  return html`<div class="scroll" role="region" aria-label="${title}" tabindex="0"><table>
<thead><tr>${head}</tr></thead>
<tbody>${rows.map(line)}</tbody>${foot}
</table></div>
`;
}

/** Names and their values, one below the other: settings, digests, sizes. */
export function facts(entries: readonly (readonly [name: string, value: Content])[]): Html {
  return html`<dl class="facts">${entries.map(
    ([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>
`,
  )}</dl>`;
}
