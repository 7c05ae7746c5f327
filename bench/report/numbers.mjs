// SPDX-License-Identifier: Apache-2.0
// "Numbers to reach": each bar, what was measured, and whether it is met. `reasons.json` says why one is missed.
import { readFileSync } from "node:fs";
import { accuracyBars, calibrationBars, pairBars } from "./bars-accuracy.mjs";
import { costBars } from "./bars-cost.mjs";
import { table } from "./text.mjs";

const REASONS = JSON.parse(readFileSync(new URL("./reasons.json", import.meta.url), "utf8"));
const NO_REASON = "why is not known yet";

function verdict({ id, met }) {
  if (met === null) return NOT;
  if (met) return "met";
  return `**missed**: ${REASONS[id] ?? NO_REASON}`;
}
const NOT = "not measured";

/** All bars: {id, what, bar, measured, ratio, met}; met is null where nothing was measured. */
function allBars(results) {
  return [...accuracyBars(results), ...pairBars(results), ...calibrationBars(results), ...costBars(results)];
}

export function numbersSection(results) {
  const bars = allBars(results);
  const missed = bars.filter(({ met }) => met === false).length;
  const unknown = bars.filter(({ met }) => met === null).length;
  const rows = bars.map((bar) => [bar.what, bar.bar, bar.measured, bar.ratio ?? "", verdict(bar)]);
  const count = `${bars.length - missed - unknown} of ${bars.length} bars are met, ${missed} missed, ${unknown} not measured.`;
  return `## Numbers to reach\n\n${count}\n\n${table(["what", "bar", "measured", "against the peer", "verdict"], rows, 5)}\n`;
}
