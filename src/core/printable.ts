// SPDX-License-Identifier: Apache-2.0

/**
 * What a terminal or a page might obey instead of showing: control characters (ESC among them, and C1, which some
 * terminals read as ESC), line separators, and marks that turn the direction of writing or set it.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNSHOWN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
const BREAKS = /[\t\n]/g;

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/**
 * Text of ours with strangers' names in it, safe to show; lines and tabs stay. The escapes are those of JSON,
 * TypeScript and TOML: inside a quoted string of these, what is read back is the same.
 */
export function safeText(text: string): string {
  return text.replace(UNSHOWN, escaped);
}

/** A stranger's text as one line. */
export function oneLine(text: string): string {
  return safeText(text).replace(BREAKS, (character) => (character === "\n" ? "\\n" : "\\t"));
}

/** A line of at most that many UTF-16 units, cut at its end. */
export function shortened(line: string, most: number): string {
  return line.length <= most ? line : `${line.slice(0, most - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}
