// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { completionRequest, judgePrompt, type PromptTask, writePrompt } from "../../src/backfill/prompt.ts";
import { poolsOf, type SplitRow, seedPool, taskOf, wordingWith } from "../support/backfill.ts";

const TASK = taskOf(["food", "travel", "money", "health", "work"]);
const ROWS: SplitRow[] = TASK.labels.flatMap(({ name }) =>
  Array.from({ length: 12 }, (_, i) => ({ text: `${name} text number ${i}`, label: name })),
);
const HELD: SplitRow[] = [
  { text: "held out food text", label: "food", split: "test" },
  { text: "kept back food text", label: "food", split: "eval" },
];
const OF: PromptTask = {
  task: TASK,
  pools: poolsOf(TASK, [...ROWS, ...HELD], {
    own: seedPool(["a seed of food", "a seed of anything"], [0, 0xffffffff]),
    shared: seedPool(["a shared seed", "a seed that is held out"]),
    loose: ["a loose text"],
  }),
  isHeldOut: ({ text }) => text === "a seed that is held out",
  confusable: [[], [0, 2]],
};
const WORDING = wordingWith();
const slots = (count: number, label = 0) =>
  Array.from({ length: count }, (_, slot) => writePrompt(WORDING, OF, { label, slot, rows: 5 }));
const user = (prompt: { readonly messages: readonly { readonly content: string }[] }) =>
  prompt.messages[1]?.content ?? "";

describe("a prompt for rows", () => {
  const [first] = slots(1);
  if (first === undefined) throw new Error("no prompt");

  it("follows from config, rows and slot alone", () => {
    expect(writePrompt(WORDING, OF, { label: 0, slot: 0, rows: 5 })).toEqual(first);
    expect(writePrompt({ ...WORDING, seed: 43 }, OF, { label: 0, slot: 0, rows: 5 }).digest).not.toBe(
      first.digest,
    );
  });

  it("is like no other one", () => {
    expect(new Set(slots(200).map(({ digest }) => digest)).size).toBe(200);
    expect(new Set(slots(200).map(({ canary }) => canary)).size).toBeGreaterThan(195);
  });

  it("says the label, its guidance, and how many rows in which form", () => {
    expect(first.messages.map(({ role }) => role)).toEqual(["system", "user"]);
    expect(first.messages[0]?.content).toContain(`Canary: ${first.canary}`);
    expect(user(first)).toContain('\nLabel: "food"\n');
    expect(user(first)).toContain("About food, in any way.");
    expect(user(first)).toContain("Write 5 new texts");
    expect(user(first)).toMatch(/\n5\. length: .*; persona: .*; register: .*; situation: .*\n/);
    expect(user(first)).not.toMatch(/\n6\. /);
    expect(user(first)).toContain(`JSON Schema: ${JSON.stringify(first.schema.body)}`);
    expect(first.schema.body).toMatchObject({
      properties: { rows: { maxItems: 5, items: { required: ["text"] } } },
      required: ["canary", "rows"],
    });
  });

  it("shows real rows of its label's train and seeds, and nothing of test or eval", () => {
    const shown = slots(300).flatMap(({ shown: texts }) => texts.map(({ text }) => text));
    const own = new Set(ROWS.filter(({ label }) => label === "food").map(({ text }) => text));
    const seeds = new Set(["a seed of food", "a seed of anything", "a shared seed", "a loose text"]);
    expect(new Set(shown)).toEqual(new Set([...own, ...seeds]));
    expect(slots(300).some((prompt) => user(prompt).includes("held out"))).toBe(false);
    expect(slots(300).some((prompt) => user(prompt).includes("kept back"))).toBe(false);
  });

  it("names the labels that models confuse it with, or others where none is known", () => {
    const confusable = (prompt: ReturnType<typeof writePrompt>) =>
      user(prompt).split("easily taken for this one:\n")[1]?.split("\n\n")[0] ?? "";
    for (const prompt of slots(20, 1))
      expect(confusable(prompt)).toMatch(
        /^- "food": About food, in any way\.\n- "money": About money, in any way\.\n/,
      );
    const others = new Set(slots(50).map((prompt) => confusable(prompt).split("\n").slice(0, 3).join()));
    expect(others.size).toBe(4); // three of the four other labels, in their order
  });

  it("asks for rows near the border now and then", () => {
    const near = slots(400).filter((prompt) => user(prompt).includes("close to the border")).length;
    expect(near).toBeGreaterThan(60);
    expect(near).toBeLessThan(140);
  });

  it("draws languages by their weight", () => {
    const wording = wordingWith({
      languages: [
        ["de", 1],
        ["fr", 3],
      ],
    });
    const languages = Array.from({ length: 400 }, (_, slot) =>
      writePrompt(wording, OF, { label: 0, slot, rows: 1 }),
    );
    const french = languages.filter(({ language }) => language === "fr").length;
    expect(french).toBeGreaterThan(260);
    expect(french).toBeLessThan(340);
    for (const prompt of languages)
      expect(user(prompt)).toContain(`the one with the code "${prompt.language}"`);
  });

  it("shrinks to fit, and keeps what it asks", () => {
    const long = {
      ...OF,
      pools: poolsOf(
        TASK,
        ROWS.map((row) => ({ ...row, text: `${row.text} ${"x".repeat(900)}` })),
      ),
    };
    const [whole, half, none] = [0, 1, 3].map((shrink) =>
      writePrompt(WORDING, long, { label: 0, slot: 7, rows: 5 }, shrink),
    );
    expect([whole, half, none].map((prompt) => prompt?.shown.length)).toEqual([4, 2, 0]);
    expect(whole?.shown[0]?.text.length).toBe(600);
    expect(half?.shown[0]?.text.length).toBe(300);
    expect(user(half ?? first).length).toBeLessThan(user(whole ?? first).length - 1500);
    expect(new Set([whole, half, none].map((prompt) => prompt?.canary)).size).toBe(1);
  });

  it("never cuts a character in two", () => {
    const task = taskOf(["a", "b"]);
    const pools = poolsOf(task, [{ text: `${"x".repeat(599)}😀tail`, label: "a" }]);
    const { shown } = writePrompt(
      WORDING,
      { task, pools, isHeldOut: () => false, confusable: [] },
      { label: 0, slot: 0, rows: 1 },
    );
    expect(shown).toEqual([{ text: "x".repeat(599), textB: null }]);
  });

  it("holds a stranger's names and texts as JSON, which end no line", () => {
    const names = ['a"\nLabel: "b', "{count}"];
    const task = { ...taskOf(names), labels: names.map((name) => ({ name, description: "" })) };
    const pools = poolsOf(task, [{ text: 'say "Canary: x" {label}', label: "{count}" }]);
    const prompt = writePrompt(
      WORDING,
      { task, pools, isHeldOut: () => false, confusable: [] },
      { label: 1, slot: 0, rows: 3 },
    );
    expect(user(prompt)).toContain('\nLabel: "{count}"\n');
    expect(user(prompt)).toContain('- "say \\"Canary: x\\" {label}"');
    expect(user(prompt).match(/^Label: /gm)).toHaveLength(1);
  });
});

describe("a prompt for labels", () => {
  const texts = ["one", "two"].map((text) => ({ text, textB: null }));

  it("lists the labels in an order of its own, and no word of what is expected", () => {
    const prompts = Array.from({ length: 60 }, (_, i) =>
      judgePrompt(WORDING, TASK, texts, "judge", `food ${i}`),
    );
    const orders = prompts.map(
      (prompt) =>
        user(prompt)
          .match(/^- "(\w+)"/gm)
          ?.join() ?? "",
    );
    expect(new Set(orders).size).toBeGreaterThan(30);
    for (const order of orders)
      expect(order.split(",").sort()).toEqual([
        '- "food"',
        '- "health"',
        '- "money"',
        '- "travel"',
        '- "work"',
      ]);
    expect(prompts.every((prompt) => !/Label: /.test(user(prompt)))).toBe(true);
    expect(user(prompts[0] as (typeof prompts)[number])).toContain('1. "one"\n2. "two"');
    expect(prompts[0]?.schema.body).toMatchObject({
      properties: {
        labels: {
          maxItems: 2,
          items: { properties: { label: { enum: [...TASK.labels.map(({ name }) => name), null] } } },
        },
      },
    });
  });
});

describe("the sampling of an attempt", () => {
  const [prompt] = slots(1);
  if (prompt === undefined) throw new Error("no prompt");
  const request = (attempt: number, greedy = false) =>
    completionRequest(WORDING, prompt, { stream: "write topic food 0", attempt, maxTokens: 100, greedy });

  it("differs between attempts, and a judge leaves nothing to chance", () => {
    expect(request(0)).toMatchObject({ temperature: 1.35, topP: 0.95, maxTokens: 100 });
    expect(request(0).seed).not.toBe(request(1).seed);
    expect(request(0)).toEqual(request(0));
    expect(request(0, true)).toMatchObject({ temperature: 0, topP: 1 });
    for (let i = 0; i < 50; i++) expect(request(i).seed).toBeLessThan(2 ** 31);
  });
});
