// SPDX-License-Identifier: Apache-2.0
import type { TaskDefinition } from "../core/task.ts";
import { cleanCell } from "./cleaning.ts";

/** Why an accepted row does not join a task's rows. In the order in which they are looked for. */
export const REFUSALS = [
  "unknown_label", // the task has no such label (any more)
  "wrong_input", // a pair for a task that reads one text, or the other way round
  "unclean_text", // not what cleaning makes of it: no row of ours
  "not_needed", // its label has its target
  "copy_of_heldout", // a copy or a near-copy of a row of test or eval, or a pair that shares a text with one
  "copy_of_row", // the text of another row of the task
  "copy_of_accepted", // a copy or a near-copy of a row that has joined
] as const;
export type Refusal = (typeof REFUSALS)[number];

/** Why a candidate can't join the rows that are there. */
export type Clash = Extract<Refusal, "not_needed" | "copy_of_heldout" | "copy_of_row" | "copy_of_accepted">;

/** A made-up row as it was accepted, by names. */
export interface NamedRow {
  readonly text: string;
  readonly textB: string | null;
  readonly label: string;
  readonly language: string;
}

/** A made-up row of one task. */
export interface Candidate {
  /** Clean, as a row's text is. */
  readonly text: string;
  /** Null for single-text tasks. */
  readonly textB: string | null;
  /** Index into the task's labels. */
  readonly label: number;
  /** "" where none was asked for. */
  readonly language: string;
}

/** Gives what turns named rows into candidates of the task, or says why one can't be a row of it. */
export function candidatesOf({ labels, input }: TaskDefinition): (row: NamedRow) => Candidate | Refusal {
  const codes = new Map(labels.map(({ name }, index) => [name, index]));
  return ({ text, textB, label, language }) => {
    const code = codes.get(label);
    if (code === undefined) return "unknown_label";
    if ((textB === null) !== (input === "text")) return "wrong_input";
    if (!isClean(text) || (textB !== null && !isClean(textB))) return "unclean_text";
    return { text, textB, label: code, language };
  };
}

function isClean(text: string): boolean {
  return cleanCell(text).text === text;
}
