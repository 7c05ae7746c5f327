// SPDX-License-Identifier: Apache-2.0
import { snakeCase } from "../core/snake-case.ts";
import type { FamilyModel } from "../model/classifier.ts";
import { writeFamilyFile } from "../modelpack/family-file.ts";
import { FILE_VERSIONS, FORMAT_VERSION } from "../modelpack/format-version.ts";
import { modelFileName } from "../modelpack/manifest.ts";
import { prettyJson } from "../storage/digest.ts";
import type { AbstentionRecord } from "../training/abstention.ts";
import type { CalibrationMethod } from "../training/calibration.ts";
import type { TaskHistory, TaskRowsAndSettings } from "../training/family-trainer.ts";
import type { Figures } from "../training/figures.ts";
import { abstentionRecord, type Threshold } from "./abstaining.ts";
import type { SplitMetrics } from "./evaluation.ts";
import type { FamilyEvidence } from "./mistakes.ts";
import type { FilterRecord } from "./synthetic-filtering.ts";
import { producer } from "./workspace.ts";

/** A trained, calibrated and measured family. */
export interface FamilyResult {
  readonly family: string;
  readonly model: FamilyModel;
  /** In the order of the model's tasks. */
  readonly thresholds: readonly Threshold[];
  /** In the order of the model's tasks. */
  readonly histories: readonly TaskHistory[];
  readonly splits: { readonly test: SplitMetrics; readonly eval: SplitMetrics };
  readonly dataset: string;
  /** With the rows that were fitted. */
  readonly settings: readonly TaskRowsAndSettings[];
  /** What `train.synthetic_filter` did, by task; a task without it has none. */
  readonly filters: ReadonlyMap<string, FilterRecord>;
  readonly methodOf: (task: string) => CalibrationMethod;
  readonly evidence: FamilyEvidence;
}

/** The files of a family, by name. */
export function familyFiles(result: FamilyResult): [string, Uint8Array | string][] {
  const { family, model, splits } = result;
  return [
    [modelFileName(family), writeFamilyFile(model)],
    [`${family}_label_map.json`, prettyJson(labelMap(model))],
    [`${family}_metrics_test.json`, prettyJson(splits.test.metrics)],
    [`${family}_metrics_eval.json`, prettyJson(splits.eval.metrics)],
    [`${family}_report_test.json`, prettyJson(splits.test.report)],
    [`${family}_report_eval.json`, prettyJson(splits.eval.report)],
    [`${family}_epoch_stats.json`, prettyJson(epochStatistics(result))],
    [`${family}_training_metadata.json`, prettyJson(trainingMetadata(result))],
    [`${family}_calibration.json`, prettyJson(calibrations(result))],
  ];
}

// Lists, not objects: as keys, labels such as "10" would change places.
function labelMap(model: FamilyModel): unknown {
  return { family: model.family, tasks: model.tasks.map(({ name, labels }) => ({ task: name, labels })) };
}

function epochStatistics({ family, model, histories }: FamilyResult): unknown {
  const epochs = histories.flatMap((history, t) =>
    history.epochs.map(({ epoch, train, eval: held, gap }) => ({
      task: model.tasks[t]?.name,
      epoch,
      train_loss: train.loss,
      train_accuracy: train.accuracy,
      train_macro_f1: train.macroF1,
      train_weighted_f1: train.weightedF1,
      ...heldOut(held),
      duality_gap: gap,
    })),
  );
  return { family, epochs };
}

function heldOut(held: Figures | null) {
  return {
    eval_loss: held?.loss ?? null,
    eval_accuracy: held?.accuracy ?? null,
    eval_macro_f1: held?.macroF1 ?? null,
  };
}

function trainingMetadata(result: FamilyResult): unknown {
  const { model } = result;
  return {
    family: result.family,
    input: model.input,
    producer: producer(),
    format_version: FILE_VERSIONS[model.input],
    dataset: result.dataset,
    analyzer: snakeCase(model.analyzer),
    features: model.hashes.length,
    weights: model.weights.values.length,
    tasks: result.settings.map(({ definition, settings, train, eval: held }, t) => ({
      task: definition.name,
      labels: definition.labels.length,
      train_rows: train.rows,
      train_source_rows: train.count.reduce((sum, count) => sum + count, 0),
      eval_rows: held?.rows ?? 0,
      features: result.histories[t]?.features,
      alpha: result.histories[t]?.alpha,
      epochs: result.histories[t]?.epochs.length,
      settings: snakeCase(settings),
      ...filterOf(result, definition.name),
    })),
  };
}

// A task without a filter says nothing of it: its file has the bytes that it had before there were filters.
function filterOf({ filters }: FamilyResult, task: string): { synthetic_filter?: FilterRecord } {
  const record = filters.get(task);
  return record === undefined ? {} : { synthetic_filter: record };
}

/** How the threshold of the model's task `t` came to be, and what it does on test. */
export function abstentionOf(
  { model, thresholds, splits }: FamilyResult,
  t: number,
): AbstentionRecord | null {
  const metrics = splits.test.metrics.per_task.get(model.tasks[t]?.name ?? "");
  return abstentionRecord(thresholds[t] as Threshold, metrics);
}

function calibrations(result: FamilyResult): unknown {
  const { family, model, splits, methodOf } = result;
  return {
    family,
    split: "eval",
    tasks: model.tasks.map(({ name, calibration, usualShare }, t) => {
      const on = (split: SplitMetrics) => {
        const metrics = split.metrics.per_task.get(name);
        return {
          rows: metrics?.rows ?? 0,
          ece: metrics?.ece ?? null,
          ece_band_95: metrics?.ece_band_95 ?? null,
          ece_uncalibrated: metrics?.ece_uncalibrated ?? null,
        };
      };
      return {
        task: name,
        method: methodOf(name),
        calibration,
        usual_share: usualShare ?? null,
        abstention: abstentionOf(result, t),
        test: on(splits.test),
        eval_cross_fitted: on(splits.eval),
      };
    }),
  };
}

interface ManifestParts {
  readonly version: string;
  readonly dataset: string;
  readonly config: unknown;
  readonly results: readonly FamilyResult[];
  readonly files: readonly { readonly name: string; readonly sha256: string; readonly bytes: number }[];
}

/** Body of a pack's manifest.json. */
export function modelManifest(parts: ManifestParts): unknown {
  return {
    kind: "modelpack",
    format_version: FORMAT_VERSION,
    version: parts.version,
    producer: producer(),
    dataset: parts.dataset,
    config: parts.config,
    families: parts.results.map(({ family, model, splits }) => ({
      family,
      input: model.input,
      tasks: model.tasks.map(({ name }) => {
        const metrics = splits.test.metrics.per_task.get(name);
        return {
          task: name,
          test_rows: metrics?.rows ?? 0,
          accuracy: metrics?.accuracy ?? null,
          macro_f1: metrics?.macro_f1 ?? null,
          log_loss: metrics?.log_loss ?? null,
          ece: metrics?.ece ?? null,
        };
      }),
    })),
    files: parts.files,
  };
}
