// SPDX-License-Identifier: Apache-2.0

// A table for a person and a spreadsheet. Its cells are strangers' texts.

/** Spreadsheets read UTF-8 only where this says so; ours skips it. */
const BYTE_ORDER_MARK = "\ufeff";

/**
 * What a cell begins with that a spreadsheet would run as a formula (OWASP, "CSV Injection"), in full width
 * too, and the quote itself, so that exactly one is to be taken off wherever one leads.
 */
const FORMULA = /^[=+\-@\t\r\n'\uff1d\uff0b\uff0d\uff20]/;

/** Rows made into text at a time: all of them may be longer than a string can be. */
const ROWS = 4096;

/**
 * CSV (RFC 4180) with every cell quoted, so that no cell is cut in two where the separator is another, and `'`
 * before whatever a spreadsheet would run.
 */
export function reviewTable(header: readonly string[], rows: readonly (readonly string[])[]): Uint8Array {
  const parts = [Buffer.from(BYTE_ORDER_MARK + line(header))];
  for (let from = 0; from < rows.length; from += ROWS)
    parts.push(
      Buffer.from(
        rows
          .slice(from, from + ROWS)
          .map(line)
          .join(""),
      ),
    );
  return Buffer.concat(parts);
}

function line(cells: readonly string[]): string {
  return `${cells.map(cell).join(",")}\r\n`;
}

function cell(text: string): string {
  const shown = FORMULA.test(text) ? `'${text}` : text;
  return `"${shown.replaceAll('"', '""')}"`;
}
