// SPDX-License-Identifier: Apache-2.0
import type { TaskDefinition } from "../core/task.ts";
import { canonicalJson, sha256 } from "../storage/digest.ts";
import type { Answer, Inquiry, Question } from "./inquiry.ts";
import type { Shown } from "./pools.ts";
import { judgePrompt, type Prompt } from "./prompt.ts";
import { type Judgement, readJudgements } from "./reading.ts";
import type { Uselessness } from "./standstill.ts";
import type { Wording } from "./wording.ts";

/** Why a text gets no label; those first that a person can decide soonest. */
export const LABEL_DOUBTS = [
  "disagreement", // the two answers differ
  "no_label", // the LLM says that none fits
  "unknown_label", // it names one that the task does not have
  "no_answer", // it says nothing of the text, or not in a form that can be read
] as const;
export type LabelDoubt = (typeof LABEL_DOUBTS)[number];

/** What an LLM says of a text. */
export interface LabelledText {
  readonly row: Shown;
  /** Null where there is doubt; its words are in `first` and `second` then, labels of the task or null. */
  readonly label: string | null;
  readonly doubt: LabelDoubt | null;
  readonly first: string | null;
  readonly second: string | null;
  /** In [0, 1], the lower one of two; null where it does not say. */
  readonly confidence: number | null;
}

export type Judgements = readonly (Judgement | null)[];

/** What asking for a batch brought and took. */
export interface LabelledBatch {
  readonly texts: readonly LabelledText[];
  readonly answers: readonly Answer<Judgements>[];
  /** Why there is not one label of the task in the answers; null where there is one. */
  readonly useless: Uselessness | null;
}

/** Whom to ask for labels, and how. */
export interface Labelling {
  readonly wording: Wording;
  readonly task: TaskDefinition;
  /** Asks a second time, with the labels in reverse order, and doubts what does not agree. */
  readonly verify: boolean;
  readonly inquiry: Inquiry;
}

/** Times that a batch is halved for a small context before its texts are given up. */
const MOST_HALVINGS = 3;

/**
 * Asks for the labels of a batch. Null where `stop` was aborted before it was asked a second time; `halt` gives
 * up what is in flight. Throws what {@link Inquiry.ask} throws.
 */
export async function labelBatch(
  labelling: Labelling,
  batch: readonly Shown[],
  { stop, halt }: { readonly stop: AbortSignal | undefined; readonly halt: AbortSignal },
): Promise<LabelledBatch | null> {
  const first = await askRound(labelling, batch, 0, halt);
  const rounds = [first];
  if (labelling.verify && first.answers.some(({ value }) => value !== null)) {
    if (stop?.aborted === true) return null;
    rounds.push(await askRound(labelling, batch, 1, halt));
  }
  const texts = batch.map((row, i) =>
    labelled(
      row,
      rounds.map(({ words }) => words[i] ?? null),
    ),
  );
  return { texts, answers: rounds.flatMap(({ answers }) => answers), useless: uselessness(first) };
}

/** What was said of each text of a batch, the first time or the second. */
interface Round {
  readonly words: readonly (Word | null)[];
  readonly answers: readonly Answer<Judgements>[];
}

interface Word extends Pick<Judgement, "label" | "confidence"> {
  /** Whether the task has the label, or it is that none fits. */
  readonly known: boolean;
}

/** A prompt that is too long for the server holds too many texts: halves may do. */
async function askRound(
  labelling: Labelling,
  texts: readonly Shown[],
  round: number,
  halt: AbortSignal,
  halvings = MOST_HALVINGS,
): Promise<Round> {
  const answer = await labelling.inquiry.ask(labelQuestion(labelling, texts, round), halt);
  if (answer.record.fault !== "overlong" || halvings === 0 || texts.length === 1)
    return { words: wordsOf(answer.value ?? [], texts.length, labelling.task), answers: [answer] };
  const half = Math.ceil(texts.length / 2);
  const a = await askRound(labelling, texts.slice(0, half), round, halt, halvings - 1);
  const b = await askRound(labelling, texts.slice(half), round, halt, halvings - 1);
  return { words: [...a.words, ...b.words], answers: [answer, ...a.answers, ...b.answers] };
}

/** Follows from the texts and the round alone, wherever in a file they stand. */
function labelQuestion(
  { wording, task }: Pick<Labelling, "wording" | "task">,
  texts: readonly Shown[],
  round: number,
): Question<Judgements> {
  const prompt = labelPrompt(wording, task, texts, round);
  return {
    purpose: "label",
    task: task.name,
    label: null,
    slot: round,
    stream: `label ${task.name} ${prompt.digest} ${round}`,
    greedy: true,
    prompt: () => prompt,
    read: (text, { canary }) => readJudgements(text, canary),
  };
}

/** The prompt of a request for the labels of texts. */
export function labelPrompt(
  wording: Wording,
  task: TaskDefinition,
  texts: readonly Shown[],
  round: number,
): Prompt {
  const digest = sha256(canonicalJson(texts.map(({ text, textB }) => [text, textB])));
  // Turned around the second time: whichever of two labels stood first stands last then, and a model that
  // prefers the first gives itself away. Two draws would agree every other time where there are two labels.
  return judgePrompt(wording, task, texts, "label", digest, round === 1);
}

/** The first word on each text. */
function wordsOf(judgements: Judgements, texts: number, { labels }: TaskDefinition): (Word | null)[] {
  const names = new Set(labels.map(({ name }) => name));
  const words = Array.from({ length: texts }, (): Word | null => null);
  for (const one of judgements) {
    if (one === null || one.n < 1 || one.n > texts || words[one.n - 1] !== null) continue;
    const { label, confidence } = one;
    words[one.n - 1] = { label, confidence, known: label === null || names.has(label) };
  }
  return words;
}

function labelled(row: Shown, words: readonly (Word | null)[]): LabelledText {
  const said = words.map((word) => (word?.known === true ? word.label : null));
  const [first = null, second = null] = said;
  const sure = words.flatMap((word) => word?.confidence ?? []);
  const confidence = sure.length === words.length ? Math.min(...sure) : null;
  const doubt = doubtOf(words);
  return { row, label: doubt === null ? first : null, doubt, first, second, confidence };
}

function doubtOf(words: readonly (Word | null)[]): LabelDoubt | null {
  if (words.includes(null)) return "no_answer";
  if (words.some((word) => word?.known === false)) return "unknown_label";
  if (words.some((word) => word?.label !== words[0]?.label)) return "disagreement";
  return words[0]?.label === null ? "no_label" : null;
}

function uselessness({ words, answers }: Round): Uselessness | null {
  if (words.some((word) => word?.known === true)) return null;
  const last = answers.at(-1);
  return last?.value === null ? (last.faults.at(-1) ?? null) : "unknown_labels";
}
