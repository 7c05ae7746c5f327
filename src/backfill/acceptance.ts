// SPDX-License-Identifier: Apache-2.0
import { singleText } from "../core/text-column.ts";
import { cleanCell } from "../data/cleaning.ts";
import type { RowTexts } from "../data/exact-duplicates.ts";
import { GramSet } from "../data/gram-set.ts";
import type { Shown } from "./pools.ts";
import { type LabelNameUse, saysName, sidesOf, type TaskProfile } from "./profile.ts";
import type { Prompt } from "./prompt.ts";
import type { ReplyItem } from "./reading.ts";
import {
  echoes,
  echoRuns,
  hasListMark,
  hasPlaceholder,
  isLooped,
  isRefusal,
  scriptsOf,
  scriptsOfLanguage,
} from "./text-checks.ts";

/** Why an item of a reply is not taken; each is counted, with examples. */
export const REJECTIONS = [
  "surplus", // beyond the number that was asked for
  "wrong_shape", // not the fields that were asked for
  "empty_text", // nothing is left of it
  "invalid_text", // an unpaired surrogate, NUL, or U+FFFD: bytes were lost on the way
  "too_long", // far longer than the real rows, or than any text may be
  "wrong_script", // in other letters than the language, or the real rows
  "refusal", // the model declines, where real rows do not
  "placeholder", // "[NAME]", where real rows have none
  "list_mark", // "Example 1:", "Label:", where real rows have none
  "prompt_echo", // words of the instructions
  "label_given_away", // says the label's name, where real rows do not
  "looped", // the same again and again
  "copy_of_seed", // a copy or a near-copy of a text in its prompt
  "judge_disagrees", // a blind second call gives another label, or none
  "judge_silent", // or says nothing of it
  "copy_of_heldout", // a copy or a near-copy of a row of test or eval
  "copy_of_row", // the same text as a real row
  "copy_of_accepted", // a copy or a near-copy of an accepted row
  "not_needed", // its label has its target
] as const;
export type Rejection = (typeof REJECTIONS)[number];

/** What became of one item of a reply. */
export type Checked =
  | { readonly row: Shown; readonly rejection: null }
  | { readonly row: Shown | null; readonly rejection: Rejection };

/** What every item of one reply is held against. */
export interface CheckContext {
  readonly profile: TaskProfile;
  readonly label: LabelNameUse;
  readonly prompt: Prompt;
  /** Runs of words of the wording: see {@link echoRuns}. */
  readonly instructions: ReadonlySet<string>;
  /** Jaccard of character 3-grams from which on two texts are near-copies. */
  readonly threshold: number;
  /** Rows that were asked for. */
  readonly rows: number;
}

/**
 * Holds the items of a reply against all that does not depend on other replies, in their order: the same
 * reply to the same prompt always comes to the same.
 */
export function checkItems(items: readonly ReplyItem[], context: CheckContext): Checked[] {
  const seeds = context.prompt.shown.map((shown) => gramsOf(shown));
  return items.map((item, i) => {
    if (i >= context.rows) return { row: item, rejection: "surplus" };
    if (item === null) return { row: null, rejection: "wrong_shape" };
    const sides = sidesOf(item).map(cleanCell);
    const failed = sides.find(({ reason }) => reason !== null)?.reason;
    if (failed !== undefined && failed !== null) return { row: item, rejection: cleaningRejection(failed) };
    const row: Shown = {
      text: sides[0]?.text ?? "",
      textB: item.textB === null ? null : (sides[1]?.text ?? ""),
    };
    const rejection = rejectionOf(item, row, context, seeds);
    return rejection === null ? { row, rejection } : { row, rejection };
  });
}

function cleaningRejection(reason: string): Rejection {
  return reason === "too_long" || reason === "empty_text" ? reason : "invalid_text";
}

/** In the order of their costs. `raw` is the item as it came. */
function rejectionOf(
  raw: Shown,
  row: Shown,
  context: CheckContext,
  seeds: readonly GramSet[],
): Rejection | null {
  const { profile, label, prompt, instructions } = context;
  const sides = sidesOf(row);
  // What a decoder puts where bytes were lost; cleaning removes NUL, so the raw text is looked at.
  if (sidesOf(raw).some((text) => text.includes("\ufffd") || text.includes("\0"))) return "invalid_text";
  if (sides.some((text) => text.length > profile.mostLength)) return "too_long";
  if (sides.some((text) => isWrongScript(text, prompt.language, profile))) return "wrong_script";
  if (!profile.refusals && sides.some(isRefusal)) return "refusal";
  if (!profile.placeholders && sides.some(hasPlaceholder)) return "placeholder";
  if (!profile.listMarks && sides.some(hasListMark)) return "list_mark";
  if (sides.some((text) => text.includes(prompt.canary) || echoes(text, instructions))) return "prompt_echo";
  if (label.tells && saysName(row, label.words)) return "label_given_away";
  if (sides.some(isLooped)) return "looped";
  return seeds.some((seed) => similarity(seed, row) >= context.threshold) ? "copy_of_seed" : null;
}

/** Letters of scripts that are not the language's, from which share of all on a text is in the wrong one. */
const STRANGE_SHARE = 0.5;
const DENSE: ReadonlySet<string> = new Set(["han", "kana", "hangul"]);
const DENSE_WEIGHT = 3;

function isWrongScript(text: string, language: string, profile: TaskProfile): boolean {
  const expected = language === "" ? [...profile.scripts] : scriptsOfLanguage(language);
  if (expected.length === 0) return false;
  let [all, strange] = [0, 0];
  for (const [script, letters] of scriptsOf(text)) {
    // A sign for a whole syllable or word says as much as a few letters: a brand in Latin ones is soon half of a line.
    const weight = DENSE.has(script) ? DENSE_WEIGHT : 1;
    all += weight * letters;
    if (!expected.includes(script)) strange += weight * letters;
  }
  return strange > STRANGE_SHARE * all;
}

function textsOf({ text, textB }: Shown): RowTexts {
  return { length: 1, text: singleText(text), textB: textB === null ? null : singleText(textB) };
}

function gramsOf(shown: Shown): GramSet {
  const grams = new GramSet();
  grams.read(textsOf(shown), 0);
  return grams;
}

/** Jaccard of the character 3-grams of a set and a row: what deduplication calls near. */
function similarity(set: GramSet, row: Shown): number {
  const size = set.size;
  const texts = textsOf(row);
  const common = set.countCommon(texts, 0);
  return common / (size + gramsOf(row).size - common);
}

/** The instructions of a wording, for {@link CheckContext.instructions}; guidance of labels is among them. */
export function instructionRuns(texts: readonly string[]): ReadonlySet<string> {
  return new Set(texts.flatMap((text) => [...echoRuns(text)]));
}
