// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { proposeRoles, roleOfFile } from "../../src/data/column-roles.ts";
import type { ColumnProfile, Survey, ValueKind } from "../../src/data/survey.ts";

/** kind, distinct of 1000 values, mean words, and the first values. */
type Spec = readonly [ValueKind, number, number, ...string[]];

function survey(specs: Readonly<Record<string, Spec>>): Survey {
  const columns = Object.entries(specs).map(([path, [kind, distinct, words, ...values]]): ColumnProfile => {
    const frequent = values.map((value) => ({ value, rows: 10 }));
    return {
      path,
      kind,
      sqlType: "VARCHAR",
      sql: `"${path}"`,
      filled: 1000,
      distinct,
      length: words * 6 + 8,
      words,
      frequent,
    };
  });
  return { rows: 1000, sampled: 1000, columns, nested: [] };
}

const roles = (
  specs: Readonly<Record<string, Spec>>,
  texts: string[] | null = null,
  label: string | null = null,
) => proposeRoles(survey(specs), { texts, label }, "x.csv");

describe("what columns are for", () => {
  it.each<[string, Readonly<Record<string, Spec>>, string[], string]>([
    ["plain names", { text: ["text", 990, 12], label: ["text", 7, 1] }, ["text"], "label"],
    [
      "a spreadsheet's names",
      {
        "Ticket ID": ["text", 1000, 1],
        "Customer Message": ["text", 950, 20],
        Queue: ["text", 9, 1],
        "Created At": ["date", 900, 2],
      },
      ["Customer Message"],
      "Queue",
    ],
    [
      "ids, addresses and dates beside them",
      {
        id: ["integer", 1000, 1],
        url: ["address", 1000, 1],
        date: ["date", 30, 1],
        body: ["text", 999, 80],
        is_spam: ["boolean", 2, 1],
      },
      ["body"],
      "is_spam",
    ],
    [
      "a number of stars",
      { review: ["text", 1000, 50], stars: ["integer", 5, 1], votes: ["integer", 300, 1] },
      ["review"],
      "stars",
    ],
    [
      "names and their numbers",
      { text: ["text", 1000, 9], label: ["integer", 6, 1], label_text: ["text", 6, 1] },
      ["text"],
      "label_text",
    ],
    ["500 intents", { utterance: ["text", 1000, 8], intent: ["text", 450, 1] }, ["utterance"], "intent"],
    ["columns of other names", { c1: ["text", 980, 14], c2: ["text", 4, 1] }, ["c1"], "c2"],
    [
      "a title and a body",
      { title: ["text", 990, 6], body: ["text", 990, 90], category: ["text", 12, 1] },
      ["body"],
      "category",
    ],
    [
      "premise and hypothesis",
      { premise: ["text", 300, 14], hypothesis: ["text", 990, 8], label: ["integer", 3, 1] },
      ["premise", "hypothesis"],
      "label",
    ],
    [
      "numbered sentences",
      {
        sentence1: ["text", 990, 14],
        sentence2: ["text", 990, 14],
        idx: ["integer", 1000, 1],
        label: ["integer", 2, 1],
      },
      ["sentence1", "sentence2"],
      "label",
    ],
    [
      "sides of a match",
      { left_name: ["text", 990, 6], right_name: ["text", 990, 6], label: ["boolean", 2, 1] },
      ["left_name", "right_name"],
      "label",
    ],
    [
      "numbers inside names",
      {
        Quality: ["integer", 2, 1],
        "#1 ID": ["integer", 1000, 1],
        "#1 String": ["text", 990, 12],
        "#2 String": ["text", 990, 12],
      },
      ["#1 String", "#2 String"],
      "Quality",
    ],
    [
      "numbers of 28 emotions",
      { comment_id: ["text", 1000, 1], body: ["text", 990, 12], emotion_ids: ["integer", 28, 1] },
      ["body"],
      "emotion_ids",
    ],
    ["a script without spaces", { 文: ["text", 990, 1], label: ["text", 3, 1] }, ["文"], "label"],
    [
      "a field of a STRUCT",
      { "data.text": ["text", 990, 9], "meta.label": ["text", 3, 1] },
      ["data.text"],
      "meta.label",
    ],
  ])("%s", (_, specs, texts, label) => {
    expect(roles(specs)).toMatchObject({ texts, label });
  });

  it("finds a split, a language and a group, none of which is the label", () => {
    const found = roles({
      text: ["text", 990, 9],
      label: ["text", 3, 1, "a", "b", "c"],
      split: ["text", 3, 1, "train", "validation", "test"],
      lang: ["text", 2, 1, "en", "pt-BR"],
      conversation_id: ["integer", 250, 1, "1"],
    });
    expect(found).toMatchObject({
      label: "label",
      split: "split",
      language: "lang",
      group: "conversation_id",
    });
    expect(found.otherLabels).toEqual([]);
  });

  it("takes what is given, and says what else there is", () => {
    const specs: Record<string, Spec> = {
      a: ["text", 990, 9],
      b: ["text", 990, 9],
      kind: ["text", 3, 1],
      team: ["text", 4, 1],
    };
    expect(roles(specs, ["b", "a"], "team")).toMatchObject({
      texts: ["b", "a"],
      label: "team",
      otherLabels: ["kind"],
    });
  });

  it.each<[string, Readonly<Record<string, Spec>>, string]>([
    ["one column", { text: ["text", 990, 9] }, 'there is one column, "text"'],
    ["no label", { text: ["text", 990, 9], id: ["integer", 1000, 1] }, "no column looks like a label"],
    ["no text", { label: ["text", 3, 1], n: ["number", 900, 1] }, "no column looks like texts"],
  ])("%s is an error that lists the columns", (_, specs, message) => {
    expect(() => roles(specs)).toThrow(
      expect.objectContaining({ code: "COLUMN_MISSING", message: expect.stringContaining(message) }),
    );
  });
});

it.each([
  ["train.csv", "train"],
  ["reviews-test.parquet", "test"],
  ["data_dev.jsonl", "eval"],
  ["validation-00000-of-00001.parquet", "eval"],
  ["latest.csv", null],
  ["testimonials.csv", null],
])("the name %s says %s", (name, role) => {
  expect(roleOfFile(name)).toBe(role);
});
