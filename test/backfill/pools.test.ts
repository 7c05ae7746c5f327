// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { promptPools, type TextSet } from "../../src/backfill/pools.ts";
import { ORIGINS } from "../../src/core/example.ts";
import { seededRandom } from "../../src/core/random.ts";
import { NO_SPLIT } from "../../src/data/rows.ts";
import { poolsOf, seedPool, splitTask, taskOf } from "../support/backfill.ts";

const TASK = taskOf(["red", "blue"]);
const textsIn = (set: TextSet | undefined) =>
  Array.from({ length: set?.length ?? 0 }, (_, i) => set?.at(i).text);

describe("what prompts draw from", () => {
  it("is the real rows of train, by label, in their order", () => {
    const pools = poolsOf(TASK, [
      { text: "a rose", label: "red" },
      { text: "the sky", label: "blue" },
      { text: "a tomato", label: "red" },
      { text: "a held-out cherry", label: "red", split: "test" },
      { text: "a cornflower kept back", label: "blue", split: "eval" },
      { text: "an official poppy", label: "red", role: "test", split: "test" },
    ]);
    expect(pools.examples.map(textsIn)).toEqual([["a rose", "a tomato"], ["the sky"]]);
  });

  it("has no row that was cut, labelled by an LLM, or made up", () => {
    const { rows, split } = splitTask(
      TASK,
      ["a", "b", "c", "d"].map((text) => ({ text, label: "red" })),
    );
    split[1] = NO_SPLIT;
    const origin = Uint8Array.from([0, 0, ORIGINS.indexOf("llm_labelled"), ORIGINS.indexOf("synthetic")]);
    const empty = seedPool([]);
    const pools = promptPools({ ...rows, origin }, split, { own: empty, shared: empty, loose: [] });
    expect(pools.examples.map(textsIn)).toEqual([["a"], []]);
  });

  it("is the seeds of a label, and those of none in one set for each kind", () => {
    const pools = poolsOf(TASK, [], {
      own: seedPool(["rouge", "any", "azure", "other"], [0, 0xffffffff, 1, 0xffffffff]),
      shared: seedPool(["shared"]),
      loose: ["loose", "looser"],
    });
    expect(pools.seeds.map(textsIn)).toEqual([["rouge"], ["azure"]]);
    expect(pools.unlabelled.map(textsIn)).toEqual([["any", "other"], ["shared"], ["loose", "looser"]]);
    expect(poolsOf(TASK, []).unlabelled).toEqual([]);
  });

  it("has both texts of a pair, and no single text beside them", () => {
    const pools = poolsOf(
      taskOf(["same", "other"], "pair"),
      [{ text: "I am here", textB: "here I am", label: "same" }],
      { loose: ["loose"] },
    );
    expect(pools.examples[0]?.at(0)).toEqual({ text: "I am here", textB: "here I am" });
    expect(pools.unlabelled).toEqual([]);
  });
});

describe("drawing", () => {
  const [set] = poolsOf(
    taskOf(["a"]),
    Array.from({ length: 6 }, (_, i) => ({ text: `row ${i}`, label: "a" })),
  ).examples;
  if (set === undefined) throw new Error("no set");
  const draw = (count: number, seed = 1) =>
    set.draw(count, seededRandom(seed, "draw")).map(({ text }) => text);

  it("gives different ones, the same for the same generator, and never more than there are", () => {
    expect(draw(4)).toEqual(draw(4));
    expect(new Set(draw(4)).size).toBe(4);
    expect([...draw(99)].sort()).toEqual(Array.from({ length: 6 }, (_, i) => `row ${i}`));
    expect(draw(0)).toEqual([]);
  });

  it("gives each as often as any other", () => {
    const counts = new Map<string, number>();
    for (let seed = 0; seed < 600; seed++)
      for (const text of draw(2, seed)) counts.set(text, (counts.get(text) ?? 0) + 1);
    for (const count of counts.values()) expect(Math.abs(count - 200)).toBeLessThan(50);
  });
});
