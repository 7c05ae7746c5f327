// SPDX-License-Identifier: Apache-2.0
import { wilson } from "../../training/binomial.ts";
import type { ReliabilityBin } from "../../training/calibration-error.ts";
import { type Html, html } from "../html.ts";
import { amountText, percentText } from "../number-text.ts";
import { type ChartText, figure, type Plot, plot } from "./frame.ts";
import { place, px } from "./scale.ts";

export interface ReliabilityDiagram extends ChartText {
  /** Those with rows, by rising confidence. */
  readonly bins: readonly ReliabilityBin[];
}

const SHARE = { domain: [0, 1], format: (value: number) => percentText(value, 0), most: 6 } as const;
/** Height of the bars that say how many rows a bin has. */
const BARS = 34;

/**
 * How often answers of a confidence are right: on the diagonal they are as often right as they say, below it they are too
 * sure. The whiskers are Wilson's 95 % intervals, the bars at the foot the rows of each bin.
 */
export function reliabilityDiagram(chart: ReliabilityDiagram): Html {
  const on = plot({ label: "confidence", ...SHARE }, { label: "right answers", ...SHARE });
  const [left, right] = on.x.range;
  const [bottom, top] = on.y.range;
  const most = chart.bins.reduce((max, { rows }) => Math.max(max, rows), 1);
  const marks = chart.bins.map((bin) => binMarks(bin, most, on));
  const line = chart.bins
    .map(
      ({ confidence, accuracy }, i) =>
        `${i === 0 ? "M" : "L"}${px(place(on.x, confidence))} ${px(place(on.y, accuracy))}`,
    )
    .join("");
  return figure(
    chart,
    [on.width, on.height],
    [
      on.frame,
      html`<path class="diagonal" d="M${px(left)} ${px(bottom)}L${px(right)} ${px(top)}"/>`,
      marks,
      html`<path class="line s1" d="${line}"/>`,
    ],
  );
}

function binMarks(bin: ReliabilityBin, most: number, { x, y }: Plot): Html {
  const at = place(x, bin.confidence);
  const [bottom] = y.range;
  const height = Math.max((bin.rows / most) * BARS, 1);
  const { low, high } = wilson(bin.right, bin.rows) ?? { low: 0, high: 1 };
  const says = `confidence ${percentText(bin.confidence)}, right ${percentText(bin.accuracy)} (95 % interval ${percentText(low)} to ${percentText(high)}), ${amountText(bin.rows, "row")}`;
  return html`<rect class="rows" x="${px(at - 6)}" y="${px(bottom - height)}" width="12" height="${px(height)}"/><path class="whisker s1" d="M${px(at)} ${px(place(y, low))}V${px(place(y, high))}"/><circle class="dot s1" cx="${px(at)}" cy="${px(place(y, bin.accuracy))}" r="4"><title>${says}</title></circle>`;
}
