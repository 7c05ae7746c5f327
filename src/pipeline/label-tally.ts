// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import { MAX_LABEL_LENGTH } from "../core/task.ts";
import { type ColumnRoles, MOST_LABELS, roleOfSplit } from "../data/column-roles.ts";
import type { LabelCount } from "../data/label-census.ts";
import type { InitPart } from "./init-sources.ts";

/** Rows of a label by what they are for. */
export interface LabelTally {
  readonly label: string;
  readonly train: number;
  readonly test: number;
  readonly eval: number;
  readonly example: string;
}

/** Distinct labels that are counted before it is clear that they are none. */
export const MOST_COUNTED = 100_000;
/** A label with fewer rows is learnt badly, and measured by a row or two. */
const FEW = 10;
/** Names of a list that a message shows. */
const SHOWN = 6;
/** What SNLI, pandas and Excel write where there is no label. */
const NO_LABEL = /^(-|nan|null|#n\/a)$/i;

/** A part with its rows counted by label. */
export interface CountedPart {
  readonly part: InitPart;
  readonly counts: readonly LabelCount[];
  readonly rows: number;
  /** No row of it has a label: nothing can be learnt or measured on it. */
  readonly isUnlabelled: boolean;
}

type Role = InitPart["role"];

/** What the rows with a value of the split column are for; null leaves them out. */
export function roleOfCount(part: InitPart, split: string | null, roles: ColumnRoles): Role | null {
  return roles.split === null ? part.role : roleOfSplit(split ?? "");
}

/** The labels of a task, what is dropped, and what to know about them. */
export interface Tally {
  readonly labels: readonly LabelTally[];
  readonly dropped: readonly { readonly reason: string; readonly rows: number }[];
  readonly notes: readonly string[];
}

/**
 * Adds up the labels of all parts.
 *
 * Throws COLUMN_TYPE where the values of the column can't be labels, TASK_UNTRAINABLE where there is nothing to
 * tell apart.
 */
export function tallyLabels(parts: readonly CountedPart[], roles: ColumnRoles, minRows: number): Tally {
  const tallies = new Map<string, LabelTally>();
  const drops = new Map<string, number>();
  const drop = (reason: string, rows: number) => {
    if (rows > 0) drops.set(reason, (drops.get(reason) ?? 0) + rows);
  };
  for (const { part, counts, isUnlabelled } of parts)
    for (const { label, split, rows, usable, example } of isUnlabelled ? [] : counts) {
      const role = roleOfCount(part, split, roles);
      if (role === null) drop(`of no known split (${JSON.stringify(split ?? "")})`, rows);
      else if (label === null || label.trim() === "")
        drop(roles.isList ? "with several labels, or none" : "without a label", rows);
      else if (NO_LABEL.test(label))
        drop(`whose label ${JSON.stringify(label)} says that there is none`, rows);
      else if (label.length > MAX_LABEL_LENGTH) drop("whose label is too long", rows);
      else {
        drop("without a text", rows - usable);
        const before = tallies.get(label) ?? { label, train: 0, test: 0, eval: 0, example: example ?? "" };
        tallies.set(label, { ...before, [role]: before[role] + usable });
      }
    }
  const all = [...tallies.values()].filter((one) => total(one) > 0);
  const labels = all.filter((one) => total(one) >= minRows).sort(byName);
  for (const one of all)
    if (total(one) < minRows) drop(`of labels with fewer than ${minRows} rows`, total(one));
  checkLabels(labels, all, parts, roles, minRows);
  const dropped = [...drops].map(([reason, rows]) => ({ reason, rows }));
  return { labels, dropped, notes: labelNotes(labels) };
}

function total({ train, test, eval: held }: LabelTally): number {
  return train + test + held;
}

/** Numbers by value, all else by code unit. */
function byName(a: LabelTally, b: LabelTally): number {
  const isNumber = /^-?\d{1,15}$/;
  if (isNumber.test(a.label) && isNumber.test(b.label) && a.label !== b.label) {
    const difference = Number(a.label) - Number(b.label);
    if (difference !== 0) return difference;
  }
  return a.label < b.label ? -1 : a.label > b.label ? 1 : 0;
}

function checkLabels(
  labels: readonly LabelTally[],
  all: readonly LabelTally[],
  parts: readonly CountedPart[],
  roles: ColumnRoles,
  minRows: number,
): void {
  const where = `column ${JSON.stringify(roles.label)}`;
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const others = roles.otherLabels
    .slice(0, SHOWN)
    .map((path) => JSON.stringify(path))
    .join(", ");
  const another =
    others === "" ? "name another column with --label" : `name another column with --label: ${others}`;
  const usable = all.reduce((sum, one) => sum + total(one), 0);
  if (
    (all.length > MOST_LABELS && labels.length > MOST_LABELS) ||
    (all.length > 20 && all.length * 1.2 > usable && minRows <= 1)
  ) {
    const many = all.length >= MOST_COUNTED ? `${MOST_COUNTED} or more` : String(all.length);
    throw new ModelpackError(
      "COLUMN_TYPE",
      `${many} distinct values in ${rows} rows are too many for labels (${MOST_LABELS} at most, each of several rows)`,
      {
        where,
        hint: `${another}; --min-rows 20 keeps the values that have 20 rows`,
      },
    );
  }
  if (labels.length > 1) return;
  const [only] = labels;
  const message =
    only === undefined
      ? `none of ${rows} rows has a label${minRows > 1 ? ` with ${minRows} rows` : ""} and a text`
      : `${all.length > 1 ? `only ${JSON.stringify(only.label)} has ${minRows} rows` : `all rows have the label ${JSON.stringify(only.label)}`}: there is nothing to tell apart`;
  const hint =
    all.length > labels.length
      ? `ask for fewer rows of a label than --min-rows ${minRows}, or ${another}`
      : another;
  throw new ModelpackError("TASK_UNTRAINABLE", message, { where, hint });
}

/** Some names, for a message. */
export function named(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN).map((name) => JSON.stringify(name.slice(0, 80)));
  return shown.join(", ") + (names.length > SHOWN ? ` and ${names.length - SHOWN} more` : "");
}

function labelNotes(labels: readonly LabelTally[]): string[] {
  const notes: string[] = [];
  const rare = labels.filter((one) => total(one) < FEW).map(({ label }) => label);
  if (rare.length > 0)
    notes.push(
      `fewer than ${FEW} rows: ${named(rare)}; add rows, or leave such labels out with --min-rows ${FEW}`,
    );
  const untaught = labels.filter(({ train }) => train === 0).map(({ label }) => label);
  if (untaught.length > 0) notes.push(`no train rows, so never predicted: ${named(untaught)}`);
  const spellings = new Map<string, string[]>();
  for (const { label } of labels) {
    const key = label.trim().toLowerCase();
    spellings.set(key, [...(spellings.get(key) ?? []), label]);
  }
  for (const same of spellings.values())
    if (same.length > 1)
      notes.push(`${named(same)} differ in case or spaces alone: label_map can make them one`);
  return notes;
}
