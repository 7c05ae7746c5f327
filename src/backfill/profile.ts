// SPDX-License-Identifier: Apache-2.0
import type { TaskDefinition } from "../core/task.ts";
import type { PromptPools, Shown } from "./pools.ts";
import { hasListMark, hasPlaceholder, isRefusal, scriptsOf, wordsOf } from "./text-checks.ts";

/** Rows of a label that are looked at: shares are known to two digits by then. */
const MOST_ROWS = 1000;
/** A share of a label's real rows from which on something is normal in them, whatever it looks like. */
const NORMAL = 0.01;
/** Fewer rows than these have it by chance. */
const NORMAL_ROWS = 2;
/**
 * A share of real rows up to which they don't say their label's name. At 0.01 the check took 1.6 % of imdb_cad's
 * real rows and up to 2 % of a label of sgd_domain; at 0.002 0.03 % of any task measured.
 */
const UNSAID = 0.002;
/** With fewer rows, nobody can tell whether a name is what people say. */
const FEW_ROWS = 100;
/** How much longer than the longest real row a made-up one may be. */
const LENGTH_SLACK = 2;
/** UTF-16 units that any row may have, and where no real row tells more. */
const LENGTH_FLOOR = 300;
const LENGTH_UNKNOWN = 2000;
/** Letters of a script in real rows, from which share on rows may be written in it. */
const SCRIPT_SHARE = 0.02;
/** Letters of real rows that say something of scripts. */
const FEW_LETTERS = 200;

/** What the real rows of a task are like: what is normal in them is no fault of a made-up row. */
export interface TaskProfile {
  /** UTF-16 units of a text at most. */
  readonly mostLength: number;
  /** Whether real rows of a label hold what looks like placeholders ("[NAME]" in masked texts). */
  readonly placeholders: boolean;
  /** Or like refusals: rows for a task that finds them. */
  readonly refusals: boolean;
  /** Or like items of a list. */
  readonly listMarks: boolean;
  /** Scripts of real rows; empty where they are too few to tell. */
  readonly scripts: ReadonlySet<string>;
  /** By label, words of its name and in which share of its real rows they stand; null without rows. */
  readonly names: readonly LabelNameUse[];
}

export interface LabelNameUse {
  /** The name in words: `query_domain` is `query domain`. */
  readonly words: readonly string[];
  readonly rows: number;
  readonly share: number | null;
  /** Whether a made-up row that says the name gives it away. */
  readonly tells: boolean;
}

/** Looks at the first real train rows of each label (they stand in the order of their ids: a random one). */
export function profileOf(task: TaskDefinition, pools: PromptPools): TaskProfile {
  const samples = pools.examples.map((set) =>
    Array.from({ length: Math.min(MOST_ROWS, set.length) }, (_, i) => set.at(i)),
  );
  const byLabel = samples.map((rows) => rows.flatMap(sidesOf));
  const texts = byLabel.flat();
  const isNormal = (has: (text: string) => boolean) => byLabel.some((some) => isIn(some, has));
  const longest = texts.reduce((most, text) => Math.max(most, text.length), 0);
  return {
    mostLength: texts.length === 0 ? LENGTH_UNKNOWN : Math.max(LENGTH_FLOOR, LENGTH_SLACK * longest),
    placeholders: isNormal(hasPlaceholder),
    refusals: isNormal(isRefusal),
    listMarks: isNormal(hasListMark),
    scripts: scriptsIn(texts),
    names: task.labels.map(({ name }, k) => nameUse(name, samples[k] ?? [])),
  };
}

function isIn(texts: readonly string[], has: (text: string) => boolean): boolean {
  return texts.filter(has).length >= Math.max(NORMAL_ROWS, NORMAL * texts.length);
}

/** The texts of a row. */
export function sidesOf({ text, textB }: Shown): string[] {
  return textB === null ? [text] : [text, textB];
}

function scriptsIn(texts: readonly string[]): ReadonlySet<string> {
  const sums = new Map<string, number>();
  for (const text of texts)
    for (const [script, letters] of scriptsOf(text)) sums.set(script, (sums.get(script) ?? 0) + letters);
  const all = [...sums.values()].reduce((a, b) => a + b, 0);
  if (all < FEW_LETTERS) return new Set();
  return new Set([...sums].filter(([, letters]) => letters >= SCRIPT_SHARE * all).map(([script]) => script));
}

function nameUse(name: string, rows: readonly Shown[]): LabelNameUse {
  const words = wordsOf(name.replaceAll(/[_-]/g, " "));
  const use = rows.filter((row) => saysName(row, words)).length;
  const share = rows.length === 0 ? null : use / rows.length;
  // Without rows to compare with, a name of one word may well be what people say: "travel", "goal".
  const isUnsaid = (share ?? 0) <= UNSAID && (words.length > 1 || rows.length >= FEW_ROWS);
  // "1" and "B" stand in any text.
  return { words, rows: rows.length, share, tells: isUnsaid && words.some((word) => word.length > 2) };
}

/** Whether a row says the words of a label's name, one after the other. */
export function saysName(row: Shown, words: readonly string[]): boolean {
  if (words.length === 0) return false;
  const name = ` ${words.join(" ")} `;
  return sidesOf(row).some((text) => ` ${wordsOf(text.replaceAll("_", " ")).join(" ")} `.includes(name));
}
