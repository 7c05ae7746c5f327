// SPDX-License-Identifier: Apache-2.0
import { textAt } from "../core/text-column.ts";
import type { Lend } from "../data/engine.ts";
import { type RowPlace, type RowSource, readRowSources } from "../data/row-sources.ts";
import type { SplitCount } from "../data/split-counts.ts";
import type { Classifier, Explanation, FamilyModel } from "../model/classifier.ts";
import { familyClassifier } from "../model/family-classifier.ts";
import type { MistakeReport, Reason } from "../report/pack-report.ts";
import type { TaskEvidence } from "../training/evidence.ts";
import type { SplitExamples, SplitMetrics } from "./evaluation.ts";

/** N-grams shown of a mistake: those that spoke most for the answer, and those most against it. */
const REASONS_FOR = 6;
const REASONS_AGAINST = 2;

/** The split that a task is judged by: test, or eval where it has no test rows. Null without either. */
export function judgedSplit(
  task: string,
  splits: { readonly test: SplitMetrics; readonly eval: SplitMetrics },
): "test" | "eval" | null {
  const rowsOf = (split: SplitMetrics) => split.evidence.get(task)?.rows ?? 0;
  if (rowsOf(splits.test) > 0) return "test";
  return rowsOf(splits.eval) > 0 ? "eval" : null;
}

/** What the report tells of a family besides its figures. */
export interface FamilyEvidence {
  readonly counts: readonly SplitCount[];
  /** By task: the most confident wrong answers, each with its text and reasons. */
  readonly mistakes: ReadonlyMap<string, readonly MistakeReport[]>;
}

interface JudgedTask {
  readonly name: string;
  /** Its number in the model. */
  readonly t: number;
  readonly split: "test" | "eval";
  readonly evidence: TaskEvidence;
  /** Where the sources of its mistakes begin among those of the split. */
  readonly first: number;
}

/** A model with the rows that it was measured on, and how it did. */
interface MeasuredFamily {
  readonly model: FamilyModel;
  readonly splits: { readonly test: SplitMetrics; readonly eval: SplitMetrics };
  readonly rows: { readonly test: SplitExamples; readonly eval: SplitExamples };
}

/** Takes a family's most confident mistakes apart, and looks up which datasets they come from: by task. */
export async function explainMistakes(
  folder: string,
  { model, splits, rows }: MeasuredFamily,
  lend: Lend,
): Promise<FamilyEvidence["mistakes"]> {
  const wanted: Record<"test" | "eval", RowPlace[]> = { test: [], eval: [] };
  const judged: JudgedTask[] = [];
  model.tasks.forEach(({ name }, t) => {
    const split = judgedSplit(name, splits);
    const evidence = split === null ? undefined : splits[split].evidence.get(name);
    if (split === null || evidence === undefined) return;
    judged.push({ name, t, split, evidence, first: wanted[split].length });
    for (const { row } of evidence.mistakes) wanted[split].push({ task: name, row });
  });
  const sources = {
    test: await readRowSources(folder, model.family, "test", wanted.test, lend),
    eval: await readRowSources(folder, model.family, "eval", wanted.eval, lend),
  };
  const classifier = familyClassifier(model);
  const mistakes = judged.map((task) => {
    return [task.name, explained(task, classifier, rows[task.split], sources[task.split])] as const;
  });
  return new Map(mistakes);
}

function explained(
  { name, t, evidence, first }: JudgedTask,
  classifier: Classifier,
  { examples }: SplitExamples,
  sources: readonly RowSource[],
): MistakeReport[] {
  const rows = examples.get(name);
  const labels = classifier.model.tasks[t]?.labels ?? [];
  if (rows === undefined) return [];
  return evidence.mistakes.map(({ row, truth, predicted, confidence }, i) => {
    const text = textAt(rows.text, row);
    const textB = rows.textB === null ? null : textAt(rows.textB, row);
    const explanation = classifier.explain(t, text, textB ?? "");
    // Of eval rows it tells another story: the shipped model has seen them, and may be right by now.
    const isSame = explanation.label === labels[predicted];
    return {
      text,
      textB,
      source: sources[first + i]?.source ?? "",
      truth: labels[truth] ?? "",
      predicted: labels[predicted] ?? "",
      confidence,
      runnerUp: isSame ? explanation.runnerUp : null,
      reasons: isSame ? reasonsOf(explanation) : [],
    };
  });
}

/** One text may be several n-grams: a word, the first word, its characters. They count together here. */
function reasonsOf({ contributions }: Explanation): Reason[] {
  const byText = new Map<string, { readonly kinds: Set<string>; weight: number }>();
  for (const { kind, text, label, runnerUp } of contributions) {
    const shown = text.trim();
    const reason = byText.get(shown) ?? { kinds: new Set<string>(), weight: 0 };
    byText.set(shown, reason);
    reason.kinds.add(kind);
    reason.weight += label - runnerUp;
  }
  const all = [...byText]
    .map(([text, { kinds, weight }]) => ({ kind: [...kinds].join(", "), text, weight }))
    .sort((a, b) => b.weight - a.weight);
  const pro = all.filter(({ weight }) => weight > 0).slice(0, REASONS_FOR);
  const contra = all.filter(({ weight }) => weight < 0).slice(-REASONS_AGAINST);
  return [...pro, ...contra.reverse()];
}
