// SPDX-License-Identifier: Apache-2.0
import { isAbsolute, relative } from "node:path";

/** UTF-16 units of a table's cell at most: a label of a page would push every column off the screen. */
const MOST_CELL = 60;

/**
 * What a terminal might obey instead of showing: control characters (ESC among them, and C1, which some
 * terminals read as ESC), line separators, and marks that turn the direction of writing or set it.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSHOWN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
const BREAKS = /[\t\n]/g;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/**
 * Text of ours with strangers' names in it, safe for a terminal; lines and tabs stay. The escapes are those
 * of JSON, TypeScript and TOML: inside a quoted string of these, what is read back is the same.
 */
export function safeText(text: string): string {
  return text.replace(UNSHOWN, escaped);
}

/** A stranger's text as one line. */
export function oneLine(text: string): string {
  return safeText(text).replace(BREAKS, (character) => (character === "\n" ? "\\n" : "\\t"));
}

/** A cell of a table: one line, cut where it is very long. */
export function cell(text: string): string {
  return shortened(oneLine(text), MOST_CELL);
}

/** A line of at most that many UTF-16 units, cut at its end. */
export function shortened(line: string, most: number): string {
  return line.length <= most ? line : `${line.slice(0, most - 1).replace(/[\ud800-\udbff]$/, "")}…`;
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
