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
