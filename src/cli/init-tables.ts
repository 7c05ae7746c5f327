// SPDX-License-Identifier: Apache-2.0

import { amount } from "../core/amount.ts";
import type { ColumnRoles } from "../data/column-roles.ts";
import type { Survey } from "../data/survey.ts";
import type { InitDraft } from "../pipeline/init.ts";
import { table } from "./context.ts";
import { oneLine, shortened } from "./printable.ts";

/** Labels and columns that are shown at most; the others are summed up. */
const MOST_LABELS = 30;
const MOST_COLUMNS = 40;
/** Characters of an example. */
const EXAMPLE = 48;

/** What a column was chosen for, or why it was not. */
export function useOf(path: string, roles: ColumnRoles): string {
  const [first, second] = roles.texts;
  if (path === first) return second === undefined ? "text" : "text_a";
  if (path === second) return "text_b";
  if (path === roles.label) return "label";
  if (path === roles.split) return "split";
  if (path === roles.language) return "language";
  return path === roles.group ? "group (in a comment)" : "-";
}

/** Every column, what its values are, and what it was chosen for. */
export function columnTable({ columns, rows, sampled }: Survey, roles: ColumnRoles): string {
  const shown = columns.slice(0, MOST_COLUMNS);
  const cells = shown.map(({ path, kind, filled, distinct, frequent }) => [
    path,
    filled === 0 ? "empty" : kind,
    String(filled),
    String(distinct),
    useOf(path, roles),
    shortened(oneLine(frequent[0]?.value ?? ""), EXAMPLE),
  ]);
  const more = columns.length > shown.length ? `\n${columns.length - shown.length} more columns` : "";
  const of = sampled < rows ? `\njudged by ${sampled} of ${rows} rows` : "";
  return (
    table([["column", "holds", "filled", "distinct", "used as", "example"], ...cells], [2, 3]) + more + of
  );
}

/** Rows of every label, what is dropped, and what to know. */
export function labelTable({ labels, dropped, notes }: InitDraft): string {
  const shown = labels.length > MOST_LABELS ? labels.slice(0, MOST_LABELS - 1) : labels;
  const rest = labels.slice(shown.length);
  const sum = (of: (label: (typeof labels)[number]) => number) =>
    String(rest.reduce((all, one) => all + of(one), 0));
  const isOfficial = labels.some(({ test, eval: held }) => test + held > 0);
  const cells = shown.map((one) => [
    JSON.stringify(one.label),
    String(one.train),
    ...(isOfficial ? [String(one.test), String(one.eval)] : []),
    shortened(oneLine(one.example), EXAMPLE),
  ]);
  if (rest.length > 0)
    cells.push([
      `${rest.length} more labels`,
      sum(({ train }) => train),
      ...(isOfficial ? [sum(({ test }) => test), sum(({ eval: held }) => held)] : []),
      "",
    ]);
  const head = ["label", isOfficial ? "train" : "rows", ...(isOfficial ? ["test", "eval"] : []), "example"];
  const lines = [table([head, ...cells], isOfficial ? [1, 2, 3] : [1])];
  if (dropped.length > 0)
    lines.push(
      "",
      `prepare will drop ${dropped.map(({ reason, rows }) => `${amount(rows, "row")} ${reason}`).join(", ")}`,
    );
  if (notes.length > 0) lines.push("", ...notes.map((note) => `note: ${oneLine(note)}`));
  return lines.join("\n");
}
