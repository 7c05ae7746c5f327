// SPDX-License-Identifier: Apache-2.0
import { oneLine } from "../core/printable.ts";

/** What GitHub-flavoured Markdown reads as markup anywhere in a line. */
const SPECIAL = /[\\`*_{}[\]|~>$@]/g;
/** What makes a link of a text by itself. */
const LINKS = /:(?=\/\/)|(?<=www)\./gi;
/** What makes a heading, a list, a quote or a rule of a line, at its start. */
const START = /^(?=[-+#=])|(?<=^\d{1,9})(?=[.)](?:\s|$))/;

/**
 * A stranger's text in a line of Markdown: it shows as it is, and is no markup, no HTML, no link and no mention. What a
 * page would obey, such as marks of direction, is shown as an escape.
 */
export function markdownText(text: string): string {
  return oneLine(text)
    .trim()
    .replace(SPECIAL, "\\$&")
    .replace(LINKS, "\\$&")
    .replace(START, "\\")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;");
}

/** A table; cells are Markdown. The columns `right` hold numbers. */
export function markdownTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, i) => (right.includes(i) ? "---:" : "---"));
  return [line(head), line(rule), ...rows.map(line)].join("\n");
}

/** Texts as a code block of a language; a fence that is longer than any in the code. */
export function codeBlock(language: string, code: string): string {
  const longest = Math.max(2, ...[...code.matchAll(/`+/g)].map(([fence]) => fence.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${code}\n${fence}`;
}
