// SPDX-License-Identifier: Apache-2.0

import { amount } from "../core/amount.ts";
import {
  type DiffAnswer,
  intervalText,
  type PackDiff,
  pText,
  signed,
  type TaskDiff,
  type TextsDiff,
  textsRead,
} from "../report/diff-page.ts";
import { table } from "./context.ts";
import { oneLine } from "./printable.ts";
import { figure } from "./tables.ts";

/** Pairs of labels between which answers flipped, shown at most. */
const MOST_PAIRS = 10;

/** Two packs side by side, for a terminal; `top` flips of each task. */
export function diffText(diff: PackDiff, top: number): string {
  const { a, b } = diff;
  const blocks = [
    [`A  ${a.version} of dataset ${a.dataset}`, `B  ${b.version} of dataset ${b.dataset}`].join("\n"),
    figures(diff.tasks),
    paired(diff.tasks),
    unpaired(diff.tasks),
    calibration(diff.tasks),
    sizes(diff),
    names(diff),
    settings(diff),
    ...diff.texts.map((task) => flips(task, top)),
  ];
  return blocks.filter((block) => block !== "").join("\n\n");
}

function figures(tasks: readonly TaskDiff[]): string {
  if (tasks.length === 0) return "the packs have no task in common";
  const head = ["task", "rows A", "rows B", "accuracy A", "B", "macro F1 A", "B", "log loss A", "B"];
  const rows = tasks.map(({ task, a, b }) => [
    task,
    String(a.rows),
    String(b.rows),
    ...[a.accuracy, b.accuracy, a.macroF1, b.macroF1, a.logLoss, b.logLoss].map(figure),
  ]);
  return `each on its own test rows:\n${table([head, ...rows], [1, 2, 3, 4, 5, 6, 7, 8])}`;
}

function paired(tasks: readonly TaskDiff[]): string {
  const rows = tasks.flatMap(({ task, comparison: found }) => {
    if (found.kind !== "paired") return [];
    const differences = [found.accuracy, found.macroF1, found.logLoss].flatMap(({ a, b, difference }) => [
      signed(b - a),
      `(${intervalText(difference)})`,
    ]);
    return [
      [
        task,
        String(found.rows),
        ...differences,
        String(found.onlyA),
        String(found.onlyB),
        pText(found.pValue),
      ],
    ];
  });
  if (rows.length === 0) return "";
  const head = [
    "task",
    "rows",
    "accuracy",
    "",
    "macro F1",
    "",
    "log loss",
    "",
    "only A right",
    "only B",
    "p",
  ];
  return [
    "B less A on the test rows of both, with 95 % intervals (bootstrap over groups); p of McNemar's exact test:",
    table([head, ...rows], [1, 2, 4, 6, 8, 9, 10]),
  ].join("\n");
}

function unpaired(tasks: readonly TaskDiff[]): string {
  return tasks
    .flatMap(({ task, comparison: found, a, b }) => {
      if (found.kind === "paired") return [];
      const difference =
        found.accuracy === null || a.accuracy === null || b.accuracy === null
          ? ""
          : `accuracy ${signed(b.accuracy - a.accuracy)} (${intervalText(found.accuracy)}, 95 %, Newcombe, as if the rows were others); `;
      return [`${task}: ${difference}${found.why}`];
    })
    .join("\n");
}

function calibration(tasks: readonly TaskDiff[]): string {
  if (tasks.length === 0) return "";
  const head = ["task", "ECE A", "B", "threshold A", "B", "coverage A", "B", "calibration A", "B"];
  const rows = tasks.map(({ task, a, b, comparison }) => {
    const coverage = comparison.kind === "paired" ? comparison.coverage : null;
    return [
      task,
      ...[a.ece, b.ece, a.minConfidence, b.minConfidence, coverage?.a ?? null, coverage?.b ?? null].map(
        figure,
      ),
      a.calibration,
      b.calibration,
    ];
  });
  return table([head, ...rows], [1, 2, 3, 4, 5, 6]);
}

function sizes({ families, a, b }: PackDiff): string {
  const head = ["family", "features A", "B", "bytes A", "B"];
  const count = (value: number | undefined) => (value === undefined ? "-" : String(value));
  const rows = families.map(({ family, a: ofA, b: ofB }) => [
    family,
    ...[ofA?.features, ofB?.features, ofA?.bytes, ofB?.bytes].map(count),
  ]);
  return table([head, ...rows, ["all", "", "", String(a.bytes), String(b.bytes)]], [1, 2, 3, 4]);
}

function names({ added, removed, tasks }: PackDiff): string {
  const list = (labels: readonly string[]) => labels.map(oneLine).join(", ");
  const labels = tasks.flatMap(({ task, labels: { added: more, removed: less } }) => [
    ...(more.length > 0 ? [`labels of ${task} only in B: ${list(more)}`] : []),
    ...(less.length > 0 ? [`labels of ${task} only in A: ${list(less)}`] : []),
  ]);
  return [
    ...(added.length > 0 ? [`tasks only in B: ${list(added)}`] : []),
    ...(removed.length > 0 ? [`tasks only in A: ${list(removed)}`] : []),
    ...labels,
  ].join("\n");
}

function settings({ settings: differing }: PackDiff): string {
  if (differing.length === 0) return "no setting differs";
  const rows = differing.map(({ name, a, b }) => [name, a ?? "-", b ?? "-"]);
  return table([["setting", "A", "B"], ...rows]);
}

function flips(found: TextsDiff, top: number): string {
  const { task, texts, flips: all, pairs } = found;
  const share = ((100 * all.length) / texts).toFixed(1);
  const lines = [
    `${task}: ${amount(all.length, "answer")} of ${textsRead(found, String)} flipped (${share} %)`,
  ];
  if (all.length === 0) return lines.join("\n");
  const label = (name: string | null) => name ?? "(no answer)";
  const pairRows = pairs
    .slice(0, MOST_PAIRS)
    .map((pair) => [label(pair.a), label(pair.b), String(pair.texts)]);
  const said = ({ label: name, confidence, reason }: DiffAnswer) => [
    label(name),
    reason === null ? confidence.toFixed(3) : reason,
  ];
  const rows = all.slice(0, top).map((flip) => [...said(flip.a), ...said(flip.b), flip.texts.join(" | ")]);
  lines.push(table([["A", "B", "texts"], ...pairRows], [2]));
  lines.push("", table([["A", "", "B", "", "text, those that both are surest of first"], ...rows], [1, 3]));
  if (all.length > top) lines.push(`and ${all.length - top} more: raise --top, or --out a page`);
  return lines.join("\n");
}
