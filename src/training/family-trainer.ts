// SPDX-License-Identifier: Apache-2.0
import type { Examples } from "../core/example.ts";
import type { InputKind, TaskDefinition } from "../core/task.ts";
import type { AnalyzerSettings } from "../model/analyzer.ts";
import type { FamilyModel } from "../model/classifier.ts";
import { selectFeatures } from "./feature-selection.ts";
import type { WorkerPool } from "./pool.ts";
import { assembleFamily, type Quantization } from "./quantizer.ts";
import type { EpochStatistics, TaskFit, TaskSettings } from "./task-trainer.ts";

/** A task of a family with its rows. */
export interface TaskRowsAndSettings {
  readonly definition: TaskDefinition;
  readonly settings: TaskSettings;
  /** At least one row. */
  readonly train: Examples;
  /** Null or without rows: nothing is chosen on eval then. */
  readonly eval: Examples | null;
}

export interface FamilyProblem {
  readonly family: string;
  readonly input: InputKind;
  readonly analyzer: AnalyzerSettings;
  readonly maxFeatures: number;
  readonly quantization: Quantization;
  readonly tasks: readonly TaskRowsAndSettings[];
}

/** How a task's training went; its weights are in the model. */
export type TaskHistory = Omit<TaskFit, "ids" | "weights" | "bias" | "evalScores"> & {
  readonly features: number;
};

export interface FamilyFit {
  /** Uncalibrated. */
  readonly model: FamilyModel;
  /** In the order of the problem's tasks. */
  readonly histories: readonly TaskHistory[];
  /** Raw scores of each task's eval rows by the fit that had not seen them, rows x labels. */
  readonly evalScores: readonly Float32Array[];
}

/**
 * Trains a family: counts the features of each task, chooses the family's, fits one head a task, and puts
 * the heads into one model. The threads change nothing but the time.
 */
export async function trainFamily(
  problem: FamilyProblem,
  pool: WorkerPool,
  report: (task: string, epoch: EpochStatistics, seconds: number) => void,
): Promise<FamilyFit> {
  const { input, analyzer, tasks } = problem;
  const candidates = await eachTask(problem, (task) =>
    pool.run<"count">({
      kind: "count",
      train: task.train,
      input,
      analyzer,
      limits: { minDf: task.settings.minDf, maxFeatures: problem.maxFeatures },
    }),
  );
  const features = selectFeatures(candidates, problem.maxFeatures);
  const fits = await eachTask(problem, (task) => {
    const { name, labels } = task.definition;
    const { settings, train } = task;
    const of = {
      task: name,
      labels: labels.length,
      input,
      analyzer,
      features,
      settings,
      train,
      eval: task.eval,
    };
    return pool.run<"fit">({ kind: "fit", problem: of }, (epoch, seconds) => report(name, epoch, seconds));
  });
  const outline = {
    ...problem,
    features,
    tasks: tasks.map(({ definition }) => ({
      name: definition.name,
      labels: definition.labels.map((label) => label.name),
      default: definition.default,
      minConfidence: definition.minConfidence,
    })),
  };
  const histories = fits.map(({ ids, alpha, epochs }) => ({
    features: ids.length,
    alpha,
    epochs,
  }));
  const evalScores = fits.map((fit) => fit.evalScores);
  return { model: assembleFamily(outline, fits), histories, evalScores };
}

/** Starts the largest task first, so that no thread is left with it at the end; results in the tasks' order. */
async function eachTask<R>(
  { tasks }: FamilyProblem,
  run: (task: TaskRowsAndSettings) => Promise<R>,
): Promise<readonly R[]> {
  const work = (task: TaskRowsAndSettings) => task.train.rows * task.definition.labels.length;
  const order = tasks
    .map((_, t) => t)
    .sort((a, b) => work(tasks[b] as TaskRowsAndSettings) - work(tasks[a] as TaskRowsAndSettings) || a - b);
  const results: Promise<R>[] = [];
  for (const t of order) results[t] = run(tasks[t] as TaskRowsAndSettings);
  return Promise.all(results);
}
