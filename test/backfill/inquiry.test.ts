// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import type { CompletionRequest, Outcome } from "../../src/backfill/completion.ts";
import { type Answer, Inquiry, type Question, requestKey } from "../../src/backfill/inquiry.ts";
import { Ledger } from "../../src/backfill/ledger.ts";
import { completionRequest } from "../../src/backfill/prompt.ts";
import { writeQuestion } from "../../src/backfill/slot.ts";
import { completed, rowsReply, slotContextOf } from "../support/memory-fill.ts";
import { MemoryServer } from "../support/memory-server.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const REAL = Array.from({ length: 9 }, (_, i) => ({ text: `a text on soup, number ${i}`, label: "food" }));
const SCENE = slotContextOf({ real: REAL });
const QUESTION = writeQuestion(SCENE, { label: 0, slot: 3, rows: 2 });
const good = (request: CompletionRequest) => rowsReply(request, ["one", "two"]);
const faulty = (fault: "cut" | "empty" | "refused" | "filtered" | "blank", text = ""): Outcome => ({
  kind: "faulty",
  fault,
  completion: text === "" ? null : { text, model: "memory", fingerprint: "f", usage: null },
});

/** Asks a server that gives these answers, one after the other, and then good ones. */
async function ask(
  answers: readonly Outcome[],
  folder = temporaryFolder(),
  question: Question<unknown> = QUESTION,
) {
  const ledger = await Ledger.open(folder, { write: true, purpose: "test" });
  const server = new MemoryServer((request, n) => answers[n] ?? good(request));
  try {
    const inquiry = new Inquiry(server, ledger, SCENE.wording, 5);
    const answer: Answer<unknown> = await inquiry.ask(question, undefined);
    return { answer, asked: server.asked };
  } finally {
    await ledger.close();
  }
}

describe("a question", () => {
  it("is asked once where the reply can be read, and the reply is in the ledger", async () => {
    const { answer, asked } = await ask([]);
    expect(answer.value).toEqual([
      { text: "one", textB: null },
      { text: "two", textB: null },
    ]);
    expect(answer.faults).toEqual([]);
    expect(asked).toHaveLength(1);
    expect(answer.record).toMatchObject({
      purpose: "write",
      task: "topic",
      label: "food",
      fill: 5,
      slot: 3,
      attempt: 0,
      fault: null,
      model: "memory",
      usage: { promptTokens: 100, completionTokens: 10 },
      prompt: answer.prompt.digest,
    });
    const [system, user] = answer.prompt.messages.map(({ content }) => Buffer.byteLength(content));
    expect(answer.bytes).toEqual({
      prompt: (system ?? 0) + (user ?? 0),
      reply: Buffer.byteLength(answer.record.text ?? ""),
    });
  });

  it.each<[string, Outcome[], string[], number]>([
    ["of another shape twice", [completed("{}"), completed("prose")], ["wrong_shape", "not_json"], 3],
    ["cut", [faulty("cut", '{"rows":[')], ["cut"], 2],
    ["empty", [faulty("empty")], ["empty"], 2],
  ])("is asked anew where the reply is %s", async (_, answers, faults, asked) => {
    const found = await ask(answers);
    expect(found.answer.faults).toEqual(faults);
    expect(found.answer.value).toHaveLength(2);
    expect(found.asked).toHaveLength(asked);
    expect(new Set(found.asked.map(({ seed }) => seed)).size).toBe(asked);
    expect(found.answer.usage).toHaveLength(asked);
    expect(found.answer.record.attempt).toBe(asked - 1);
  });

  it.each<[string, Outcome[], number]>([
    ["three replies that can't be read", [completed("a"), completed("b"), completed("c")], 3],
    ["one refusal", [faulty("refused")], 1],
    ["one that was filtered", [faulty("filtered")], 1],
    ["the death of the server", [{ kind: "poisonous" }], 1],
    ["four prompts that are too long", Array.from({ length: 4 }, () => ({ kind: "overlong" })), 4],
  ])("is given up after %s", async (_, answers, asked) => {
    const found = await ask(answers);
    expect(found.answer.value).toBeNull();
    expect(found.asked).toHaveLength(asked);
    expect(found.answer.faults).toHaveLength(asked);
  });

  it("halves its prompt where that is too long, which counts for no attempt", async () => {
    const long: Outcome = { kind: "overlong" };
    const { answer, asked } = await ask([long, long, completed("a"), completed("b")]);
    expect(answer.faults).toEqual(["overlong", "overlong", "not_json", "not_json"]);
    expect(answer.value).toHaveLength(2);
    const lengths = asked.map(({ messages }) => messages[1]?.content.length ?? 0);
    expect(lengths[1]).toBeLessThan(lengths[0] ?? 0);
    expect(lengths[2]).toBeLessThan(lengths[1] ?? 0);
    expect(lengths[4]).toBe(lengths[2]);
    expect(answer.prompt.shown).toHaveLength(1);
  });

  it("raises the limit of tokens once where a reply is cut", async () => {
    const { asked } = await ask([faulty("cut"), faulty("cut"), faulty("cut")]);
    expect(asked.map(({ maxTokens }) => maxTokens)).toEqual([1024, 2048, 2048]);
  });

  it("is answered from the ledger the next time, faults and all", async () => {
    const folder = temporaryFolder();
    const first = await ask([completed("prose"), faulty("cut", "half")], folder);
    const { answer, asked } = await ask([], folder);
    expect(asked).toEqual([]);
    expect(answer).toEqual(first.answer);
  });

  it("that failed is in no ledger", async () => {
    const folder = temporaryFolder();
    const ledger = await Ledger.open(folder, { write: true, purpose: "test" });
    const server = new MemoryServer(() => {
      throw new Error("gone");
    });
    await expect(new Inquiry(server, ledger, SCENE.wording, 1).ask(QUESTION, undefined)).rejects.toThrow(
      "gone",
    );
    await ledger.close();
    expect((await ask([], folder)).asked).toHaveLength(1);
  });
});

describe("the key of a request", () => {
  const prompt = QUESTION.prompt(0);
  const sampling = { stream: "s", attempt: 0, maxTokens: 100, greedy: false };
  const request = completionRequest(SCENE.wording, prompt, sampling);
  const key = requestKey("m", request, QUESTION, 0);

  it("is the same for the same request", () => {
    expect(requestKey("m", { ...request }, { ...QUESTION, stream: "another word for it" }, 0)).toBe(key);
  });

  it.each<[string, string]>([
    ["model", requestKey("n", request, QUESTION, 0)],
    ["messages", requestKey("m", { ...request, messages: [] }, QUESTION, 0)],
    ["schema", requestKey("m", { ...request, schema: { name: "rows", body: {} } }, QUESTION, 0)],
    ["temperature", requestKey("m", { ...request, temperature: 0.1 }, QUESTION, 0)],
    ["top_p", requestKey("m", { ...request, topP: 0.1 }, QUESTION, 0)],
    ["limit of tokens", requestKey("m", { ...request, maxTokens: 99 }, QUESTION, 0)],
    ["seed", requestKey("m", { ...request, seed: 1 }, QUESTION, 0)],
    ["slot", requestKey("m", request, { ...QUESTION, slot: 4 }, 0)],
    ["attempt", requestKey("m", request, QUESTION, 1)],
    ["purpose", requestKey("m", request, { ...QUESTION, purpose: "judge" }, 0)],
    ["task", requestKey("m", request, { ...QUESTION, task: "t" }, 0)],
    ["label", requestKey("m", request, { ...QUESTION, label: null }, 0)],
  ])("differs with its %s", (_, other) => {
    expect(other).toMatch(/^[0-9a-f]{64}$/);
    expect(other).not.toBe(key);
  });
});
