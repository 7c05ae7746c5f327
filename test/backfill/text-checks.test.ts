// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import {
  echoes,
  echoRuns,
  hasListMark,
  hasPlaceholder,
  isLooped,
  isRefusal,
  scriptsOf,
  scriptsOfLanguage,
  wordsOf,
} from "../../src/backfill/text-checks.ts";
import { expectLinear } from "../support/timing.ts";

describe("refusals", () => {
  it.each([
    "I'm sorry, but I can't help with that.",
    "I’m sorry, but I can’t write this",
    "As an AI language model, I do not have preferences.",
    "Thanks for asking! As a language model I don't eat",
    "I cannot assist with this request",
    "Lo siento, pero no puedo ayudar con eso",
    "Je suis désolé, mais je ne peux pas vous aider avec cela.",
    "Es tut mir leid, aber ich kann dabei nicht helfen.",
    "I'm sorry, as an assistant I have to decline.",
    "Sorry, I cannot provide examples of that kind.",
    "Unfortunately, I can't help with that.",
    "I'm unable to fulfill this request.",
    "I cannot generate such content.",
    "As an AI, I have no opinion on that.",
  ])("are seen: %s", (text) => expect(isRefusal(text)).toBe(true));

  it.each([
    "I'm sorry I missed your call, can we talk tomorrow?",
    "Sorry, wrong number",
    "I cannot find my card anywhere",
    "We work as a team",
    "I'm unable to use contactless payments since Monday",
    "I'm unable to log in, help",
    "I am unable to find the refund that you promised",
    "I'm sorry, but I can't find anything else there, shall I look elsewhere?",
    "Sorry, but I can make it at six",
    "I'm sorry but I can see two charges on my card",
    "I can't help but wonder who pays for all this",
    "I cannot provide a landline number, only a mobile",
    "I won't write to them again, they never answer",
    "As AI gets cheaper, who still hires juniors?",
    "I worked as an AI researcher for ten years",
    "Es tut mir leid, aber ich kann heute nicht zum Training kommen",
    "Lo siento, pero no puedo ir mañana",
  ])("are not what people say: %s", (text) => expect(isRefusal(text)).toBe(false));
});

describe("placeholders", () => {
  it.each([
    "Hi [Name], how are you?",
    "call <phone number>",
    "I am {{name}}",
    "my name is ____",
    "Lorem ipsum dolor",
    "insert name here",
  ])("are seen: %s", (text) => expect(hasPlaceholder(text)).toBe(true));

  it.each([
    "thanks @sam____ for the lift",
    "a____b",
    "@___tom said so",
    "a [1] and a <3",
    "x < y > z",
    "arr[i] = {}",
    "snake_case __init__",
  ])("are not these: %s", (text) => expect(hasPlaceholder(text)).toBe(false));
});

describe("marks of lists", () => {
  it.each([
    "Example 1: book a table",
    "1. book a table",
    "12) book",
    "text_a: I moved",
    "Label: food",
    "Row 3 - hello",
  ])("are seen: %s", (text) => expect(hasListMark(text)).toBe(true));

  it.each([
    "Example of a good day",
    "3 eggs and milk",
    "1.5 liters of water",
    "Rowing 3 times a week: yes or no",
    "Texting him now",
  ])("are not these: %s", (text) => expect(hasListMark(text)).toBe(false));
});

describe("echoes of the prompt", () => {
  const runs = echoRuns("Write what a real person or program would write, down to names and places.");

  it("are runs of seven words, whatever stands between them", () => {
    expect(echoes("I shall write: what a real person or program would say", runs)).toBe(true);
    expect(echoes("What a real person or program says", runs)).toBe(false);
    expect(echoes("short", runs)).toBe(false);
  });
});

describe("loops", () => {
  it.each([
    "I like tea and I like tea and I like tea and I like tea and I like tea",
    "a".repeat(40),
    "so good so good so good so good so good so good so good",
  ])("are seen: %s", (text) => expect(isLooped(text)).toBe(true));

  it.each([
    "no no no no no",
    "the dog that chased the cat that chased the rat ate the cheese that lay in the kitchen of the house",
    "Haaaaaaaaallo",
  ])("are not these: %s", (text) => expect(isLooped(text)).toBe(false));
});

describe("scripts", () => {
  it("are counted by letters", () => {
    expect(scriptsOf("Hello, 123!")).toEqual(new Map([["latin", 5]]));
    expect(scriptsOf("Привет Bob é")).toEqual(
      new Map([
        ["cyrillic", 6],
        ["latin", 4],
      ]),
    );
    expect(scriptsOf("日本語です")).toEqual(
      new Map([
        ["han", 3],
        ["kana", 2],
      ]),
    );
    expect(scriptsOf("123 !?")).toEqual(new Map());
  });

  it("belong to languages, where a language has one", () => {
    expect(scriptsOfLanguage("pt-BR")).toEqual(["latin"]);
    expect(scriptsOfLanguage("ja")).toEqual(["kana", "han"]);
    expect(scriptsOfLanguage("sr")).toEqual([]);
    expect(scriptsOfLanguage("ru-Latn")).toEqual([]);
    expect(scriptsOfLanguage("constructor")).toEqual([]);
  });
});

describe("words", () => {
  it("are runs of letters and digits, with their apostrophes, lower-cased", () => {
    expect(wordsOf("Don't PAY 20€ for café-au-lait!")).toEqual([
      "don't",
      "pay",
      "20",
      "for",
      "café",
      "au",
      "lait",
    ]);
  });
});

describe("the checks", () => {
  const checks = [isRefusal, hasPlaceholder, hasListMark, isLooped, scriptsOf, wordsOf];

  it.each(["[", "your a ", "a", "as an ", "{{a", "é'’", "_", "1) "])(
    "take time by the length of %j",
    (unit) => {
      expectLinear((text) => checks.map((check) => check(text)), unit);
    },
  );
});
