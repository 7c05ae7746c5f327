// SPDX-License-Identifier: Apache-2.0

import type { Reporter } from "../core/reporter.ts";
import { annotateFiles } from "../data/annotated-files.ts";
import type { AnnotatedFile, Annotation } from "../data/annotation.ts";
import type { MadeValue } from "../data/engine.ts";
import type { TableFiles } from "../data/table-files.ts";
import type { Modelpack, Prediction, Reason, TaskStatus } from "../modelpack/modelpack.ts";

export interface FilePredictionOptions {
  /** Tasks that read what `columns` name: all single texts, or all pairs. */
  readonly tasks: readonly TaskStatus[];
  /** The column of the text, or the two of a pair. */
  readonly columns: readonly string[];
  /** The likeliest labels that get columns of their own; null for none. */
  readonly top: number | null;
  /** What the names of the new columns begin with. */
  readonly prefix: string;
  readonly signal: AbortSignal | undefined;
}

/** What a task came to on the rows. */
export interface TaskTally {
  readonly task: string;
  /** Rows that a model answered. */
  readonly answered: number;
  /** Rows that the default answered, by reason. */
  readonly defaults: Readonly<Partial<Record<Reason, number>>>;
  /** Rows by label, in the order of the task's labels; those that are no label's are not in it. */
  readonly labels: readonly { readonly label: string; readonly rows: number }[];
}

export interface FilePrediction {
  readonly rows: number;
  /** Names of the columns that were added. */
  readonly columns: readonly string[];
  readonly tasks: readonly TaskTally[];
}

/**
 * Predicts the rows of files and writes them with the answers: for each task the columns `<task>_label`,
 * `<task>_confidence` in [0, 1], and `<task>_reason`, which is null where a model answered. In a text file, of text files and
 * one task, each row is a line: the label, or nothing where there is none.
 *
 * @throws ModelpackError SOURCE_ and COLUMN_ codes, USAGE, STORAGE, INTERRUPTED
 */
export async function predictFiles(
  pack: Modelpack,
  tables: TableFiles,
  out: AnnotatedFile,
  reporter: Reporter,
  options: FilePredictionOptions,
): Promise<FilePrediction> {
  const tallies = options.tasks.map((task) => new Tally(task));
  const answer = answerer(pack, options);
  const all = options.tasks.flatMap((task) => columnsOf(task, options));
  // A line of text has room for one value: the label, which is the first.
  const columns = out.format === "txt" ? all.slice(0, 1) : all;
  let total: number | null = null;
  let rows = 0;
  const annotation: Annotation = {
    texts: options.columns,
    columns,
    valuesOf(texts) {
      const [as = [], bs = null] = texts;
      const made = as.map((a, i) => {
        const predictions = answer(a, bs === null ? null : (bs[i] ?? ""));
        return predictions.flatMap((prediction, t) => {
          tallies[t]?.add(prediction);
          return valuesOf(prediction, listedLabels(options.tasks[t], options.top));
        });
      });
      rows += made.length;
      reporter.progress(total === null ? `predicting, ${rows} rows so far` : "predicting", rows, total);
      return made;
    },
  };
  await annotateFiles(tables, annotation, out, {
    signal: options.signal,
    onStart: (count) => {
      total = count;
    },
    onNote: (message) => reporter.note(`note: ${message}`),
  });
  return { rows, columns: columns.map(({ name }) => name), tasks: tallies.map((tally) => tally.result()) };
}

type Answer = (a: string, b: string | null) => readonly Prediction[];

/** Answers all tasks of an input, in their order. A family is asked at once where several of its tasks are wanted. */
function answerer(pack: Modelpack, { tasks, top }: FilePredictionOptions): Answer {
  const options = top === null ? {} : { probabilities: true, top };
  const one = ({ task }: TaskStatus, a: string, b: string | null) =>
    b === null ? pack.predict(task, a, options) : pack.predictPair(task, a, b, options);
  const families = new Set(tasks.map(({ family }) => family));
  if (top !== null || families.size === tasks.length) return (a, b) => tasks.map((task) => one(task, a, b));
  return (a, b) => {
    const byTask = new Map<string, Prediction>();
    for (const family of families)
      for (const prediction of pack.predictFamily(family, a, b)) byTask.set(prediction.task, prediction);
    return tasks.map((task) => byTask.get(task.task) ?? one(task, a, b));
  };
}

/** Labels that have columns of their own. */
function listedLabels(task: Pick<TaskStatus, "labels"> | undefined, top: number | null): number {
  return Math.min(top ?? 0, task?.labels.length ?? 0);
}

function columnsOf(
  { task, labels }: TaskStatus,
  { prefix, top }: FilePredictionOptions,
): Annotation["columns"] {
  const name = (what: string) => `${prefix}${task}_${what}`;
  const listed = Array.from({ length: listedLabels({ labels }, top) }, (_, i) => [
    { name: name(`top_${i + 1}`), type: "text" as const },
    { name: name(`top_${i + 1}_probability`), type: "number" as const },
  ]);
  return [
    { name: name("label"), type: "text" },
    { name: name("confidence"), type: "number" },
    { name: name("reason"), type: "text" },
    ...listed.flat(),
  ];
}

function valuesOf({ label, confidence, reason, probabilities }: Prediction, listed: number): MadeValue[] {
  const values: MadeValue[] = [label, confidence, reason ?? null];
  for (let i = 0; i < listed; i++)
    values.push(probabilities?.[i]?.label ?? null, probabilities?.[i]?.probability ?? null);
  return values;
}

/** Counts what a task answered. */
class Tally {
  readonly #task: TaskStatus;
  readonly #labels = new Map<string, number>();
  readonly #defaults = new Map<Reason, number>();
  #answered = 0;

  constructor(task: TaskStatus) {
    this.#task = task;
  }

  add({ label, reason }: Prediction): void {
    if (label !== null) this.#labels.set(label, (this.#labels.get(label) ?? 0) + 1);
    if (reason === undefined) this.#answered++;
    else this.#defaults.set(reason, (this.#defaults.get(reason) ?? 0) + 1);
  }

  result(): TaskTally {
    const labels = this.#task.labels.map((label) => ({ label, rows: this.#labels.get(label) ?? 0 }));
    const defaults = Object.fromEntries(this.#defaults);
    return { task: this.#task.task, answered: this.#answered, defaults, labels };
  }
}
