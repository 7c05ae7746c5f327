// SPDX-License-Identifier: Apache-2.0
import { LABEL_DOUBTS, type LabelledText } from "../backfill/labelling.ts";
import type { TaskDefinition } from "../core/task.ts";

/**
 * The queue for a person: all texts in doubt, those first that the LLM was of two minds about, and then the
 * `least` labelled ones that it was least sure of. Which ones does not depend on what JavaScript sorts how:
 * equals stay in the order of the texts.
 */
export function reviewRows(
  task: TaskDefinition,
  texts: readonly LabelledText[],
  least: number,
): { readonly header: readonly string[]; readonly rows: readonly (readonly string[])[] } {
  const doubtful = LABEL_DOUBTS.flatMap((doubt) => texts.filter((one) => one.doubt === doubt));
  // Of one without a confidence nobody knows whether the LLM was sure.
  const sure = texts.filter(({ doubt, confidence }) => doubt === null && confidence !== null);
  sure.sort((a, b) => (a.confidence ?? 1) - (b.confidence ?? 1));
  const columns = task.input === "pair" ? ["text_a", "text_b"] : ["text"];
  return {
    header: [...columns, "label", "second_label", "confidence", "why"],
    rows: [...doubtful, ...sure.slice(0, least)].map(reviewRow),
  };
}

function reviewRow({ row, first, second, confidence, doubt }: LabelledText): readonly string[] {
  const texts = row.textB === null ? [row.text] : [row.text, row.textB];
  const sure = confidence === null ? "" : String(confidence);
  return [...texts, first ?? "", second ?? "", sure, doubt ?? "least_sure"];
}
