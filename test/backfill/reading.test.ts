// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readJudgements, readRows } from "../../src/backfill/reading.ts";
import type { TaskDefinition } from "../../src/core/task.ts";

const task = (input: "text" | "pair"): TaskDefinition => ({
  name: "t",
  family: "f",
  input,
  objective: "classification",
  description: "",
  labels: [],
  default: null,
  targetPrecision: null,
  targetOutOfScopeRecall: null,
  minConfidence: null,
});
const TEXT = task("text");
const PAIR = task("pair");
const rows = (...texts: unknown[]) => JSON.stringify({ canary: "zumo", rows: texts });
const read = (text: string) => readRows(text, TEXT, "zumo");

describe("rows of a reply", () => {
  it("come in their order, those beyond what was asked for too", () => {
    expect(read(rows({ text: "one" }, { text: "two" })).value).toEqual([
      { text: "one", textB: null },
      { text: "two", textB: null },
    ]);
    const pair = JSON.stringify({ canary: "zumo", rows: [{ text_b: "b", text_a: "a" }] });
    expect(readRows(pair, PAIR, "zumo").value).toEqual([{ text: "a", textB: "b" }]);
  });

  it.each([
    ["one closed block of thinking", `<think>what would\n{"rows": []}?</think>\n${rows({ text: "one" })}`],
    ["the end of thinking that the server took the start of", `</think>${rows({ text: "one" })}`],
    ["one fence", `\`\`\`json\n${rows({ text: "one" })}\n\`\`\``],
    ["a fence after thinking", `<think>a</think>\`\`\`\n${rows({ text: "one" })}\n\`\`\``],
    ["white space", `\n\n ${rows({ text: "one" })} \n`],
  ])("are found behind %s", (_, text) => {
    expect(read(text)).toEqual({ value: [{ text: "one", textB: null }], fault: null });
  });

  it.each([
    ["unclosed_thought", "<think>hm, let me see"],
    ["not_json", "Sure! Here are your rows:"],
    ["not_json", ""],
    ["not_json", rows({ text: "one" }).slice(0, -3)],
    ["not_json", `\`\`\`\`\`\`json\n${rows({ text: "one" })}\n\`\`\`\`\`\``],
    ["wrong_shape", "[]"],
    ["wrong_shape", "null"],
    ["wrong_shape", JSON.stringify({ canary: "zumo", texts: [] })],
    ["wrong_shape", JSON.stringify({ canary: "zumo", rows: { text: "one" } })],
    ["wrong_shape", '{"canary":"zumo","rows":[{"text":"one","text":"two"}]}'],
    ["wrong_shape", '{"canary":"zumo","rows":[],"rows":[{"text":"a"}]}'],
    ["no_canary", JSON.stringify({ rows: [{ text: "one" }] })],
    ["no_canary", JSON.stringify({ canary: "zumi", rows: [{ text: "one" }] })],
    ["no_items", rows()],
  ])("are refused as a whole: %s %j", (fault, text) => {
    expect(read(text)).toEqual({ value: null, fault });
  });

  it.each([
    ["another key besides", { text: "one", label: "x" }],
    ["another key instead", { texts: "one" }],
    ["a number", { text: 7 }],
    ["null", { text: null }],
    ["an object", { text: { text: "one" } }],
    ["text alone", "one"],
    ["a list", ["one"]],
  ])("of another shape cost themselves alone: %s", (_, item) => {
    expect(read(rows(item, { text: "two" })).value).toEqual([null, { text: "two", textB: null }]);
  });

  it("take __proto__ for the key that it is", () => {
    const text = '{"canary":"zumo","rows":[{"__proto__":"one"},{"text":"two"}]}';
    expect(read(text).value).toEqual([null, { text: "two", textB: null }]);
  });

  it("do not follow a stranger's nesting", () => {
    const depth = 100_000;
    const text = `{"canary":"zumo","rows":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    expect(read(text).value).toEqual([null]);
  });

  it("are what was written, whatever characters they hold", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" }), { minLength: 1 }), (texts) => {
        expect(read(rows(...texts.map((text) => ({ text })))).value).toEqual(
          texts.map((text) => ({ text, textB: null })),
        );
      }),
    );
  });

  it("never throw", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const { value, fault } = read(text);
        expect(value === null).toBe(fault !== null);
      }),
    );
  });
});

describe("judgements of a reply", () => {
  it("are numbers with labels; null is no label, and odd ones are null", () => {
    const labels = [
      { n: 1, label: "red", confidence: 0.75 },
      { n: 2, label: null, confidence: 3 },
      { n: "3", label: "red" },
      { n: 4.5, label: "red" },
      { n: 5, label: 6 },
      "red",
    ];
    expect(readJudgements(JSON.stringify({ canary: "c", labels }), "c").value).toEqual([
      { n: 1, label: "red", confidence: 0.75 },
      { n: 2, label: null, confidence: null },
      null,
      null,
      null,
      null,
    ]);
  });
});
