// SPDX-License-Identifier: Apache-2.0
import type { Examples } from "../core/example.ts";
import type { InputKind } from "../core/task.ts";
import { type TextColumn, textAt } from "../core/text-column.ts";
import type { AnalyzerSettings } from "../model/analyzer.ts";
import { Classifier, type FamilyModel } from "../model/classifier.ts";
import { type Candidates, countFeatures } from "./feature-counts.ts";
import { type EpochStatistics, type TaskFit, type TaskProblem, trainTask } from "./task-trainer.ts";

/** What a worker can be asked to do; each is a pure function of its fields. */
export type Job =
  | {
      readonly kind: "count";
      readonly train: Examples;
      readonly input: InputKind;
      readonly analyzer: AnalyzerSettings;
      readonly limits: { readonly minDf: number; readonly maxFeatures: number };
    }
  | { readonly kind: "fit"; readonly problem: TaskProblem }
  | {
      readonly kind: "score";
      readonly model: FamilyModel;
      readonly task: number;
      readonly text: TextColumn;
      readonly textB: TextColumn | null;
    };

export interface JobResult {
  count: Candidates;
  fit: TaskFit;
  /** Raw scores, rows x labels. */
  score: Float32Array;
}

/** Does a job; `report` hears of the epochs of a fit. */
export function runJob(job: Job, report: (epoch: EpochStatistics) => void): JobResult[Job["kind"]] {
  switch (job.kind) {
    case "count":
      return countFeatures(job.train, job.input, job.analyzer, job.limits);
    case "fit":
      return trainTask(job.problem, report);
    case "score":
      return scoreRows(job.model, job.task, job.text, job.textB);
  }
}

/** Raw scores of every text by the model as it ships. */
function scoreRows(
  model: FamilyModel,
  task: number,
  text: TextColumn,
  textB: TextColumn | null,
): Float32Array {
  const classifier = new Classifier(model);
  const labels = model.tasks[task]?.labels.length ?? 0;
  const scores = new Float32Array(text.length * labels);
  for (let i = 0; i < text.length; i++)
    scores.set(classifier.scores(task, textAt(text, i), textB === null ? "" : textAt(textB, i)), i * labels);
  return scores;
}
