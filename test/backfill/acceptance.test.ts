// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { type CheckContext, checkItems, instructionRuns } from "../../src/backfill/acceptance.ts";
import type { Shown } from "../../src/backfill/pools.ts";
import { profileOf } from "../../src/backfill/profile.ts";
import { writePrompt } from "../../src/backfill/prompt.ts";
import { poolsOf, type SplitRow, taskOf, wordingWith } from "../support/backfill.ts";

const TASK = taskOf(["food", "night_shift"]);
const REAL: SplitRow[] = [
  { text: "how long do I boil an egg until it is hard", label: "food" },
  { text: "we need bread, butter and a bag of rice from the shop", label: "food" },
  { text: "good food is all I want tonight, nothing else matters", label: "food" },
  { text: "who takes my turn at the hospital on Friday from ten to six", label: "night_shift" },
  { text: "I have not slept since the ward filled up at midnight", label: "night_shift" },
];

function contextOf(real: readonly SplitRow[], label: 0 | 1, language = "", rows = 8): CheckContext {
  const pools = poolsOf(TASK, real);
  const languages = language === "" ? [] : [[language, 1] as const];
  const wording = wordingWith({ languages });
  const prompt = writePrompt(
    wording,
    { task: TASK, pools, isHeldOut: () => false, confusable: [] },
    { label, slot: 0, rows },
  );
  const profile = profileOf(TASK, pools);
  const name = profile.names[label];
  if (name === undefined) throw new Error("no such label");
  const instructions = instructionRuns([wording.prompts.write, TASK.description]);
  return { profile, label: name, prompt, instructions, threshold: 0.8, rows };
}

const single = (text: string): Shown => ({ text, textB: null });
const rejectionsOf = (context: CheckContext, ...texts: string[]) =>
  checkItems(texts.map(single), context).map(({ rejection }) => rejection);

describe("items of a reply", () => {
  const food = contextOf(REAL, 0);

  it("that are fit come out clean", () => {
    expect(checkItems([single("  fry the onions\u0000\n in  butter ")], { ...food })).toEqual([
      { row: single("fry the onions in butter"), rejection: "invalid_text" },
    ]);
    expect(checkItems([single("  fry the onions\n in  butter ")], food)).toEqual([
      { row: single("fry the onions in butter"), rejection: null },
    ]);
  });

  it.each([
    ["empty_text", " \n\t "],
    ["invalid_text", "half a pair \ud83d of bytes"],
    ["invalid_text", "a lost byte \ufffd here"],
    ["too_long", "more and more bread with butter ".repeat(20)],
    ["refusal", "I'm sorry, but I can't write about that."],
    ["placeholder", "Could [Name] bring the salad on Sunday?"],
    ["list_mark", "Example 3: peel the potatoes"],
    ["prompt_echo", "Here: What a real person or program would write, down to names, places, figures"],
    ["looped", "soup and bread and soup and bread and soup and bread and soup and bread and soup"],
    ["wrong_script", "сколько варить яйцо всмятку"],
    ["copy_of_seed", "How long do I boil an egg until it is hard?"],
  ])("are rejected: %s %j", (rejection, text) => {
    expect(rejectionsOf(food, text)).toEqual([rejection]);
  });

  it("beyond the number that was asked for are surplus, whatever they hold", () => {
    const two = contextOf(REAL, 0, "", 2);
    expect(rejectionsOf(two, "peel three carrots", "", "grate some cheese", "wash the salad")).toEqual([
      null,
      "empty_text",
      "surplus",
      "surplus",
    ]);
  });

  it("in the wrong shape have no texts", () => {
    expect(checkItems([null], food)).toEqual([{ row: null, rejection: "wrong_shape" }]);
  });

  it("may not repeat the canary", () => {
    expect(rejectionsOf(food, `my dish is called ${food.prompt.canary}`)).toEqual(["prompt_echo"]);
  });

  it("may say a label's name only where real rows do", () => {
    expect(rejectionsOf(food, "is there any food left for me")).toEqual([null]);
    expect(rejectionsOf(contextOf(REAL, 1), "swap the Night_Shift with me", "a night like this")).toEqual([
      "label_given_away",
      null,
    ]);
  });

  it("are in the letters of the language that was asked for", () => {
    const russian = contextOf(REAL, 0, "ru");
    expect(rejectionsOf(russian, "сколько варить яйцо всмятку", "how long to boil an egg softly")).toEqual([
      null,
      "wrong_script",
    ]);
  });

  it("may look like masked text where real rows do", () => {
    const masked = REAL.map((row) => ({ ...row, text: `${row.text} [CITY]` }));
    expect(rejectionsOf(contextOf(masked, 0), "the best pancakes of [CITY] are mine")).toEqual([null]);
  });

  it.each([
    ["refusals", "As an AI assistant, I don't have a body", "I'm sorry, but I can't help with that."],
    ["items of a list", "1. wash the rice", "2. fry the onions"],
  ])("may look like %s where real rows do", (_, real, text) => {
    const odd = [...REAL, { text: real, label: "food" }, { text: `${real} today`, label: "food" }];
    expect(rejectionsOf(contextOf(odd, 0), text)).toEqual([null]);
    expect(rejectionsOf(contextOf(REAL, 0), text)).not.toEqual([null]);
  });

  it("may have a brand in other letters, as long as they are written in the right ones", () => {
    const chinese = contextOf(REAL, 0, "zh");
    expect(
      rejectionsOf(
        chinese,
        "我的 iPhone 15 Pro Max 无法连接",
        "KFC 还开门吗",
        "please order it 吧",
        "where is my order",
      ),
    ).toEqual([null, null, "wrong_script", "wrong_script"]);
    const korean = contextOf(REAL, 0, "ko");
    expect(rejectionsOf(korean, "Netflix 결제가 안 돼요", "cancel Netflix now")).toEqual([
      null,
      "wrong_script",
    ]);
  });

  // What people write, and what a rule could take for a fault; nobody would miss a model's own.
  it.each([
    "soooooo hungry!!!!! where is the pizza????",
    "no. no. no. not the olives again",
    "2 eggs, 1 cup of milk - and what else?",
    "I'm sorry, but I can't eat nuts, what is in it?",
    "https://example.org/menu?item=12 is that still the price",
    "ate at 7, again at 9, and again at 11 :-)",
    '"best soup in town" my foot',
    "Egg. Bacon. Toast.",
    "the more I cook the more I want to cook, and the more I want to cook the less I want to eat out",
    "RT @cook____: who else had the lentils <3",
    "ok",
  ])("that people write are fit: %s", (text) => {
    expect(rejectionsOf(food, text)).toEqual([null]);
  });

  it("have length to spare where no real row tells", () => {
    const none = contextOf([], 0);
    expect(rejectionsOf(none, "b ".repeat(900).trim(), `${"word ".repeat(450)}`)).toEqual([
      "looped",
      "too_long",
    ]);
  });

  it("of pairs are held against both texts", () => {
    const pair = taskOf(["same", "other"], "pair");
    const pools = poolsOf(pair, [{ text: "I live in Rome", textB: "my flat is in Rome", label: "same" }]);
    const wording = wordingWith();
    const prompt = writePrompt(
      wording,
      { task: pair, pools, isHeldOut: () => false, confusable: [] },
      { label: 0, slot: 0, rows: 4 },
    );
    const profile = profileOf(pair, pools);
    const name = profile.names[0];
    if (name === undefined) throw new Error("no such label");
    const context = {
      profile,
      label: name,
      prompt,
      instructions: new Set<string>(),
      threshold: 0.8,
      rows: 4,
    };
    const items = [
      { text: "I work nights", textB: "she works by day" },
      { text: "I work nights", textB: "" },
      { text: "I work nights", textB: "as an AI I never sleep" },
      { text: "I live in Rome", textB: "My flat is in Rome." },
    ];
    expect(checkItems(items, context).map(({ rejection }) => rejection)).toEqual([
      null,
      "empty_text",
      "refusal",
      "copy_of_seed",
    ]);
  });
});
