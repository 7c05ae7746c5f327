// SPDX-License-Identifier: Apache-2.0

/** A text that an LLM labelled, as it is written for a map to read. */
export interface LabelledRow {
  readonly text: string;
  /** Null for single-text tasks. */
  readonly textB: string | null;
  readonly label: string;
  readonly confidence: number | null;
}

/** JSON lines of `text, label, confidence, origin`, or `text_a` and `text_b` for pairs. */
export function labelledLines(rows: readonly LabelledRow[]): string {
  return rows
    .map(({ text, textB, label, confidence }) => {
      const texts = textB === null ? { text } : { text_a: text, text_b: textB };
      return `${JSON.stringify({ ...texts, label, confidence, origin: "llm_labelled" })}\n`;
    })
    .join("");
}

/** CSV as RFC 4180 has it, with a header: a spreadsheet opens it. */
export function csvText(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `${cells.map(csvCell).join(",")}\r\n`;
  return [header, ...rows].map(line).join("");
}

function csvCell(text: string): string {
  return /[",\r\n]/.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}
