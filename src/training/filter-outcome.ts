// SPDX-License-Identifier: Apache-2.0
import type { TaskRowsAndSettings } from "./family-trainer.ts";
import { rowsOfLabels, type SplitTask } from "./origin-split.ts";
import type { Judgement } from "./plausibility.ts";
import { numbersOf, selectRows } from "./row-selection.ts";
import type { SyntheticFilter } from "./task-settings.ts";

/**
 * `drop` leaves implausible rows out where at most this share of them is right all the same. With all of trec6's rows
 * right, leaving out the implausible ones cost .014 of macro-F1 (docs/engine.md).
 */
const MOST_RIGHT = 0.5;
/** Least plausible rows that an outcome names. */
const NAMED_ROWS = 5;

/** What the filter found for one label that has synthetic rows. */
export interface LabelOutcome {
  /** Index into the task's labels. */
  readonly label: number;
  readonly realRows: number;
  readonly syntheticRows: number;
  /** Mean probability of the label in its real rows; null where they are too few, and its rows stay. */
  readonly threshold: number | null;
  readonly implausible: number;
}

/** What became of a task's synthetic rows. */
export interface FilterOutcome {
  readonly task: string;
  readonly method: Exclude<SyntheticFilter, "none">;
  readonly realRows: number;
  readonly syntheticRows: number;
  /** 0 as well where nothing could be judged. */
  readonly implausible: number;
  /** Implausible rows that there would be if every synthetic row were right. */
  readonly expected: number;
  /** What an implausible row counts for: 0 where it is left out, 1 where nothing was done. */
  readonly weight: number;
  /** Why nothing was done; null where something was. */
  readonly idle: string | null;
  readonly labels: readonly LabelOutcome[];
  /** Least plausible rows first: numbers of train rows, and the label that is likelier. */
  readonly examples: readonly { readonly row: number; readonly likelier: number }[];
}

/** A task as it is to be fitted, and what the filter did to it. */
export interface FilteredTask {
  readonly task: TaskRowsAndSettings;
  readonly outcome: FilterOutcome;
}

/**
 * Leaves out the implausible rows of a task, or has them count for less. The same rule takes `expected` rows for wrong
 * where all are right, so at most that many of the implausible ones are right: their share, with one row more on either
 * side, which keeps it off 0, is what `weight` lets such a row count for. `drop` rests where the share is over a half:
 * most of what it would leave out would be right. `judgement` is null where the rows can't be judged.
 */
export function applyFilter(split: SplitTask, judgement: Judgement | null): FilteredTask {
  const { task, at, synthetic } = split;
  const method = task.syntheticFilter === "drop" ? "drop" : "weight";
  if (judgement === null || split.idle !== null)
    return { task, outcome: { ...summary(split, null, []), method, weight: 1, idle: split.idle } };
  const wrong = numbersOf(at.length).filter((i) => judgement.likelier[i] !== synthetic.label[i]);
  const right = (judgement.expected + 1) / (wrong.length + 1);
  const idle = wrong.length === 0 ? "no synthetic row is implausible" : reasonToSpare(method, right);
  const found = { ...summary(split, judgement, wrong), method, idle } as const;
  if (idle !== null) return { task, outcome: { ...found, weight: 1 } };
  const rows = new Set(wrong.map((i) => at[i] as number));
  return method === "drop"
    ? { task: dropRows(task, rows), outcome: { ...found, weight: 0 } }
    : { task: weighRows(task, rows, right), outcome: { ...found, weight: right } };
}

/** Why implausible rows stay as they are, of which a share of `right` is right. */
function reasonToSpare(method: FilterOutcome["method"], right: number): string | null {
  if (method === "weight") return right > 1 ? "as many would be implausible if every row were right" : null;
  return right > MOST_RIGHT ? "over half as many would be implausible if every row were right" : null;
}

function dropRows(task: TaskRowsAndSettings, rows: ReadonlySet<number>): TaskRowsAndSettings {
  const kept = numbersOf(task.train.rows).filter((row) => !rows.has(row));
  return { ...task, train: selectRows(task.train, kept) };
}

function weighRows(
  task: TaskRowsAndSettings,
  rows: ReadonlySet<number>,
  weight: number,
): TaskRowsAndSettings {
  const trust = Float64Array.from(task.train.label, (_, row) => (rows.has(row) ? weight : 1));
  return { ...task, trust };
}

function summary(
  { task, real, synthetic, at, realOf, syntheticOf }: SplitTask,
  judgement: Judgement | null,
  wrong: Uint32Array | readonly [],
) {
  const implausibleOf = rowsOfLabels(
    { label: Uint32Array.from(wrong, (i) => synthetic.label[i] as number) },
    realOf.length,
  );
  const labels = [...syntheticOf.keys()].filter((k) => syntheticOf[k] !== 0);
  return {
    task: task.definition.name,
    realRows: real.rows,
    syntheticRows: synthetic.rows,
    implausible: wrong.length,
    expected: judgement?.expected ?? 0,
    labels: labels.map((k) => ({
      label: k,
      realRows: realOf[k] as number,
      syntheticRows: syntheticOf[k] as number,
      threshold: finite(judgement?.threshold[k]),
      implausible: implausibleOf[k] as number,
    })),
    examples: judgement === null ? [] : leastPlausible(judgement, wrong, at),
  };
}

function finite(threshold = Number.POSITIVE_INFINITY): number | null {
  return threshold === Number.POSITIVE_INFINITY ? null : threshold;
}

function leastPlausible({ confidence, likelier }: Judgement, wrong: Iterable<number>, at: Uint32Array) {
  return [...wrong]
    .sort((i, j) => (confidence[i] as number) - (confidence[j] as number))
    .slice(0, NAMED_ROWS)
    .map((i) => ({ row: at[i] as number, likelier: likelier[i] as number }));
}
