// SPDX-License-Identifier: Apache-2.0
import { reviewTable } from "../data/review-file.ts";
import type { AuditedTask } from "../report/audit-page.ts";

/** Columns after those of the texts. */
const COLUMNS = [
  "label",
  "suggested_label",
  "confidence",
  "suggested_confidence",
  "source",
  "origin",
  "split",
] as const;

/**
 * `audit.csv`: a line a suspect row, task by task, the likeliest wrong first; `rank` counts from 1 in each task. Texts stand
 * in `text`, or for pairs in `text_a` and `text_b`; a family of each kind makes it have all three.
 */
export function auditTable(tasks: readonly AuditedTask[]): Uint8Array {
  const kinds = new Set(tasks.map(({ input }) => input));
  const columns = [
    ...(kinds.has("pair") && kinds.size === 1 ? [] : ["text"]),
    ...(kinds.has("pair") ? ["text_a", "text_b"] : []),
  ];
  const rows = tasks.flatMap(({ task, input, suspects }) =>
    suspects.map((row, i) => {
      const [a = "", b = ""] = row.texts;
      const texts = new Map(
        input === "pair"
          ? [
              ["text_a", a],
              ["text_b", b],
            ]
          : [["text", a]],
      );
      return [
        task,
        String(i + 1),
        row.id,
        ...columns.map((column) => texts.get(column) ?? ""),
        row.label,
        row.suggested,
        row.confidence.toFixed(4),
        row.suggestedConfidence.toFixed(4),
        row.source,
        row.origin,
        row.split,
      ];
    }),
  );
  return reviewTable(["task", "rank", "id", ...columns, ...COLUMNS], rows);
}
