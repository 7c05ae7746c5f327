// SPDX-License-Identifier: Apache-2.0
import { MAX_CONFIG_BYTES } from "../config/document.ts";
import type { Delimiter } from "../config/form.ts";
import {
  type Starter,
  type StarterDataset,
  type StarterLabel,
  type StarterMap,
  starterToml,
} from "../config/starter.ts";
import { ModelpackError } from "../core/error.ts";
import { quoteText } from "../data/column.ts";
import type { ColumnRoles } from "../data/column-roles.ts";
import { usualDelimiter } from "../data/delimiter.ts";
import { countLabels } from "../data/label-census.ts";
import type { ColumnProfile, Survey } from "../data/survey.ts";
import type { InitPart, InitSources } from "./init-sources.ts";
import {
  type CountedPart,
  type LabelTally,
  MOST_COUNTED,
  named,
  roleOfCount,
  tallyLabels,
} from "./label-tally.ts";

/** What somebody chose, or what was proposed and not refused. */
export interface InitChoices {
  readonly roles: ColumnRoles;
  /** Name of the task. */
  readonly task: string;
  /** Labels with fewer rows than this are left out. */
  readonly minRows: number;
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

/** Column names that say nothing about the question. */
const NAMELESS =
  /^(gold_?)?(label|labels|class|classes|target|y|answer|value|output|result|id|text|name|code|str|\d)*$/;
/** Windows keeps these for devices. */
const DEVICES = /^(con|prn|aux|nul|com\d|lpt\d)$/;

/** A name of the form that tasks and families have, of any text; empty where nothing of it fits. */
export function taskNameOf(text: string): string {
  const name = text
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
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
  const tally = tallyLabels(counted, choices.roles, choices.minRows);
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

async function countPart(
  part: InitPart,
  survey: Survey,
  roles: ColumnRoles,
  signal: AbortSignal | undefined,
): Promise<CountedPart> {
  const columns = {
    texts: roles.texts.map((path) => profileOf(survey, path)),
    label: profileOf(survey, roles.label),
    split: roles.split === null ? null : profileOf(survey, roles.split),
  };
  const counts = await countLabels(part.source, columns, MOST_COUNTED, signal);
  const rows = counts.reduce((sum, count) => sum + count.rows, 0);
  const isUnlabelled = part.role !== "train" && counts.every(({ label }) => label === null || label === "-1");
  return { part, counts, rows, isUnlabelled };
}

function profileOf({ columns }: Survey, path: string): ColumnProfile {
  const found = columns.find((column) => column.path === path);
  if (found === undefined) throw new RangeError(`no column ${path}`);
  return found;
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
        : `${profileOf(survey, roles.split).sql} IN (${values.map((value) => quoteText(value ?? "")).join(", ")})`;
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
  return [{ name, from: part.from, delimiter: writtenDelimiter(part), license: part.license, rows, maps }];
}

/** The delimiter that a config has to name. */
function writtenDelimiter({ source }: InitPart): Delimiter | null {
  const { delimiter, files } = source;
  return delimiter === undefined || delimiter === usualDelimiter(files[0]?.format ?? "csv")
    ? null
    : delimiter;
}

function listSql(survey: Survey, { texts, label, language }: ColumnRoles, where: string | null): string {
  const names = texts.length > 1 ? ["text_a", "text_b"] : ["text"];
  const items = texts.map((path, i) => `${profileOf(survey, path).sql} AS ${names[i]}`);
  const spoken = language === null ? [] : [`${profileOf(survey, language).sql} AS language`];
  const labelled = `${profileOf(survey, label).sql} AS label`;
  return `SELECT ${[...items, labelled, ...spoken].join(", ")} FROM source${where === null ? "" : ` WHERE ${where}`}`;
}
