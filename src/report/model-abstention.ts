// SPDX-License-Identifier: Apache-2.0

import { countText } from "../core/amount.ts";
import type { AbstentionRecord, OutOfScope } from "../training/abstention.ts";
import { areaText, fitsOf } from "./abstention.ts";
import { shareText } from "./headline.ts";
import { markdownTable } from "./markdown.ts";
import { figureText } from "./number-text.ts";
import type { TaskReport } from "./pack-report.ts";

/** The card's part about thresholds and texts that no label fits; nothing where no task has either. */
export function abstaining(tasks: readonly TaskReport[]): string[] {
  const records = tasks.flatMap(({ task, abstention }) =>
    abstention === null ? [] : [{ task, abstention }],
  );
  if (records.length === 0) return [];
  const thresholds = records.filter(
    ({ abstention }) => abstention.min_confidence !== null || fitsOf(abstention).length > 0,
  );
  const outside = records.flatMap(({ task, abstention: { out_of_scope_test: found } }) =>
    found === null ? [] : [outsideRow(task, found)],
  );
  return [
    "## Abstaining",
    ...(thresholds.length === 0 ? [] : thresholdTable(thresholds)),
    ...(outside.length === 0 ? [] : outsideTable(outside)),
  ];
}

interface NamedRecord {
  readonly task: string;
  readonly abstention: AbstentionRecord;
}

function thresholdTable(records: readonly NamedRecord[]): string[] {
  const rows = records.map(({ task, abstention }) => [
    `\`${task}\``,
    fitsOf(abstention).map(fitText).join("; ") || "by hand",
    figureText(abstention.min_confidence),
    shareText(abstention.test?.coverage ?? null),
    shareText(abstention.test?.precision ?? null),
  ]);
  return [
    markdownTable(["task", "target", "threshold", "coverage on test", "precision on test"], rows, [2, 3, 4]),
    "Under its threshold a task answers its default. A fitted threshold has its target as the lower end of a one-sided 95 % interval (Clopper and Pearson) on eval rows; coverage and precision have Wilson's 95 % intervals. The promise holds for texts like those of eval.",
  ];
}

function fitText([name, { target, threshold }]: ReturnType<typeof fitsOf>[number]): string {
  return `${name} ${target}${threshold === null ? ", not promised" : ""}`;
}

function outsideRow(task: string, { rows, recall, auroc, fpr_at_95_recall: rate }: OutOfScope): string[] {
  return [`\`${task}\``, countText(rows), shareText(recall), areaText(auroc), shareText(rate)];
}

function outsideTable(rows: readonly string[][]): string[] {
  const head = ["task", "out-of-scope rows", "held back (recall)", "AUROC", "FPR at 95 % recall"];
  return [
    markdownTable(head, rows, [1, 2, 3, 4]),
    "Test texts that no label fits, told from the others by their confidence.",
  ];
}
