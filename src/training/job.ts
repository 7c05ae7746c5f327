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
  | { readonly kind: "score"; readonly model: FamilyModel; readonly batches: readonly ScoreBatch[] };

/** Texts of one task to be scored. */
export interface ScoreBatch {
  readonly task: number;
  readonly text: TextColumn;
  readonly textB: TextColumn | null;
}

export interface JobResult {
  count: Candidates;
  fit: TaskFit;
  /** Raw scores of each batch, rows x labels. */
  score: readonly Float32Array[];
}

/** Does a job; `report` hears of the epochs of a fit. */
export function runJob(job: Job, report: (epoch: EpochStatistics) => void): JobResult[Job["kind"]] {
  switch (job.kind) {
    case "count":
      return countFeatures(job.train, job.input, job.analyzer, job.limits);
    case "fit":
      return trainTask(job.problem, report);
    case "score":
      return scoreBatches(job.model, job.batches);
  }
}

/** Raw scores of every text by the model as it ships; opened once for all batches. */
function scoreBatches(model: FamilyModel, batches: readonly ScoreBatch[]): Float32Array[] {
  const classifier = new Classifier(model);
  return batches.map(({ task, text, textB }) => {
    const labels = model.tasks[task]?.labels.length ?? 0;
    const scores = new Float32Array(text.length * labels);
    for (let i = 0; i < text.length; i++) {
      const row = classifier.scores(task, textAt(text, i), textB === null ? "" : textAt(textB, i));
      scores.set(row, i * labels);
    }
    return scores;
  });
}
