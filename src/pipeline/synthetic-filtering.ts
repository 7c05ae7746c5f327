// SPDX-License-Identifier: Apache-2.0
import type { Reporter } from "../core/reporter.ts";
import { textAt } from "../core/text-column.ts";
import { ID_BYTES, RowIdentity } from "../data/row-id.ts";
import type { FamilyProblem, TaskRowsAndSettings } from "../training/family-trainer.ts";
import type { FilterOutcome } from "../training/filter-outcome.ts";
import type { WorkerPool } from "../training/pool.ts";
import { filterSynthetic } from "../training/synthetic-filter.ts";

/** What `F_training_metadata.json` says of a task's filter: names and row ids, no text. */
export interface FilterRecord {
  readonly method: FilterOutcome["method"];
  readonly real_rows: number;
  readonly synthetic_rows: number;
  /** 0 as well where nothing could be judged. */
  readonly implausible: number;
  /** Implausible rows that there would be if every synthetic row were right. */
  readonly implausible_if_right: number;
  /** What an implausible row counts for; 1 where nothing was done. */
  readonly weight: number;
  /** Why nothing was done, or null. */
  readonly nothing_done: string | null;
  /** Of every label with synthetic rows; `threshold` is null where it has too few real ones, and its rows stay. */
  readonly labels: readonly {
    readonly label: string;
    readonly real_rows: number;
    readonly synthetic_rows: number;
    readonly threshold: number | null;
    readonly implausible: number;
  }[];
  /** The least plausible rows, by the ids that they have in the dataset. */
  readonly examples: readonly { readonly id: string; readonly label: string; readonly likelier: string }[];
}

export interface FilteredFamily {
  readonly problem: FamilyProblem;
  /** By task; one without a filter has none. */
  readonly filters: ReadonlyMap<string, FilterRecord>;
}

/** Applies `train.synthetic_filter` to the tasks of a family, and says what it did to each. */
export async function filterFamily(
  problem: FamilyProblem,
  pool: WorkerPool,
  reporter: Reporter,
): Promise<FilteredFamily> {
  const { tasks, outcomes } = await filterSynthetic(problem, pool);
  const byName = new Map(outcomes.map((outcome) => [outcome.task, outcome]));
  const filters = new Map<string, FilterRecord>();
  for (const task of problem.tasks) {
    const outcome = byName.get(task.definition.name);
    if (outcome === undefined) continue;
    filters.set(outcome.task, filterRecord(task, outcome));
    if (outcome.syntheticRows > 0) reporter.note(describeFilter(outcome));
  }
  return { problem: { ...problem, tasks }, filters };
}

function filterRecord({ definition, train }: TaskRowsAndSettings, outcome: FilterOutcome): FilterRecord {
  const nameOf = (label: number) => definition.labels[label]?.name ?? "";
  const identity = new RowIdentity(definition.name);
  return {
    method: outcome.method,
    real_rows: outcome.realRows,
    synthetic_rows: outcome.syntheticRows,
    implausible: outcome.implausible,
    implausible_if_right: outcome.expected,
    weight: outcome.weight,
    nothing_done: outcome.idle,
    labels: outcome.labels.map(({ label, realRows, syntheticRows, threshold, implausible }) => ({
      label: nameOf(label),
      real_rows: realRows,
      synthetic_rows: syntheticRows,
      threshold,
      implausible,
    })),
    examples: outcome.examples.map(({ row, likelier }) => {
      const label = nameOf(train.label[row] as number);
      const textB = train.textB === null ? null : textAt(train.textB, row);
      const id = Buffer.alloc(ID_BYTES);
      identity.write(id, 0, textAt(train.text, row), textB, label);
      return { id: id.toString("hex"), label, likelier: nameOf(likelier) };
    }),
  };
}

/** One line on what became of a task's synthetic rows. */
function describeFilter(outcome: FilterOutcome): string {
  const { task, method, implausible, syntheticRows, realRows, expected, weight, idle } = outcome;
  if (implausible === 0) return `${task}: left ${syntheticRows} synthetic rows as they are: ${idle}`;
  const found = `${implausible} of ${syntheticRows} synthetic rows`;
  if (idle !== null)
    return `${task}: left as they are ${found} that look implausible: ${idle}${unjudged(outcome)}`;
  const why = `a model of the ${realRows} real rows finds implausible; some ${expected.toFixed(0)} would be if every row were right`;
  return method === "drop"
    ? `${task}: left out ${found} that ${why}${unjudged(outcome)}`
    : `${task}: counted for ${weight.toFixed(2)} each ${found} that ${why}${unjudged(outcome)}`;
}

function unjudged({ labels }: FilterOutcome): string {
  const rows = labels.reduce((n, of) => n + (of.threshold === null ? of.syntheticRows : 0), 0);
  return rows === 0 ? "" : `; ${rows} are of labels with too few real rows to judge by, and stay`;
}
