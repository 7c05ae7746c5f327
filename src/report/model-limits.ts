// SPDX-License-Identifier: Apache-2.0

import { countText } from "../core/amount.ts";
import {
  type DatasetFacts,
  languageCodes,
  rowsIn,
  type TaskFacts,
  taskRowsIn,
  totalOf,
} from "./dataset-facts.ts";
import { markdownText } from "./markdown.ts";
import { amountText, figureText, percentText } from "./number-text.ts";
import type { PackReport, TaskReport } from "./pack-report.ts";

/** Test rows under which an accuracy is known to no better than some 7 points. */
const FEW_TEST_ROWS = 200;
/** Labels that a line names at most. */
const MOST_NAMED = 8;
/** An ECE under this is small whatever the number of rows. */
const SMALL_ECE = 0.02;
/** Times as many train rows as the rarest label that the most frequent one may have before it is said. */
const UNEVEN = 10;

/** What the models can't do, and what the facts of data and measurement say against them, as a Markdown list. */
export function biases({ families }: PackReport, dataset: DatasetFacts): string {
  const codes = languageCodes(dataset.tasks);
  const language =
    codes.length === 0
      ? "No source states the language of its rows. Texts in a language that train does not have are answered all the same, with little to go by."
      : `Languages that train rows state: ${codes.join(", ")}. Texts in others are answered all the same, with little to go by.`;
  const tasks = families.flatMap(({ tasks: own }) =>
    own.flatMap((task) =>
      taskLimits(
        task,
        dataset.tasks.find((entry) => entry.task === task.task),
      ),
    ),
  );
  const missing = families.flatMap(({ missing: names }) =>
    names.map((name) => `\`${name}\` had no train rows and has no model.`),
  );
  return [
    "The models know words, not what they mean: n-grams of one text (or of two and what they share). Negation, irony and long-range dependence are mostly lost on them.",
    "What is wrong or uneven in the labels of the sources is learnt with them.",
    "Test rows come from the same sources as train rows, unless a source has a test set of its own: on other texts expect less.",
    language,
    ...tasks,
    ...missing,
  ]
    .map((line) => `- ${line}`)
    .join("\n");
}

function taskLimits(task: TaskReport, facts: TaskFacts | undefined): string[] {
  return [...measuredLimits(task), ...(facts === undefined ? [] : dataLimits(facts))].map(
    (line) => `\`${task.task}\`: ${line}`,
  );
}

function measuredLimits({ measured }: TaskReport): string[] {
  if (measured === null) return ["it was not measured: there were neither test nor eval rows."];
  const { metrics, split } = measured;
  const rows = metrics.real?.rows ?? 0;
  const high = (metrics.ece ?? 0) > Math.max(metrics.ece_band_95 ?? 0, SMALL_ECE);
  return [
    ...(split === "test"
      ? []
      : ["there were no test rows; the figures are of eval rows, which also chose settings."]),
    ...(rows === 0 ? ["no real row measured it."] : []),
    ...(rows > 0 && rows < FEW_TEST_ROWS
      ? [`only ${amountText(rows, "real row")} measured it; the figures are rough.`]
      : []),
    ...(high
      ? [
          `its confidence is off by more than chance on these rows (ECE ${figureText(metrics.ece)}): they differ from those that fitted it.`,
        ]
      : []),
  ];
}

function dataLimits(facts: TaskFacts): string[] {
  const train = taskRowsIn(facts, "train");
  const counts = facts.labels.map((label) => ({ label: label.label, rows: totalOf(rowsIn(label, "train")) }));
  const without = counts.filter(({ rows }) => rows === 0);
  const with_ = counts.filter(({ rows }) => rows > 0).sort((a, b) => a.rows - b.rows);
  const [least, most] = [with_[0], with_.at(-1)];
  const share = totalOf(train) === 0 ? 0 : (train.synthetic + train.llm_labelled) / totalOf(train);
  const near = facts.deduplication.official_rows_near_train;
  const named = without.slice(0, MOST_NAMED).map(({ label }) => markdownText(label));
  const more = without.length > named.length ? ` and ${countText(without.length - named.length)} more` : "";
  return [
    ...(without.length > 0
      ? [`no train row has the label ${named.join(", ")}${more}: never predicted.`]
      : []),
    ...(least !== undefined && most !== undefined && most.rows >= UNEVEN * least.rows
      ? [
          `labels are uneven: ${markdownText(most.label)} has ${amountText(most.rows, "train row")}, ${markdownText(least.label)} ${countText(least.rows)}.`,
        ]
      : []),
    ...(share > 0 ? [`an LLM wrote or labelled ${percentText(share)} of its train rows.`] : []),
    ...(near > 0
      ? [
          `${amountText(near, "official held-out row")} ${near === 1 ? "has" : "have"} a near-duplicate in another split; the figures may flatter it.`,
        ]
      : []),
  ];
}
