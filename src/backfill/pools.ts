// SPDX-License-Identifier: Apache-2.0
import { ORIGINS, SPLITS } from "../core/example.ts";
import type { Random } from "../core/random.ts";
import { type TextColumn, textAt, textColumn } from "../core/text-column.ts";
import { NO_LABEL, type TaskRows, type TextPool } from "../data/rows.ts";

/** A text as prompts show it; `textB` is null for single-text tasks. */
export interface Shown {
  readonly text: string;
  readonly textB: string | null;
}

/** Texts by number, held as columns: a label may have a million rows. */
export class TextSet {
  readonly #text: TextColumn;
  readonly #textB: TextColumn | null;
  readonly #indexes: Uint32Array;

  constructor(text: TextColumn, textB: TextColumn | null, indexes: Uint32Array) {
    this.#text = text;
    this.#textB = textB;
    this.#indexes = indexes;
  }

  get length(): number {
    return this.#indexes.length;
  }

  at(i: number): Shown {
    const row = this.#indexes[i] as number;
    return { text: textAt(this.#text, row), textB: this.#textB === null ? null : textAt(this.#textB, row) };
  }

  /** Up to `count` different ones, in the order drawn; the same generator gives the same ones. */
  draw(count: number, random: Random): Shown[] {
    const drawn = new Set<number>();
    const wanted = Math.min(count, this.length);
    while (drawn.size < wanted) drawn.add(random.below(this.length));
    return [...drawn].map((i) => this.at(i));
  }
}

/** What the prompts of a task draw their texts from. */
export interface PromptPools {
  /** By label, its real rows of train; nothing of test or eval ever stands in a prompt. */
  readonly examples: readonly TextSet[];
  /** By label, the seed texts that name it. */
  readonly seeds: readonly TextSet[];
  /** Seed texts that name no label, and those of loose files. */
  readonly unlabelled: readonly TextSet[];
}

const TRAIN = SPLITS.indexOf("train");
const REAL = ORIGINS.indexOf("real");

/** Where a task's prompts may draw from besides its own rows. */
export interface SeedTexts {
  /** Seed rows of the task. */
  readonly own: TextPool;
  /** Seed rows of no task, of the task's kind of input. */
  readonly shared: TextPool;
  /** Texts of loose files. */
  readonly loose: readonly string[];
}

/** Sorts a task's train rows and its seeds for drawing. */
export function promptPools(
  rows: TaskRows,
  split: Uint8Array,
  { own, shared, loose }: SeedTexts,
): PromptPools {
  const labels = rows.task.labels.length;
  const examples = byLabel(rows.length, labels, (i) =>
    split[i] === TRAIN && rows.origin[i] === REAL ? (rows.label[i] as number) : -1,
  );
  const labelled = byLabel(own.length, labels, (i) => own.label[i] as number);
  const unnamed = (seeds: TextPool) =>
    byLabel(seeds.length, 1, (i) => (seeds.label[i] === NO_LABEL ? 0 : -1));
  const sets = (text: TextColumn, textB: TextColumn | null, parts: readonly Uint32Array[]) =>
    parts.map((indexes) => new TextSet(text, textB, indexes));
  // A loose file holds single texts: of no use to a pair.
  const texts = rows.textB === null ? loose : [];
  const unlabelled = [
    ...sets(own.text, own.textB, unnamed(own)),
    ...sets(shared.text, shared.textB, unnamed(shared)),
    new TextSet(textColumn(texts), null, Uint32Array.from(texts.keys())),
  ];
  return {
    examples: sets(rows.text, rows.textB, examples),
    seeds: sets(own.text, own.textB, labelled),
    unlabelled: unlabelled.filter((set) => set.length > 0),
  };
}

/** Indexes in their order, by what `labelOf` says; any number that is no label leaves one out. */
function byLabel(length: number, labels: number, labelOf: (i: number) => number): readonly Uint32Array[] {
  const parts: number[][] = Array.from({ length: labels }, () => []);
  for (let i = 0; i < length; i++) parts[labelOf(i)]?.push(i);
  return parts.map((part) => Uint32Array.from(part));
}
