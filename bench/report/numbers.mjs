// SPDX-License-Identifier: Apache-2.0
// "Numbers to reach": each bar, what was measured, and whether it is met. `reasons.json` says why one is missed, and of which measured
// value it says so.
import { readFileSync } from "node:fs";
import { accuracyBars, calibrationBars, pairBars } from "./bars-accuracy.mjs";
import { costBars } from "./bars-cost.mjs";
import { NOT_MEASURED, table } from "./text.mjs";

const REASONS = JSON.parse(readFileSync(new URL("./reasons.json", import.meta.url), "utf8"));

/** Why a bar is missed, as far as somebody has said so; of another value than the one at hand it is said that it is. */
function reasonOf({ id, measured }, reasons) {
  const reason = reasons[id];
  if (reason === undefined) return "why is not known yet";
  return reason.of === measured ? reason.why : `${reason.why} (said of ${reason.of})`;
}

function verdict(bar, reasons) {
  if (bar.met === null) return NOT_MEASURED;
  return bar.met ? "met" : `**missed**: ${reasonOf(bar, reasons)}`;
}

/** All bars: {id, what, bar, measured, ratio, met}; met is null where nothing was measured. */
export function allBars(results) {
  return [...accuracyBars(results), ...pairBars(results), ...calibrationBars(results), ...costBars(results)];
}

export function numbersSection(results, reasons = REASONS) {
  const bars = allBars(results);
  const missed = bars.filter(({ met }) => met === false).length;
  const unknown = bars.filter(({ met }) => met === null).length;
  const rows = bars.map((bar) => [bar.what, bar.bar, bar.measured, bar.ratio ?? "", verdict(bar, reasons)]);
  const count = `${bars.length - missed - unknown} of ${bars.length} bars are met, ${missed} missed, ${unknown} not measured.`;
  return `## Numbers to reach\n\n${count}\n\n${table(["what", "bar", "measured", "against the peer", "verdict"], rows, 5)}\n`;
}
