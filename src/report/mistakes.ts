// SPDX-License-Identifier: Apache-2.0
import { shortened } from "../core/printable.ts";
import { type Content, type Html, html } from "./html.ts";
import { labelText } from "./label-text.ts";
import { percentText } from "./number-text.ts";
import type { MistakeReport, Reason, TaskReport } from "./pack-report.ts";

/** UTF-16 units of a text that are shown, and of an n-gram. */
const MOST_TEXT = 500;
const MOST_NGRAM = 40;

/** The wrong answers that the model was surest of, `most` at most: each with its text, source and reasons. */
export function mistakes({ mistakes: all }: TaskReport, most: number): Content {
  if (all.length === 0) return null;
  const shown = all.slice(0, most);
  return [
    html`<h4>Most confident mistakes</h4>
<p class="soft">Wrong answers that the model was surest of, each with the n-grams that spoke most for it (solid) and against it (dashed), and what they add to its score over that of the label that came second.</p>`,
    html`<div class="cards">${shown.map(card)}</div>`,
  ];
}

function card({ text, textB, source, truth, predicted, confidence, runnerUp, reasons }: MistakeReport): Html {
  const over = runnerUp === null || runnerUp === truth ? "" : ` (second: ${labelText(runnerUp)})`;
  return html`<article class="card">${textB === null ? quote(text) : [quote(text, "A"), quote(textB, "B")]}
<p class="verdict"><b>${percentText(confidence)}</b> ${labelText(predicted)}${over}, but it is <b>${labelText(truth)}</b> in <span class="code">${labelText(source)}</span></p>
${reasons.length === 0 ? null : html`<p class="chips">${reasons.map(chip)}</p>`}</article>
`;
}

function quote(text: string, side?: string): Html {
  const name = side === undefined ? null : html`<b class="soft">${side} </b>`;
  return html`<p class="quote" dir="auto">${name}${shortened(text, MOST_TEXT)}</p>`;
}

function chip({ kind, text, weight }: Reason): Html {
  const sign = weight < 0 ? weight.toFixed(2) : `+${weight.toFixed(2)}`;
  return html`<span class="${weight < 0 ? "against" : "for"}" title="${`${kind}: ${sign}`}">${shortened(text, MOST_NGRAM)} <small>${sign}</small></span>
`;
}
