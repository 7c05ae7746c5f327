// SPDX-License-Identifier: Apache-2.0
import { redact } from "./secret.ts";

/** One problem of a config: what is wrong, where, and what to do. */
export interface Diagnostic {
  readonly severity: "error" | "warning";
  readonly message: string;
  /** 1-based; null where it is not in the file, or not at one place of it. */
  readonly line: number | null;
  /** 1-based, in UTF-16 units; null with the line. */
  readonly column: number | null;
  /** Length of what the carets underline, at least 1. */
  readonly length: number;
  readonly hint: string | null;
  /** For a value from elsewhere: `--set train.max_iter`, `environment MODELPACK__TRAIN__MAX_ITER`. */
  readonly origin: string | null;
}

/** Width of a source line that is shown; of a longer one, the part around the caret. */
const MAX_WIDTH = 160;
/** All diagnostics as text, in the order of their lines, with secrets starred out; `left` says how many are not shown. */
export function renderDiagnostics(
  diagnostics: readonly Diagnostic[],
  name: string,
  source: string,
  left = 0,
): string {
  const lines = source.split(/\r?\n/);
  const ordered = [...diagnostics].sort(
    (a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
  );
  const blocks = ordered.map((diagnostic) => render(diagnostic, name, lines));
  if (left > 0) blocks.push(`and ${left} more`);
  return blocks.join("\n\n");
}

function render(diagnostic: Diagnostic, name: string, lines: readonly string[]): string {
  const { line, column, hint } = diagnostic;
  const out = [`${diagnostic.severity}: ${visible(diagnostic.message)}`];
  let pad = "  ";
  if (diagnostic.origin !== null) {
    out.push(`  --> ${visible(redact(diagnostic.origin))}`);
  } else if (line === null || column === null) {
    out.push(`  --> ${visible(name)}`);
  } else {
    pad = " ".repeat(String(line).length);
    const { text, carets } = excerpt(lines[line - 1] ?? "", column, diagnostic.length);
    out.push(`${pad}--> ${visible(name)}:${line}:${column}`);
    out.push(`${pad} |`, `${line} | ${text}`, `${pad} | ${carets}`);
  }
  if (hint !== null) out.push(`${pad} = hint: ${visible(redact(hint))}`);
  return out.join("\n");
}

function excerpt(line: string, column: number, length: number): { text: string; carets: string } {
  const safe = redact(line);
  const start = column > MAX_WIDTH * 0.75 ? column - Math.floor(MAX_WIDTH / 2) : 0;
  const head = `${start > 0 ? "…" : ""}${safe.slice(start, column - 1)}`;
  const tail = safe.slice(column - 1, start + MAX_WIDTH);
  const text = visible(`${head}${tail}${start + MAX_WIDTH < safe.length ? "…" : ""}`);
  const marked = Math.max(1, Math.min(length, tail.length));
  return {
    text,
    carets: blank(visible(head)) + "^".repeat(Math.max(1, width(visible(tail.slice(0, marked))))),
  };
}

// Control and direction characters of a stranger's file could rewrite what the terminal shows.
function visible(text: string): string {
  return text.replace(/(?!\t)[\p{Cc}\p{Bidi_Control}]/gu, "\ufffd");
}

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}]/u;

function cells(character: string): number {
  if (/\p{M}/u.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

function width(text: string): number {
  let sum = 0;
  for (const character of text) sum += cells(character);
  return sum;
}

// As wide as the text above it: tabs stay tabs, so that the caret stands under its column.
function blank(text: string): string {
  let out = "";
  for (const character of text) out += character === "\t" ? "\t" : " ".repeat(cells(character));
  return out;
}
