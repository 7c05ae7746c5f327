// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import type { Reporter } from "../core/reporter.ts";
import type { TaskModel } from "../model/classifier.ts";
import type { FamilySize, PackDiff, TaskDiff, TaskSide, TextsDiff } from "../report/diff-page.ts";
import {
  bytesOf,
  type DiffPack,
  type FamilyTask,
  openSide,
  type SharedTask,
  taskModels,
} from "./diff-pack.ts";
import { diffRows, type RowsOfSide } from "./diff-rows.ts";
import { differingSettings } from "./diff-settings.ts";
import { type DiffTexts, diffTexts } from "./diff-texts.ts";
import { checkpoint, type RunOptions } from "./workspace.ts";

export interface DiffOptions extends RunOptions {
  /** Folder of versions. */
  readonly root: string;
  /** Folder of the prepared datasets, for test rows; null where nobody knows. */
  readonly prepared: string | null;
  /** One task; null for all that both have. */
  readonly task: string | null;
  /** Texts to be answered by both; null for none. */
  readonly texts: DiffTexts | null;
}

/**
 * Compares two packs, each named as a version or as a folder (a deployed one, with model files and manifest alone,
 * will do): figures, calibration, size, settings, and the answers to a file of texts. Where the datasets are at hand,
 * both answer the test rows that they have in common.
 *
 * @throws ModelpackError USAGE for a name that is none, or a task that not both have; MODEL_, SOURCE_ and COLUMN_ codes,
 * INTERRUPTED
 */
export async function diff(
  names: readonly [a: string, b: string],
  reporter: Reporter,
  options: DiffOptions,
): Promise<PackDiff> {
  const [a, b] = [await openSide(options.root, names[0]), await openSide(options.root, names[1])];
  const [ofA, ofB] = [taskModels(a), taskModels(b)];
  const shared = sharedTasks(ofA, ofB, options.task);
  const rows = await diffRows(a, b, shared, options.prepared, reporter, options.signal);
  const texts: TextsDiff[] =
    options.texts === null ? [] : await diffTexts(a, b, shared, options.texts, options.signal);
  checkpoint(options.signal);
  return {
    a: a.side,
    b: b.side,
    families: familySizes(a, b),
    added: options.task === null ? [...ofB.keys()].filter((task) => !ofA.has(task)) : [],
    removed: options.task === null ? [...ofA.keys()].filter((task) => !ofB.has(task)) : [],
    tasks: shared.map((task) => taskDiff(task, a, b, rows)),
    settings: differingSettings(a.manifest.config, b.manifest.config),
    texts,
  };
}

/** Tasks of both packs, in the order of A. */
function sharedTasks(
  ofA: ReadonlyMap<string, FamilyTask>,
  ofB: ReadonlyMap<string, FamilyTask>,
  asked: string | null,
): SharedTask[] {
  const shared = [...ofA].flatMap(([name, a]) => {
    const b = ofB.get(name);
    return b === undefined ? [] : [{ name, a, b }];
  });
  if (asked === null) return shared;
  const chosen = shared.filter(({ name }) => name === asked);
  if (chosen.length > 0) return chosen;
  throw new ModelpackError("USAGE", `the packs have no task ${JSON.stringify(asked)} in common`, {
    hint:
      shared.length === 0
        ? "they have none at all"
        : `they have ${shared.map(({ name }) => name).join(", ")}`,
  });
}

function familySizes(a: DiffPack, b: DiffPack): PackDiff["families"] {
  const sizeOf = ({ models, manifest }: DiffPack, family: string): FamilySize | null => {
    const model = models.find((one) => one.family === family);
    return model === undefined ? null : { features: model.hashes.length, bytes: bytesOf(manifest, family) };
  };
  const names = new Set([...a.models, ...b.models].map(({ family }) => family));
  return [...names].map((family) => ({ family, a: sizeOf(a, family), b: sizeOf(b, family) }));
}

function taskDiff({ name, a, b }: SharedTask, ofA: DiffPack, ofB: DiffPack, rows: RowsOfSide): TaskDiff {
  const missing = (from: TaskModel, to: TaskModel) =>
    from.labels.filter((label) => !to.labels.includes(label));
  const [sideA, sideB] = [taskSide(ofA, a.task), taskSide(ofB, b.task)];
  return {
    task: name,
    family: b.model.family,
    labels: { added: missing(b.task, a.task), removed: missing(a.task, b.task) },
    a: sideA,
    b: sideB,
    comparison: rows(name, sideA, sideB),
  };
}

function taskSide({ manifest }: DiffPack, task: TaskModel): TaskSide {
  const entry = manifest.families.flatMap(({ tasks }) => tasks).find((one) => one.task === task.name);
  const { calibration } = task;
  const temperature = calibration.method === "temperature" ? ` ${calibration.temperature.toFixed(3)}` : "";
  return {
    rows: entry?.test_rows ?? 0,
    accuracy: entry?.accuracy ?? null,
    macroF1: entry?.macro_f1 ?? null,
    logLoss: entry?.log_loss ?? null,
    ece: entry?.ece ?? null,
    calibration: `${calibration.method}${temperature}`,
    minConfidence: task.minConfidence,
    default: task.default,
  };
}
