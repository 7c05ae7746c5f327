// SPDX-License-Identifier: Apache-2.0
import type { Examples } from "../core/example.ts";
import type { TaskRowsAndSettings } from "./family-trainer.ts";
import { foldsOf } from "./folds.ts";
import { LEAST_ROWS_OF_LABEL } from "./plausibility.ts";
import { rowsFrom, selectRows } from "./row-selection.ts";

/**
 * Real rows that a task needs. With 200 the share of them that the rule takes for wrong is known to some .03; with 50 or
 * 100 of sst2, and 100 of trec6, a fourth to two fifths of the right synthetic rows looked wrong.
 */
export const LEAST_REAL_ROWS = 200;
/** Folds of the real rows: each is scored by a fit on the others. */
export const FOLDS = 5;

/** A task with its real and its synthetic rows apart. */
export interface SplitTask {
  readonly task: TaskRowsAndSettings;
  readonly real: Examples;
  readonly synthetic: Examples;
  /** Number of each synthetic row among the train rows. */
  readonly at: Uint32Array;
  /** Rows of each label. */
  readonly realOf: Uint32Array;
  readonly syntheticOf: Uint32Array;
  /** Why these rows can't be judged. */
  readonly idle: string | null;
}

/** Parts a task's train rows by where they come from; llm_labelled rows are in neither part. */
export function splitTask(task: TaskRowsAndSettings): SplitTask {
  const { train, definition } = task;
  const at = rowsFrom("synthetic", train.origin);
  const real = selectRows(train, rowsFrom("real", train.origin));
  const synthetic = selectRows(train, at);
  const labels = definition.labels.length;
  const [realOf, syntheticOf] = [rowsOfLabels(real, labels), rowsOfLabels(synthetic, labels)];
  return { task, real, synthetic, at, realOf, syntheticOf, idle: reasonToRest(real, realOf, syntheticOf) };
}

/** How many rows each label has. */
export function rowsOfLabels({ label }: Pick<Examples, "label">, labels: number): Uint32Array {
  const rows = new Uint32Array(labels);
  for (const k of label) rows[k] = (rows[k] as number) + 1;
  return rows;
}

function reasonToRest(real: Examples, realOf: Uint32Array, syntheticOf: Uint32Array): string | null {
  if (syntheticOf.every((rows) => rows === 0)) return "there are no synthetic train rows";
  if (real.rows < LEAST_REAL_ROWS)
    return `${LEAST_REAL_ROWS} real train rows are needed to judge by, and there are ${real.rows}`;
  if (realOf.filter((rows) => rows >= LEAST_ROWS_OF_LABEL).length < 2)
    return `two labels with ${LEAST_ROWS_OF_LABEL} real train rows each are needed to judge by`;
  if (!syntheticOf.some((rows, k) => rows > 0 && (realOf[k] as number) >= LEAST_ROWS_OF_LABEL))
    return `no label with synthetic rows has ${LEAST_ROWS_OF_LABEL} real train rows to judge by`;
  return foldsOf(real.group, FOLDS).folds < FOLDS
    ? "nearly all real train rows are copies of each other"
    : null;
}
