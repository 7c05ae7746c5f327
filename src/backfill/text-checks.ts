// SPDX-License-Identifier: Apache-2.0
import { isAscii } from "../core/text.ts";

// Each test is linear in the text: a model chose what stands in it.

/** Words of a text, lower-cased; the apostrophe stays in its word. */
export function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}][\p{L}\p{N}'’]*/gu) ?? [];
}

/**
 * How a refusal begins, with straight apostrophes. What follows decides: "I'm sorry, but I can't find my card" and
 * "I'm unable to log in" are what customers say.
 */
const REFUSALS: readonly RegExp[] = [
  /^(?:(?:i'm|i am) )?(?:(?:so|very) )?sorry,? (?:but )?(?:i|we) (?:can't|cannot|can not|won't|am unable to|am not able to) (?:assist|help|provide|fulfill?|comply|create|generate|write|produce|engage|answer|respond|support|do th(?:at|is)|continue|discuss|share)\b/,
  /^(?:(?:unfortunately|sorry),? )?i(?: can't| cannot| can not|'m unable to| am unable to|'m not able to| won't) (?:assist|help) (?:you )?with (?:th(?:at|is|ese|ose)|your request)\b/,
  /^(?:(?:unfortunately|sorry),? )?i(?: can't| cannot| can not|'m unable to| am unable to|'m not able to| won't) (?:fulfill?|comply|provide|create|generate|write|produce) (?:with )?(?:th(?:at|is|ese|ose)|such|any|content|texts?|examples?|your request)\b/,
  /^(?:i'm|i am) sorry, as an\b/,
  /^lo siento, pero no puedo (?:ayudar|cumplir|generar|crear|escribir|proporcionar)/,
  /^je suis désolée?, mais je ne peux pas (?:vous )?(?:aider|répondre|fournir|générer|créer|écrire)/,
  /^es tut mir leid, aber ich kann (?:dir |ihnen )?(?:dabei |damit )?(?:nicht (?:helfen|weiterhelfen)|diese|keine)/,
  /\bas an? (?:ai(?:,| i\b| (?:language model|model|assistant|chatbot)\b)|(?:large )?language model\b)/,
];
/** "As an AI language model" after a few words of politeness is a refusal too. */
const REFUSAL_REACH = 80;

/** Whether a text says that its writer will not write it. */
export function isRefusal(text: string): boolean {
  const start = text.slice(0, REFUSAL_REACH).toLowerCase().replaceAll("’", "'");
  return REFUSALS.some((opening) => opening.test(start));
}

/** What stands for something that was never filled in. */
const PLACEHOLDER =
  /\[[A-Za-z][A-Za-z _-]{1,40}\]|<[A-Za-z][A-Za-z _-]{1,40}>|\{\{?[A-Za-z][A-Za-z _-]{0,40}\}?\}|(?<![\p{L}\p{N}@_])_{3,}(?![\p{L}\p{N}_])|\blorem ipsum\b|\b(?:insert|your) [a-z]+ here\b/iu;

export function hasPlaceholder(text: string): boolean {
  return PLACEHOLDER.test(text);
}

/** "Example 1:", "Row 12 -", "text_a:", "Label: x": the list around a row instead of the row. */
const LIST_MARK =
  /^(?:example|row|text|message|query|sentence|item|sample)[ _]?(?:\d+|[ab])\s?[:.)-]|^label\s?:|^\d{1,3}[.)] /i;

export function hasListMark(text: string): boolean {
  return LIST_MARK.test(text);
}

/** Words of a run that no two texts share by chance. */
const ECHO_WORDS = 7;

/** Every run of {@link ECHO_WORDS} words of an instruction. */
export function echoRuns(instruction: string): ReadonlySet<string> {
  return new Set(runsOf(wordsOf(instruction), ECHO_WORDS));
}

/** Whether a text repeats a run of an instruction. */
export function echoes(text: string, runs: ReadonlySet<string>): boolean {
  return runsOf(wordsOf(text), ECHO_WORDS).some((run) => runs.has(run));
}

function runsOf(words: readonly string[], length: number): string[] {
  const runs: string[] = [];
  for (let i = 0; i + length <= words.length; i++) runs.push(words.slice(i, i + length).join(" "));
  return runs;
}

/** A text under so many words repeats itself by nature ("no no no"). */
const FEW_WORDS = 12;
/** Different runs of three words among all: real texts are above .9, loops far below. */
const LEAST_VARIETY = 0.5;

/** Whether a text says the same again and again (ollama#3354, outlines#1131). */
export function isLooped(text: string): boolean {
  const words = wordsOf(text);
  if (words.length < FEW_WORDS) return hasLongRun(text);
  const runs = runsOf(words, 3);
  return new Set(runs).size < LEAST_VARIETY * runs.length || hasLongRun(text);
}

/** One character over and over: nobody writes that many. */
function hasLongRun(text: string): boolean {
  return /(.)\1{31}/u.test(text);
}

/** Scripts that are told apart; of others nothing is said. */
const SCRIPTS: readonly (readonly [name: string, letters: RegExp])[] = [
  ["latin", /\p{Script=Latin}/u],
  ["cyrillic", /\p{Script=Cyrillic}/u],
  ["greek", /\p{Script=Greek}/u],
  ["arabic", /\p{Script=Arabic}/u],
  ["hebrew", /\p{Script=Hebrew}/u],
  ["devanagari", /\p{Script=Devanagari}/u],
  ["thai", /\p{Script=Thai}/u],
  ["hangul", /\p{Script=Hangul}/u],
  ["kana", /[\p{Script=Hiragana}\p{Script=Katakana}]/u],
  ["han", /\p{Script=Han}/u],
];
export type ScriptCounts = ReadonlyMap<string, number>;

/** Letters of a text by script. */
export function scriptsOf(text: string): ScriptCounts {
  const counts = new Map<string, number>();
  if (isAscii(text)) {
    const letters = text.match(/[A-Za-z]/g)?.length ?? 0;
    return letters === 0 ? counts : counts.set("latin", letters);
  }
  for (const character of text) {
    if (!/\p{L}/u.test(character)) continue;
    const name = SCRIPTS.find(([, letters]) => letters.test(character))?.[0] ?? "other";
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** Scripts of languages, by the first part of their code; all others are written in Latin letters, or in several. */
const LANGUAGE_SCRIPTS: Readonly<Record<string, readonly string[]>> = {
  ru: ["cyrillic"],
  uk: ["cyrillic"],
  be: ["cyrillic"],
  bg: ["cyrillic"],
  mk: ["cyrillic"],
  kk: ["cyrillic"],
  mn: ["cyrillic"],
  el: ["greek"],
  ar: ["arabic"],
  fa: ["arabic"],
  ur: ["arabic"],
  he: ["hebrew"],
  hi: ["devanagari"],
  mr: ["devanagari"],
  ne: ["devanagari"],
  th: ["thai"],
  ko: ["hangul", "han"],
  ja: ["kana", "han"],
  zh: ["han"],
  en: ["latin"],
  de: ["latin"],
  fr: ["latin"],
  es: ["latin"],
  pt: ["latin"],
  it: ["latin"],
  nl: ["latin"],
  pl: ["latin"],
  cs: ["latin"],
  sv: ["latin"],
  da: ["latin"],
  nb: ["latin"],
  no: ["latin"],
  fi: ["latin"],
  tr: ["latin"],
  ro: ["latin"],
  hu: ["latin"],
  id: ["latin"],
  vi: ["latin"],
};

/** The scripts that a language is written in; empty where that is not known, or where there are several. */
export function scriptsOfLanguage(code: string): readonly string[] {
  const [language = "", ...more] = code.split("-");
  // `sr-Latn`, `zh-Hant`: a script that is named is not second-guessed.
  if (more.some((part) => part.length === 4)) return [];
  return Object.hasOwn(LANGUAGE_SCRIPTS, language) ? (LANGUAGE_SCRIPTS[language] ?? []) : [];
}
