// SPDX-License-Identifier: Apache-2.0
import type { TaskDefinition } from "../core/task.ts";
import type { Answer, Inquiry, Question } from "./inquiry.ts";
import type { Shown } from "./pools.ts";
import { judgePrompt } from "./prompt.ts";
import { type Judgement, readJudgements } from "./reading.ts";
import type { Wording } from "./wording.ts";

/** Why a text gets no label. */
export type LabelDoubt =
  | "disagreement" // the two answers differ
  | "no_label" // the LLM says that none fits
  | "no_answer"; // it says nothing of the text, or not in a form that can be read

/** What an LLM says of a text. */
export interface LabelledText {
  readonly row: Shown;
  /** Null where there is doubt; its first word is in `first` then. */
  readonly label: string | null;
  readonly doubt: LabelDoubt | null;
  readonly first: string | null;
  readonly second: string | null;
  /** In [0, 1], the lower one of two; null where it does not say. */
  readonly confidence: number | null;
}

/** The texts of one request. */
export interface LabelBatch {
  /** Its number among those of the task, from 0. */
  readonly slot: number;
  readonly texts: readonly Shown[];
}

export type Judgements = readonly (Judgement | null)[];

/** What asking for a batch brought and took. */
export interface LabelledBatch {
  readonly texts: readonly LabelledText[];
  readonly answers: readonly Answer<Judgements>[];
}

/**
 * Asks for the labels of a batch; with `verify` a second time, with the labels in another order, and what does not
 * agree is in doubt. Throws what {@link Inquiry.ask} throws.
 */
export async function labelBatch(
  wording: Wording,
  task: TaskDefinition,
  batch: LabelBatch,
  verify: boolean,
  inquiry: Inquiry,
  signal: AbortSignal | undefined,
): Promise<LabelledBatch> {
  const ask = (round: number) => inquiry.ask(labelQuestion(wording, task, batch, round), signal);
  const answers = [await ask(0)];
  if (verify) answers.push(await ask(1));
  const words = answers.map(({ value }) => wordsByNumber(value ?? [], task));
  const texts = batch.texts.map((row, i) =>
    labelled(
      row,
      words.map((one) => one.get(i + 1)),
    ),
  );
  return { texts, answers };
}

function labelQuestion(
  wording: Wording,
  task: TaskDefinition,
  { slot, texts }: LabelBatch,
  round: number,
): Question<Judgements> {
  const stream = `label ${task.name} ${slot} ${round}`;
  const prompt = judgePrompt(wording, task, texts, "label", stream);
  return {
    purpose: "label",
    task: task.name,
    label: null,
    slot,
    stream,
    greedy: true,
    prompt: () => prompt,
    read: (text, { canary }) => readJudgements(text, canary),
  };
}

/** The first word on each text; a label that the task does not have is none. */
function wordsByNumber(judgements: Judgements, { labels }: TaskDefinition): ReadonlyMap<number, Judgement> {
  const known = new Set(labels.map(({ name }) => name));
  const words = new Map<number, Judgement>();
  for (const one of judgements) {
    if (one === null || words.has(one.n) || (one.label !== null && !known.has(one.label))) continue;
    words.set(one.n, one);
  }
  return words;
}

function labelled(row: Shown, words: readonly (Judgement | undefined)[]): LabelledText {
  const said = words.map((word) => (word === undefined ? undefined : word.label));
  const [first, second] = [said[0] ?? null, said[1] ?? null];
  const sure = words.flatMap((word) => word?.confidence ?? []);
  const confidence = sure.length === words.length ? Math.min(...sure) : null;
  const doubt = doubtOf(said);
  return { row, label: doubt === null ? first : null, doubt, first, second, confidence };
}

function doubtOf(said: readonly (string | null | undefined)[]): LabelDoubt | null {
  if (said.includes(undefined)) return "no_answer";
  if (said.some((label) => label !== said[0])) return "disagreement";
  return said[0] === null ? "no_label" : null;
}
