// SPDX-License-Identifier: Apache-2.0
import type { InputKind } from "../core/task.ts";
import type { AnalyzerSettings } from "../model/analyzer.ts";
import type { Calibration } from "../model/calibration.ts";
import type { FamilyModel } from "../model/classifier.ts";
import type { FeatureWeights } from "../model/vectorizer.ts";
import { type AnalyzedChunk, analyzeChunk } from "./analysis.ts";
import { type BlockStep, type BlockSteps, doStep, learntWeights, STEPS_HERE } from "./block-steps.ts";
import { BlockMemory } from "./blocks.ts";
import { type CalibrationMethod, fitCalibration } from "./calibration.ts";
import { type CalibrationRows, type FoldProblem, scoreFold } from "./cross-fitting.ts";
import type { RowScores } from "./familiarity.ts";
import {
  type CountProblem,
  countFeatures,
  joinRankings,
  type RankedFeatures,
  type TaskRanking,
} from "./feature-counts.ts";
import { type FamilyFeatures, selectFeatures } from "./feature-selection.ts";
import { indexChunks, type NumberedChunk } from "./indexing.ts";
import type { InputChunk } from "./inputs.ts";
import { type KnownProblem, knownShares } from "./known-share.ts";
import { measureTask, type TaskMeasurement, type TaskScores } from "./measurement.ts";
import { type NarrowRows, narrowRows } from "./narrowing.ts";
import { type Judgement, type JudgeProblem, judge } from "./plausibility.ts";
import {
  assembleFamily,
  type FamilyOutline,
  type Head,
  type Quantization,
  type StoredHead,
  storeHead,
} from "./quantizer.ts";
import { type ScoreChunk, scoreChunks } from "./scoring.ts";
import {
  type Folds,
  type IndexedRows,
  type TaskFeatures,
  type TrainRows,
  weighFeatures,
  weighFolds,
} from "./task-features.ts";
import { fitTaskThreshold, type TaskThreshold, type ThresholdProblem } from "./task-threshold.ts";
import { type EpochStatistics, type TaskFit, type TaskProblem, trainTask } from "./task-trainer.ts";

/** What a worker can be asked to do; what one returns, and writes to the memory that its fields share, depends on these and on what that memory held before. */
export type Job =
  | {
      readonly kind: "analyze";
      readonly chunk: InputChunk;
      readonly input: InputKind;
      readonly analyzer: AnalyzerSettings;
    }
  | { readonly kind: "count"; readonly problem: CountProblem }
  | { readonly kind: "select"; readonly tasks: readonly TaskRanking[]; readonly maxFeatures: number }
  | { readonly kind: "index"; readonly chunks: readonly AnalyzedChunk[]; readonly features: FamilyFeatures }
  | {
      readonly kind: "weigh";
      readonly rows: TrainRows;
      readonly weights: FeatureWeights;
      readonly labels: number;
      readonly minDf: number;
    }
  | { readonly kind: "fit"; readonly problem: TaskProblem }
  | {
      readonly kind: "narrow";
      readonly rows: IndexedRows;
      readonly weights: FeatureWeights;
      readonly ids: Uint32Array;
    }
  | {
      readonly kind: "weigh folds";
      readonly rows: TrainRows;
      readonly folds: Folds;
      readonly weights: FeatureWeights;
      readonly labels: number;
      readonly minDf: number;
    }
  | { readonly kind: "fold"; readonly problem: FoldProblem }
  | { readonly kind: "judge"; readonly problem: JudgeProblem }
  | {
      readonly kind: "store";
      readonly head: Head;
      readonly labels: number;
      readonly weights: FeatureWeights;
      readonly quantization: Quantization;
    }
  | { readonly kind: "assemble"; readonly outline: FamilyOutline; readonly heads: readonly StoredHead[] }
  | { readonly kind: "know"; readonly problem: KnownProblem }
  | { readonly kind: "step"; readonly step: BlockStep; readonly of: readonly unknown[] }
  | {
      readonly kind: "calibrate";
      readonly method: CalibrationMethod;
      readonly rows: CalibrationRows;
    }
  | { readonly kind: "threshold"; readonly problem: ThresholdProblem }
  | { readonly kind: "measure"; readonly of: TaskScores }
  | { readonly kind: "score"; readonly model: FamilyModel; readonly chunks: readonly ScoreChunk[] };

export interface JobResult {
  analyze: AnalyzedChunk;
  count: RankedFeatures;
  select: FamilyFeatures;
  index: readonly NumberedChunk[];
  weigh: TaskFeatures;
  fit: TaskFit;
  narrow: NarrowRows;
  /** Of each fold that is scored. */
  "weigh folds": readonly TaskFeatures[];
  /** Scores of the fold's rows. */
  fold: Float32Array;
  judge: Judgement;
  store: StoredHead;
  assemble: FamilyModel;
  know: readonly Float64Array[];
  step: unknown;
  calibrate: Calibration;
  threshold: TaskThreshold;
  measure: TaskMeasurement;
  /** Of each chunk, by task. */
  score: readonly (readonly RowScores[])[];
}

// A thread does one job at a time, and no result of one is in its block.
const memory = new BlockMemory();
const STEPS_IN_MEMORY: BlockSteps = {
  ...STEPS_HERE,
  fill: async (rows) => ({ ...memory.fill(rows), index: 0, blocks: 1, swap: null }),
  weights: async (block, seed, factor) => learntWeights(block, seed, factor, (solver) => solver.weights()),
};

/** Does a job; `report` hears of the epochs of a fit. */
export async function runJob(
  job: Job,
  report: (epoch: EpochStatistics) => void,
): Promise<JobResult[Job["kind"]]> {
  switch (job.kind) {
    case "analyze":
      return analyzeChunk(job.chunk, job.input, job.analyzer);
    case "count":
      return countFeatures(job.problem);
    case "select":
      return selectFeatures(
        job.tasks.map((task) => joinRankings(task, job.maxFeatures)),
        job.maxFeatures,
      );
    case "index":
      return indexChunks(job.chunks, job.features);
    case "weigh":
      return weighFeatures(job.rows, job.weights, job.labels, job.minDf);
    case "fit":
      return trainTask(job.problem, STEPS_IN_MEMORY, report);
    case "narrow":
      return narrowRows(job.rows, job.weights, job.ids);
    case "weigh folds":
      return weighFolds(job.rows, job.folds, job.weights, job.labels, job.minDf);
    case "fold":
      return scoreFold(job.problem, memory);
    case "judge":
      return judge(job.problem);
    case "store":
      return storeHead(job.head, job.labels, job.weights, job.quantization);
    case "assemble":
      return assembleFamily(job.outline, job.heads);
    case "know":
      return knownShares(job.problem);
    case "step":
      return doStep(job.step, job.of);
    case "calibrate": {
      const { scores, label, weight } = job.rows;
      return fitCalibration(job.method, scores, label, weight);
    }
    case "threshold":
      return fitTaskThreshold(job.problem);
    case "measure":
      return measureTask(job.of);
    case "score":
      return scoreChunks(job.model, job.chunks);
  }
}
