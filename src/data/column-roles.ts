// SPDX-License-Identifier: Apache-2.0
import { nearest } from "../config/suggest.ts";
import { ModelpackError } from "../core/error.ts";
import type { ColumnProfile, Survey } from "./survey.ts";

/** What the columns of a source are for. */
export interface ColumnRoles {
  /** One column of a text, or the two of a pair. */
  readonly texts: readonly string[];
  readonly label: string;
  /** The label column holds lists. */
  readonly isList: boolean;
  readonly language: string | null;
  /** Names the split of each row. */
  readonly split: string | null;
  /** Rows with one value here belong together: a conversation, a user. */
  readonly group: string | null;
  /** Other columns that may be the text or the label, the likeliest first. */
  readonly otherTexts: readonly string[];
  readonly otherLabels: readonly string[];
}

/** What somebody has said already; null is left to the columns. */
export interface GivenRoles {
  readonly texts: readonly string[] | null;
  readonly label: string | null;
}

/** Labels of a task at most that are proposed: beyond, a column is of names or numbers. */
export const MOST_LABELS = 1000;

const LABEL_NAMES =
  /^(gold_?)?(label|labels|class|classes|category|categories|intent|intents|target|sentiment|topic|tag|domain|emotion|emotions|y|answer_?type|is_[a-z_]+|has_[a-z_]+)(_?(names?|text|str|ids?))?$/i;
const WEAK_LABEL_NAMES =
  /(label|class|categ|intent|target|sentiment|topic|emotion|verdict|stance|rating|stars|score|status|team|queue|type|kind|department|priority)/i;
const TEXT_NAMES =
  /^(text|sentence|message|content|body|review|comment|utterance|query|question|tweet|prompt|post|title|document|description|input|snippet|email|transcript|request)(_?(text|body|content|raw))?$/i;
const ID_NAMES =
  /(^|_|\b)(id|ids|uuid|guid|idx|index|key|hash|url|uri|link|email|phone|filename|file|path|date|time|timestamp|created_at|updated_at)$/i;
const LANGUAGE_NAMES = /^(lang|language|locale|language_code|lang_code)$/i;
const SPLIT_NAMES = /^(split|fold|subset|partition|set|usage)$/i;
const GROUP_NAMES =
  /^(conversation|dialog|dialogue|thread|session|chat|user|author|customer|account|speaker|group|doc|document|article|ticket|case)(_?(id|uuid|key|hash|no|number))?$/i;
const LANGUAGE_CODE = /^[a-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}$/;

/** Splits by the words for them; a word that is none names no split. */
const SPLIT_WORDS: ReadonlyMap<string, "train" | "test" | "eval"> = new Map([
  ["train", "train"],
  ["training", "train"],
  ["test", "test"],
  ["testing", "test"],
  ["val", "eval"],
  ["valid", "eval"],
  ["validation", "eval"],
  ["dev", "eval"],
  ["eval", "eval"],
  ["evaluation", "eval"],
]);

/** The role that a split's name says. */
export function roleOfSplit(name: string): "train" | "test" | "eval" | null {
  return SPLIT_WORDS.get(name.toLowerCase()) ?? null;
}

/** The same of a file's name, such as `reviews-test.csv`. */
export function roleOfFile(name: string): "train" | "test" | "eval" | null {
  const words = name.toLowerCase().split(/[^a-z]+/);
  return words.map(roleOfSplit).find((role) => role !== null) ?? null;
}

/**
 * Proposes what each column is for, by names and values.
 *
 * Throws COLUMN_MISSING where no column can be the text or the label, or where a given one is not there.
 */
export function proposeRoles(survey: Survey, given: GivenRoles, where: string): ColumnRoles {
  for (const path of [...(given.texts ?? []), ...(given.label === null ? [] : [given.label])])
    checkColumn(survey, path, where);
  const columns = survey.columns.filter(({ filled }) => filled > 0);
  const split = columns.find(isSplit)?.path ?? null;
  const language = columns.find(isLanguage)?.path ?? null;
  const taken = new Set(
    [split, language, ...(given.texts ?? []), given.label].filter((path) => path !== null),
  );
  const free = columns.filter(({ path }) => !taken.has(path));
  const labels = ranked(free, (column) => labelScore(column));
  const label = given.label ?? labels[0]?.path;
  const texts = ranked(
    free.filter(({ path }) => path !== label),
    (column) => textScore(column),
  );
  const chosen = given.texts ?? textsOf(texts);
  if (chosen === null) throw noText(survey, label ?? null, where);
  if (label === undefined) throw noLabel(survey, chosen, where);
  const used = new Set([...chosen, label]);
  return {
    texts: chosen,
    label,
    isList: columns.some(({ path, kind }) => path === label && kind === "list"),
    language,
    split,
    group: columns.find((column) => !used.has(column.path) && isGroup(column))?.path ?? null,
    otherTexts: texts.map(({ path }) => path).filter((path) => !used.has(path)),
    // One value tells nothing apart.
    otherLabels: labels
      .filter(({ path, distinct }) => distinct > 1 && !used.has(path))
      .map(({ path }) => path),
  };
}

function ranked(
  columns: readonly ColumnProfile[],
  score: (column: ColumnProfile) => number | null,
): readonly ColumnProfile[] {
  const scored = columns.map((column, i) => ({ column, i, score: score(column) }));
  const fit = scored.flatMap(({ column, i, score }) => (score === null ? [] : [{ column, i, score }]));
  return fit.sort((a, b) => b.score - a.score || a.i - b.i).map(({ column }) => column);
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1);
}

function isSplit({ path, frequent, distinct }: ColumnProfile): boolean {
  const values = frequent.map(({ value }) => roleOfSplit(value));
  const areSplits = values.every((role) => role !== null) && values.includes("train");
  return areSplits && distinct <= 5 && (distinct > 1 || SPLIT_NAMES.test(lastName(path)));
}

function isLanguage({ path, frequent, kind }: ColumnProfile): boolean {
  const named = LANGUAGE_NAMES.test(lastName(path));
  return named && kind === "text" && frequent.every(({ value }) => LANGUAGE_CODE.test(value));
}

function isGroup({ path, filled, distinct }: ColumnProfile): boolean {
  return GROUP_NAMES.test(lastName(path)) && distinct > 1 && distinct < filled;
}

/** How much a column looks like the label; null where it can't be. */
function labelScore({ path, kind, filled, distinct, length, words }: ColumnProfile): number | null {
  const name = lastName(path);
  const isNamed = LABEL_NAMES.test(name);
  if (kind === "date" || kind === "address" || length > 80) return null;
  // A column that is called so is proposed all the same: that it has too many is said when they are counted.
  const isLikely = isNamed || WEAK_LABEL_NAMES.test(name);
  if (!isNamed && (distinct > MOST_LABELS || (kind === "integer" && distinct > 20 && !isLikely))) return null;
  if (!isNamed && (ID_NAMES.test(name) || GROUP_NAMES.test(name) || words > 6)) return null;
  // Values that hardly repeat are names, texts or numbers of something.
  if (distinct * 2 > filled && distinct > 2 && !(isNamed && distinct < filled)) return null;
  let score = isNamed ? 6 : WEAK_LABEL_NAMES.test(name) ? 3 : 0;
  if (kind === "number") score -= 3;
  if (kind === "integer" && !isNamed) score -= 1;
  // Names are better than their numbers, where a file has both.
  if (kind === "text") score += 1;
  if (kind === "list") score -= 1;
  if (distinct < 2) score -= 20;
  return score + 1 - Math.min(1, (distinct / filled) * 2);
}

/** How much a column looks like the text; null where it can't be. */
function textScore({ path, kind, filled, distinct, length, words }: ColumnProfile): number | null {
  const name = lastName(path);
  const isNamed = TEXT_NAMES.test(name);
  if (kind !== "text" || (!isNamed && ID_NAMES.test(name))) return null;
  // Scripts without spaces have one word.
  if (!isNamed && words < 1.5 && length < 12) return null;
  if (distinct < Math.min(3, filled) || (distinct * 20 < filled && !isNamed)) return null;
  return (isNamed ? 4 : 0) + Math.min(words, 40) / 10 + Math.min(length, 200) / 100 + distinct / filled;
}

/** Names of the two texts of a pair: by convention, or the same but for a last 1 and 2, or a and b. */
const PAIRS: readonly (readonly [RegExp, RegExp])[] = [
  [/^premise$/i, /^hypothesis$/i],
  [/^(query|question)$/i, /^(passage|document|context|answer|response)$/i],
  [/^(context|prompt)$/i, /^response$/i],
  [/^claim$/i, /^evidence$/i],
  [/^anchor$/i, /^positive$/i],
];
/** Words that tell the first text of a pair from the second, where the names are else the same. */
const SIDES: ReadonlyMap<string, string> = new Map([
  ["1", "2"],
  ["a", "b"],
  ["one", "two"],
  ["first", "second"],
  ["left", "right"],
]);

function textsOf(texts: readonly ColumnProfile[]): readonly string[] | null {
  const [best] = texts;
  if (best === undefined) return null;
  for (const first of texts)
    for (const second of texts)
      if (first !== second && arePair(lastName(first.path), lastName(second.path)))
        return [first.path, second.path];
  return [best.path];
}

function arePair(first: string, second: string): boolean {
  if (PAIRS.some(([a, b]) => a.test(first) && b.test(second))) return true;
  const words = (name: string) =>
    name
      .replace(/([a-z])([A-Z])/g, "$1 $2")
      .toLowerCase()
      .match(/\d+|\p{L}+/gu) ?? [];
  const [one, other] = [words(first), words(second)];
  const differing = one.flatMap((word, i) => (word === other[i] ? [] : [i]));
  const [place] = differing;
  if (one.length !== other.length || differing.length !== 1 || place === undefined) return false;
  return SIDES.get(one[place] ?? "") === other[place];
}

/** A few columns and what they hold, for a message. */
function listed({ columns, nested }: Survey): string {
  const shown = columns.slice(0, 12).map(({ path, kind, filled, distinct }) => {
    const what = filled === 0 ? "empty" : `${kind}, ${distinct} distinct in ${filled}`;
    return `${JSON.stringify(path)} (${what})`;
  });
  const more = columns.length > 12 ? ` and ${columns.length - 12} more` : "";
  const names = nested.slice(0, 6).map((name) => `${JSON.stringify(name)} (lists or objects)`);
  return [shown.join(", ") + more, ...names].join(", ");
}

function checkColumn(survey: Survey, path: string, where: string): void {
  const names = survey.columns.map((column) => column.path);
  if (names.includes(path)) return;
  const near = nearest(path, names);
  throw new ModelpackError(
    "COLUMN_MISSING",
    `there is no column ${JSON.stringify(path)}; there are ${listed(survey)}`,
    {
      where,
      hint: near === undefined ? "name one of these" : `did you mean ${JSON.stringify(near)}?`,
    },
  );
}

function noText(survey: Survey, label: string | null, where: string): ModelpackError {
  const only = onlyColumn(survey, where);
  if (only !== null) return only;
  const but = label === null ? "" : ` (${JSON.stringify(label)} looks like the label)`;
  return new ModelpackError("COLUMN_MISSING", `no column looks like texts: ${listed(survey)}${but}`, {
    where,
    hint: "name it with --text <column>, or the two of a pair with --text-a and --text-b",
  });
}

function noLabel(survey: Survey, texts: readonly string[], where: string): ModelpackError {
  const only = onlyColumn(survey, where);
  if (only !== null) return only;
  const named = texts.map((text) => JSON.stringify(text)).join(" and ");
  return new ModelpackError(
    "COLUMN_MISSING",
    `no column looks like a label, few values that repeat: ${listed(survey)} (${named} ${texts.length > 1 ? "look" : "looks"} like the text)`,
    {
      where,
      hint: "name it with --label <column>; rows without labels can be labelled by an LLM: modelpack label --help",
    },
  );
}

function onlyColumn(survey: Survey, where: string): ModelpackError | null {
  const [column, another] = survey.columns;
  if (column === undefined || another !== undefined) return null;
  if (survey.nested.length > 0)
    return new ModelpackError(
      "COLUMN_MISSING",
      `no column can be a text and another a label: ${listed(survey)}`,
      {
        where,
        hint: "lists and objects are mapped by SQL: docs/cookbook.md has spans, messages and others to begin with",
      },
    );
  return new ModelpackError(
    "COLUMN_MISSING",
    `there is one column, ${JSON.stringify(column.path)}, where a text and a label are needed`,
    {
      where,
      hint: "add a column with the label of each row; texts alone can be labelled by an LLM: modelpack label --help",
    },
  );
}
