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
  return [html`<h4>Most confident mistakes</h4>`, all.slice(0, most).map(card)];
}

function card({ text, textB, source, truth, predicted, confidence, runnerUp, reasons }: MistakeReport): Html {
  const against = runnerUp === null ? "" : `, held against ${labelText(runnerUp)}`;
  return html`<article class="card">${textB === null ? quote(text) : [quote(text, "A"), quote(textB, "B")]}
<p class="soft">true <b>${labelText(truth)}</b>, predicted <b>${labelText(predicted)}</b> with ${percentText(confidence)}${against}; from <span class="code">${labelText(source)}</span></p>
${reasons.length === 0 ? null : html`<p class="chips">${reasons.map(chip)}</p>`}</article>
`;
}

function quote(text: string, side?: string): Html {
  const name = side === undefined ? null : html`<b class="soft">${side} </b>`;
  return html`<p class="quote" dir="auto">${name}${shortened(text, MOST_TEXT)}</p>`;
}

function chip({ kind, text, weight }: Reason): Html {
  const sign = weight < 0 ? weight.toFixed(2) : `+${weight.toFixed(2)}`;
  // Spaces at the ends of character n-grams are where words begin and end.
  const shown = kind === "characters" ? text.replaceAll(" ", "·") : text;
  return html`<span class="${weight < 0 ? "against" : "for"}" title="${`${kind}: ${sign}`}">${shortened(shown, MOST_NGRAM)} <small>${sign}</small></span>
`;
}
