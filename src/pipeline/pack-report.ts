// SPDX-License-Identifier: Apache-2.0
import { modelFileName } from "../modelpack/manifest.ts";
import type {
  FamilyReport,
  FileReport,
  PackReport,
  Setting,
  SplitReport,
  TaskReport,
} from "../report/pack-report.ts";
import { sha256 } from "../storage/digest.ts";
import type { DatasetManifest } from "./dataset-manifest.ts";
import { judgedSplit } from "./mistakes.ts";
import { abstentionOf, type FamilyResult } from "./model-files.ts";
import { rowsOfTask, sourceReport } from "./report-rows.ts";
import { producer, type TrainProjection } from "./workspace.ts";

/** Where the report stands in a version. */
export const REPORT_FILE = "report/report.html";

interface ReportParts {
  readonly version: string;
  readonly dataset: DatasetManifest;
  readonly projection: TrainProjection;
  readonly results: readonly FamilyResult[];
  /** Of the version, the report apart. */
  readonly files: readonly (readonly [name: string, content: Uint8Array | string])[];
}

/** Puts together what the report of a pack shows. */
export function packReport({ version, dataset, projection, results, files }: ReportParts): PackReport {
  const listed = files.map(([name, content]) => fileReport(name, content));
  return {
    version,
    dataset: dataset.version,
    producer: producer().modelpack,
    families: results.map((result) => familyReport(result, dataset, projection, listed)),
    sources: dataset.sources.map(sourceReport),
    files: listed,
  };
}

function fileReport(name: string, content: Uint8Array | string): FileReport {
  return { name, bytes: Buffer.byteLength(content), sha256: sha256(content) };
}

function familyReport(
  result: FamilyResult,
  dataset: DatasetManifest,
  projection: TrainProjection,
  files: readonly FileReport[],
): FamilyReport {
  const { family, model, splits } = result;
  const name = modelFileName(family);
  const ofFamily = settingsOf(projection.families.find((one) => one.family === family)?.settings);
  const tasks = model.tasks.map((_, t) => taskReport(result, t, dataset, projection, ofFamily));
  return {
    family,
    input: model.input,
    overall: splits.test.metrics.overall,
    features: model.hashes.length,
    weights: model.weights.values.length,
    file: files.find((file) => file.name === name) ?? { name, bytes: 0, sha256: "" },
    settings: ofFamily,
    tasks,
    missing: dataset.tasks
      .filter((entry) => entry.family === family && !tasks.some(({ task }) => task === entry.task))
      .map((entry) => entry.task),
  };
}

function taskReport(
  result: FamilyResult,
  t: number,
  dataset: DatasetManifest,
  projection: TrainProjection,
  ofFamily: readonly Setting[],
): TaskReport {
  const { model, histories, evidence, settings } = result;
  const [task, history] = [model.tasks[t], histories[t]];
  const name = task?.name ?? "";
  const definition = settings.find((one) => one.definition.name === name)?.definition;
  const own = settingsOf(projection.tasks.find((one) => one.task === name)?.settings);
  const shared = new Map(ofFamily);
  return {
    task: name,
    description: definition?.description ?? "",
    labels: task?.labels ?? [],
    default: task?.default ?? null,
    minConfidence: task?.minConfidence ?? null,
    abstention: abstentionOf(result, t),
    calibration: task?.calibration.method ?? "none",
    alpha: history?.alpha ?? 0,
    features: history?.features ?? 0,
    measured: splitReport(result, name),
    epochs: history?.epochs ?? [],
    mistakes: evidence.mistakes.get(name) ?? [],
    rows: rowsOfTask(name, dataset, evidence.counts),
    settings: own.filter(([key, value]) => shared.get(key) !== value),
  };
}

function splitReport({ splits }: FamilyResult, task: string): SplitReport | null {
  const split = judgedSplit(task, splits);
  if (split === null) return null;
  const of = splits[split];
  const [metrics, perLabel] = [of.metrics.per_task.get(task), of.report.per_task.get(task)];
  const evidence = of.evidence.get(task);
  if (metrics === undefined || perLabel === undefined || evidence === undefined) return null;
  return { split, metrics, perLabel, evidence };
}

function settingsOf(settings: Readonly<Record<string, unknown>> = {}): Setting[] {
  return Object.entries(settings).map(([name, value]) => [name, String(value)]);
}
