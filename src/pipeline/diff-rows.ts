// SPDX-License-Identifier: Apache-2.0
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Examples, ORIGINS } from "../core/example.ts";
import type { Reporter } from "../core/reporter.ts";
import type { TaskDefinition } from "../core/task.ts";
import { textAt } from "../core/text-column.ts";
import { readExamples } from "../data/dataset.ts";
import { familyClassifier } from "../model/family-classifier.ts";
import type { TaskComparison, TaskSide } from "../report/diff-page.ts";
import { verifyVersion } from "../storage/commit.ts";
import { type Answers, comparePaired, unpairedDifference } from "../training/paired-comparison.ts";
import type { DatasetManifest } from "./dataset-manifest.ts";
import type { DiffPack, FamilyTask, SharedTask } from "./diff-pack.ts";
import { checkpoint } from "./workspace.ts";

/** How both packs do on a task, given what their manifests say. */
export type RowsOfSide = (task: string, a: TaskSide, b: TaskSide) => TaskComparison;

/** Rows between two looks at the signal. */
const BATCH = 2048;

/**
 * Has both packs answer the test rows that are in the test split of both datasets: neither has learnt from them. Real
 * rows, where a task has any. Where a dataset is not at hand, or no row is in both, the manifests' figures are compared.
 */
export async function diffRows(
  a: DiffPack,
  b: DiffPack,
  tasks: readonly SharedTask[],
  prepared: string | null,
  reporter: Reporter,
  signal: AbortSignal | undefined,
): Promise<RowsOfSide> {
  const [ofA, ofB] = [await findDataset(prepared, a), await findDataset(prepared, b)];
  const missing = [ofA === null ? a : null, ofB === null ? b : null].find((side) => side !== null);
  const compared = new Map<string, TaskComparison>();
  if (ofA !== null && ofB !== null)
    for (const [i, task] of tasks.entries()) {
      reporter.progress("comparing on test rows", i, tasks.length);
      if (task.a.model.input !== task.b.model.input) continue;
      const rows = await sharedRows(ofA, ofB, task, a.side.dataset === b.side.dataset);
      if (rows !== null) compared.set(task.name, await comparedOn(rows, task, signal));
    }
  return (task, sideA, sideB) => {
    const found = compared.get(task);
    if (found !== undefined) return found;
    const why =
      missing === null || missing === undefined
        ? "no row that both can read is in the test split of both datasets"
        : `dataset ${missing.side.dataset} is not in the folder of prepared datasets, so the rows can't be compared one by one`;
    const hits = ({ accuracy, rows }: TaskSide) => ({ hits: Math.round((accuracy ?? 0) * rows), rows });
    return { kind: "unpaired", accuracy: unpairedDifference(hits(sideA), hits(sideB)), why };
  };
}

interface FoundDataset {
  readonly folder: string;
  readonly definitions: readonly TaskDefinition[];
}

/** The dataset that a pack was trained on, where it is there and whole. */
async function findDataset(prepared: string | null, { side }: DiffPack): Promise<FoundDataset | null> {
  if (prepared === null || !/^[0-9a-f]{12}$/.test(side.dataset)) return null;
  const folder = join(prepared, side.dataset);
  if ((await verifyVersion(folder)).length > 0) return null;
  const manifest = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8")) as DatasetManifest;
  const definitions = manifest.config.tasks.map(
    (task): TaskDefinition => ({
      ...task,
      objective: "classification",
      default: null,
      targetPrecision: null,
      targetOutOfScopeRecall: null,
      minConfidence: null,
    }),
  );
  return { folder, definitions };
}

/** Test rows of a task. */
interface NamedRows {
  readonly rows: Examples;
  /** Numbers of the rows that are meant. */
  readonly chosen: readonly number[];
  readonly labels: readonly string[];
}

async function sharedRows(
  a: FoundDataset,
  b: FoundDataset,
  { name }: SharedTask,
  isSame: boolean,
): Promise<NamedRows | null> {
  const own = await testRows(b, name);
  if (own === null) return null;
  const other = isSame ? own : await testRows(a, name);
  if (other === null) return null;
  const known = isSame ? null : new Set(other.chosen.map((row) => keyOf(other, row)));
  const both = known === null ? own.chosen : own.chosen.filter((row) => known.has(keyOf(own, row)));
  const real = both.filter((row) => ORIGINS[own.rows.origin[row] as number] === "real");
  const chosen = real.length > 0 ? real : both;
  return chosen.length === 0 ? null : { ...own, chosen };
}

async function testRows({ folder, definitions }: FoundDataset, task: string): Promise<NamedRows | null> {
  const definition = definitions.find(({ name }) => name === task);
  if (definition === undefined) return null;
  const { family } = definition;
  const own = definitions.filter((one) => one.family === family);
  const rows = (await readExamples(folder, family, "test", own)).get(task);
  if (rows === undefined) return null;
  return { rows, chosen: [...rows.label.keys()], labels: definition.labels.map((label) => label.name) };
}

/** Texts and label of a row: what its id is made of. */
function keyOf({ rows, labels }: NamedRows, row: number): string {
  const textB = rows.textB === null ? null : textAt(rows.textB, row);
  return JSON.stringify([textAt(rows.text, row), textB, labels[rows.label[row] as number]]);
}

async function comparedOn(
  { rows, chosen, labels }: NamedRows,
  { a, b }: SharedTask,
  signal: AbortSignal | undefined,
): Promise<TaskComparison> {
  const all = [...new Set([...labels, ...a.task.labels, ...b.task.labels])];
  const truth = Uint32Array.from(chosen, (row) => all.indexOf(labels[rows.label[row] as number] ?? ""));
  const ofA = await answersOf(a, rows, chosen, all, truth, signal);
  const ofB = await answersOf(b, rows, chosen, all, truth, signal);
  const group = Uint32Array.from(chosen, (row) => rows.group[row] as number);
  const coverage = ({ task }: FamilyTask, { confidence }: SureAnswers) =>
    confidence.filter((p) => p >= (task.minConfidence ?? 0)).length / confidence.length;
  return {
    kind: "paired",
    ...comparePaired({ labels: all.length, truth, group, a: ofA, b: ofB }),
    coverage: { a: coverage(a, ofA), b: coverage(b, ofB) },
  };
}

/** With the probability of each row's predicted label. */
interface SureAnswers extends Answers {
  readonly confidence: Float64Array;
}

/** What a model says of rows, as it would to a caller; labels by their place in `all`. */
async function answersOf(
  { model, task }: FamilyTask,
  rows: Examples,
  chosen: readonly number[],
  all: readonly string[],
  truth: Uint32Array,
  signal: AbortSignal | undefined,
): Promise<SureAnswers> {
  const classifier = familyClassifier(model);
  const t = model.tasks.indexOf(task);
  const placeOf = task.labels.map((label) => all.indexOf(label));
  const [label, chance] = [new Uint32Array(chosen.length), new Float64Array(chosen.length)];
  const confidence = new Float64Array(chosen.length);
  for (const [i, row] of chosen.entries()) {
    if (i % BATCH === 0) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      checkpoint(signal);
    }
    const textB = rows.textB === null ? "" : textAt(rows.textB, row);
    const probabilities = classifier.probabilities(t, textAt(rows.text, row), textB);
    const best = classifier.best(t);
    label[i] = placeOf[best] as number;
    confidence[i] = probabilities[best] as number;
    chance[i] = probabilities[placeOf.indexOf(truth[i] as number)] ?? 0;
  }
  return { label, chance, confidence };
}
