// SPDX-License-Identifier: Apache-2.0
import { type Examples, ORIGINS, type Origin } from "../../src/core/example.ts";
import { textColumn } from "../../src/core/text-column.ts";

/** A row for {@link examples}; `b` makes it a pair. */
export interface ExampleRow {
  readonly text: string;
  readonly b?: string;
  /** Index into the task's labels. */
  readonly label: number;
  /** 1 without it. */
  readonly count?: number;
  /** real without it. */
  readonly origin?: Origin;
}

/** Columns of the given rows, each a group of its own. */
export function examples(rows: readonly ExampleRow[]): Examples {
  const pair = rows.some((row) => row.b !== undefined);
  return {
    rows: rows.length,
    text: textColumn(rows.map((row) => row.text)),
    textB: pair ? textColumn(rows.map((row) => row.b ?? "")) : null,
    label: Uint32Array.from(rows, (row) => row.label),
    count: Uint32Array.from(rows, (row) => row.count ?? 1),
    origin: Uint8Array.from(rows, (row) => ORIGINS.indexOf(row.origin ?? "real")),
    group: Uint32Array.from(rows, (_, i) => i),
  };
}

/** Word n-grams of one and two, character n-grams of three to five: the defaults of `[train]`. */
export const ANALYZER = { ngramMin: 1, ngramMax: 2, charNgramMin: 3, charNgramMax: 5 } as const;

/** Of a text of single letters apart, one feature a letter: a test can count them by hand. */
export const LETTERS = { ngramMin: 1, ngramMax: 0, charNgramMin: 3, charNgramMax: 3 } as const;

/** A small generator of numbers in [0, 1), so that cases need no library and never change. */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * `perLabel` texts for each of `labels` labels: two words of the label's own, in `noise` of the rows another
 * label's, and three words that say nothing.
 */
export function separableRows(labels: number, perLabel: number, seed: number, noise = 0): ExampleRow[] {
  const next = numbers(seed);
  const rows: ExampleRow[] = [];
  for (let i = 0; i < labels * perLabel; i++) {
    const label = i % labels;
    const said = next() < noise ? Math.floor(next() * labels) : label;
    const filler = Array.from({ length: 3 }, () => `filler${Math.floor(next() * 40)}`);
    rows.push({ text: `topic${said} about${said} ${filler.join(" ")}`, label });
  }
  return rows;
}
