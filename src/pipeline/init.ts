// SPDX-License-Identifier: Apache-2.0
import { MAX_CONFIG_BYTES } from "../config/document.ts";
import {
  type Starter,
  type StarterDataset,
  type StarterLabel,
  type StarterMap,
  starterToml,
} from "../config/starter.ts";
import { ModelpackError } from "../core/error.ts";
import { MAX_LABEL_LENGTH } from "../core/task.ts";
import { quoteText } from "../data/column.ts";
import { type ColumnRoles, MOST_LABELS, roleOfSplit } from "../data/column-roles.ts";
import { countLabels, type LabelCount } from "../data/label-census.ts";
import type { Survey } from "../data/survey.ts";
import type { InitPart, InitSources } from "./init-sources.ts";

/** What somebody chose, or what was proposed and not refused. */
export interface InitChoices {
  readonly roles: ColumnRoles;
  /** Name of the task. */
  readonly task: string;
  /** Labels with fewer rows than this are left out. */
  readonly minRows: number;
}

/** Rows of a label by what they are for. */
export interface LabelTally {
  readonly label: string;
  readonly train: number;
  readonly test: number;
  readonly eval: number;
  readonly example: string;
}

/** The first config of a project, and what it says about the rows. */
export interface InitDraft {
  readonly toml: string;
  readonly labels: readonly LabelTally[];
  /** Rows that will be dropped, and why. */
  readonly dropped: readonly { readonly reason: string; readonly rows: number }[];
  /** What a person should know, a line each. */
  readonly notes: readonly string[];
}

/** Distinct labels that are counted before it is clear that they are none. */
const MOST_COUNTED = 100_000;
/** A label with fewer rows is learnt badly, and measured by a row or two. */
const FEW = 10;
/** Names of a list that a message shows. */
const SHOWN = 6;
/** Column names that say nothing about the question. */
const NAMELESS =
  /^(gold_?)?(label|labels|class|classes|target|y|answer|value|output|result|id|text|name|code|str|\d)*$/;
/** Windows keeps these for devices. */
const DEVICES = /^(con|prn|aux|nul|com\d|lpt\d)$/;

/** A name of the form that tasks and families have, of any text; empty where nothing of it fits. */
export function taskNameOf(text: string): string {
  const name = text
    .normalize("NFKD")
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^[_0-9]+|_+$/g, "")
    .slice(0, 64)
    .replace(/_+$/, "");
  return DEVICES.test(name) ? `${name}_task` : name;
}

/** The name that is proposed for the task: the label column's, or the file's where that says nothing. */
export function proposeTaskName({ label }: ColumnRoles, { stem }: InitSources): string {
  const column = taskNameOf(label.slice(label.lastIndexOf(".") + 1)).replace(
    /_(label|id|name|str|text)s?$/,
    "",
  );
  if (column !== "" && !NAMELESS.test(column.replaceAll("_", ""))) return column;
  return taskNameOf(stem) || "task";
}

/**
 * Counts the labels of every part and writes the config. `columns` are those of the first part's survey.
 *
 * Throws COLUMN_TYPE where the values of the label column can't be labels, TASK_UNTRAINABLE where there is
 * nothing to tell apart.
 */
export async function draftPipeline(
  sources: InitSources,
  survey: Survey,
  choices: InitChoices,
  signal?: AbortSignal,
): Promise<InitDraft> {
  const counted: CountedPart[] = [];
  for (const part of sources.parts) counted.push(await countPart(part, survey, choices.roles, signal));
  const tally = tallyLabels(counted, choices);
  const datasets = counted.flatMap((part) => datasetOf(part, sources, survey, choices.roles));
  const starter: Starter = {
    task: choices.task,
    input: choices.roles.texts.length > 1 ? "pair" : "text",
    description: `The ${choices.task.replaceAll("_", " ")} of a ${choices.roles.texts.length > 1 ? "pair of texts" : "text"}.`,
    labels: tally.labels.map(
      (one): StarterLabel => ({ name: one.label, rows: one.train + one.test + one.eval }),
    ),
    datasets,
  };
  const toml = starterToml(starter);
  if (Buffer.byteLength(toml) > MAX_CONFIG_BYTES)
    throw new ModelpackError("COLUMN_TYPE", "the values of the label column are too long to be labels", {
      where: `column ${JSON.stringify(choices.roles.label)}`,
      hint: "name another column with --label; a config has at most 512 kB",
    });
  return {
    toml,
    labels: tally.labels,
    dropped: tally.dropped,
    notes: [...tally.notes, ...sourceNotes(counted, sources, survey, choices.roles)],
  };
}

interface CountedPart {
  readonly part: InitPart;
  readonly counts: readonly LabelCount[];
  readonly rows: number;
  /** No row of it has a label: nothing can be learnt or measured on it. */
  readonly isUnlabelled: boolean;
}

type Role = InitPart["role"];

async function countPart(
  part: InitPart,
  survey: Survey,
  roles: ColumnRoles,
  signal: AbortSignal | undefined,
): Promise<CountedPart> {
  const columns = {
    texts: roles.texts.map((path) => sqlOf(survey, path)),
    label: sqlOf(survey, roles.label),
    split: roles.split === null ? null : sqlOf(survey, roles.split),
  };
  const counts = await countLabels(part.source, columns, MOST_COUNTED, signal);
  const rows = counts.reduce((sum, count) => sum + count.rows, 0);
  const isUnlabelled = part.role !== "train" && counts.every(({ label }) => label === null || label === "-1");
  return { part, counts, rows, isUnlabelled };
}

function sqlOf({ columns }: Survey, path: string): string {
  const found = columns.find((column) => column.path === path);
  if (found === undefined) throw new RangeError(`no column ${path}`);
  return found.sql;
}

/** What the rows with a value of the split column are for; null leaves them out. */
function roleOfCount(part: InitPart, split: string | null, roles: ColumnRoles): Role | null {
  return roles.split === null ? part.role : roleOfSplit(split ?? "");
}

interface Tally {
  readonly labels: readonly LabelTally[];
  readonly dropped: InitDraft["dropped"];
  readonly notes: readonly string[];
}

function tallyLabels(parts: readonly CountedPart[], { roles, minRows }: InitChoices): Tally {
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
      : `all rows have the label ${JSON.stringify(only.label)}: there is nothing to tell apart`;
  throw new ModelpackError("TASK_UNTRAINABLE", message, { where, hint: another });
}

function named(names: readonly string[]): string {
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

function sourceNotes(
  parts: readonly CountedPart[],
  { unused }: InitSources,
  survey: Survey,
  roles: ColumnRoles,
): string[] {
  const notes: string[] = [];
  for (const { part, isUnlabelled } of parts)
    if (isUnlabelled)
      notes.push(`the ${part.role} rows have no labels: they are left out, and rows of train stand in`);
  if (unused.length > 0) notes.push(`splits of no known role, left out: ${named(unused)}`);
  // A name that its own column holds is a row, not a name.
  const rows = survey.columns.filter(({ path, frequent }) => frequent.some(({ value }) => value === path));
  if (rows.length > 0)
    notes.push(
      `${named(rows.map(({ path }) => path))} is both the name of a column and a value of it: has the file no header? Its first line must name the columns`,
    );
  if (roles.otherLabels.length > 0)
    notes.push(`other columns that may be the label (--label): ${named(roles.otherLabels)}`);
  if (roles.otherTexts.length > 0)
    notes.push(
      `other columns with text (--text, or --text-a and --text-b for a pair): ${named(roles.otherTexts)}`,
    );
  return notes;
}

function datasetOf(
  counted: CountedPart,
  { stem, parts }: InitSources,
  survey: Survey,
  roles: ColumnRoles,
): StarterDataset[] {
  const { part, counts, rows, isUnlabelled } = counted;
  if (isUnlabelled) return [];
  const base = taskNameOf(stem) || "rows";
  const name = parts.length > 1 ? `${base}_${part.role}` : base;
  const found = (["train", "test", "eval"] as const).filter((role) =>
    counts.some(({ split }) => roleOfCount(part, split, roles) === role),
  );
  const maps = found.map((role): StarterMap => {
    const values = [...new Set(counts.map(({ split }) => split))].filter(
      (split) => split !== null && roleOfCount(part, split, roles) === role,
    );
    const where =
      roles.split === null
        ? null
        : `${sqlOf(survey, roles.split)} IN (${values.map((value) => quoteText(value ?? "")).join(", ")})`;
    return {
      role,
      texts: roles.texts,
      label: roles.label,
      sql: roles.isList ? listSql(survey, roles, where) : null,
      where: roles.isList ? null : where,
      language: roles.isList ? null : roles.language,
      group: roles.group,
    };
  });
  return [{ name, from: part.from, license: part.license, rows, maps }];
}

function listSql(survey: Survey, { texts, label, language }: ColumnRoles, where: string | null): string {
  const names = texts.length > 1 ? ["text_a", "text_b"] : ["text"];
  const items = texts.map((path, i) => `${sqlOf(survey, path)} AS ${names[i]}`);
  const spoken = language === null ? [] : [`${sqlOf(survey, language)} AS language`];
  const labelled = `${sqlOf(survey, label)} AS label`;
  return `SELECT ${[...items, labelled, ...spoken].join(", ")} FROM source${where === null ? "" : ` WHERE ${where}`}`;
}
