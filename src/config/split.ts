// SPDX-License-Identifier: Apache-2.0

/** A part of a split's rows, in the order of its files: [from, to), in rows or in percent of them. */
export interface RowSlice {
  readonly from: number;
  /** null is the end. */
  readonly to: number | null;
  readonly unit: "rows" | "percent";
}

/** A split, and which part of its rows is wanted; null is all of them. */
export interface Split {
  readonly name: string;
  readonly slice: RowSlice | null;
}

/** What is wrong with a split's text, and what to write instead. */
export interface SplitProblem {
  readonly problem: string;
  readonly hint: string;
}

/** `name[from:to]`, both ends optional; numbers of up to ten digits, so that none is inexact. */
const SLICED = /^([^[\]]+)\[(-?\d{1,10}%?)?:(-?\d{1,10}%?)?\]$/;

/** Reads `train`, `train[:500]`, `train[100:200]` or `train[10%:20%]`, as the Python library `datasets` writes them. */
export function parseSplit(text: string): Split | SplitProblem {
  if (text.includes("+")) return { problem: "names several splits", hint: "make a dataset of each" };
  if (!/[[\]]/.test(text)) return { name: text, slice: null };
  const [, name, from, to] = SLICED.exec(text) ?? [];
  const ends = [from, to].filter((end) => end !== undefined);
  if (name === undefined)
    return { problem: "can't be read", hint: "write train, train[:500], train[100:200] or train[10%:20%]" };
  if (ends.some((end) => end.startsWith("-")))
    return { problem: "counts from the end", hint: "count from the start, in rows or percent" };
  const percent = ends.filter((end) => end.endsWith("%")).length;
  if (percent === 1 && ends.length === 2)
    return { problem: "mixes rows and percent", hint: "write both ends in rows, or both in percent" };
  const slice = { from: endOf(from) ?? 0, to: endOf(to), unit: percent > 0 ? "percent" : "rows" } as const;
  const most = slice.unit === "percent" ? 100 : Number.POSITIVE_INFINITY;
  if (slice.from >= (slice.to ?? most) || (slice.to ?? 0) > most)
    return { problem: "holds no rows", hint: "the first number is below the second, and percent go to 100" };
  return { name, slice: slice.from === 0 && slice.to === null ? null : slice };
}

function endOf(text: string | undefined): number | null {
  return text === undefined ? null : Number(text.replace("%", ""));
}

/** The text that {@link parseSplit} reads as this split. */
export function splitText({ name, slice }: Split): string {
  if (slice === null) return name;
  const mark = slice.unit === "percent" ? "%" : "";
  const from = slice.from === 0 ? "" : `${slice.from}${mark}`;
  return `${name}[${from}:${slice.to === null ? "" : `${slice.to}${mark}`}]`;
}
