// SPDX-License-Identifier: Apache-2.0
import { isAbsolute, relative } from "node:path";
import { oneLine, shortened } from "../core/printable.ts";

export { oneLine, safeText, shortened } from "../core/printable.ts";

/** UTF-16 units of a table's cell at most: a label of a page would push every column off the screen. */
const MOST_CELL = 60;

/** A cell of a table: one line, cut where it is very long. */
export function cell(text: string): string {
  return shortened(oneLine(text), MOST_CELL);
}

// Characters that take two columns of a terminal (East Asian wide ones and emoji), and those that take none.
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
const NARROW = /\p{M}|[\u200b-\u200d]/u;

/** Columns of a terminal that a line takes, as most of them count. */
export function columnsOf(line: string): number {
  if (/^[ -~]*$/.test(line)) return line.length;
  let columns = 0;
  for (const character of line) columns += WIDE.test(character) ? 2 : NARROW.test(character) ? 0 : 1;
  return columns;
}

/** A path as a person would type it here: relative to the working directory where that is shorter. */
export function shownPath(path: string): string {
  if (!isAbsolute(path)) return path;
  try {
    const here = relative(process.cwd(), path) || ".";
    return here.length < path.length ? here : path;
  } catch {
    return path; // the working directory is gone
  }
}
