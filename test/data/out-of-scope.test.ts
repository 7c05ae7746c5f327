// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { SPLITS } from "../../src/core/example.ts";
import { splitOutOfScope } from "../../src/data/out-of-scope.ts";
import { NO_SPLIT, type TaskRows, TaskRowsBuilder } from "../../src/data/rows.ts";
import { describeRows, mapped, rowsOf, taskOf } from "./support.ts";

const SETTINGS = { nearDuplicateThreshold: 0.8, seed: 42, max: 1000 };

/** Out-of-scope rows as the builder collects them. */
function outside(texts: readonly string[]): TaskRows {
  const builder = new TaskRowsBuilder(taskOf(["a", "b", "c"]));
  for (const text of texts) builder.push(mapped({ text }), { source: "s", role: "out_of_scope" });
  return builder.build().outOfScope?.rows ?? rowsOf([]);
}

/** Words that no other text has: nothing is a near-duplicate. */
const many = Array.from({ length: 200 }, (_, i) =>
  Array.from({ length: 4 }, (_w, k) => ((i + 1) * 7919 * (k + 3)).toString(36)).join(" "),
);
const inScope = rowsOf([{ text: "where is my card?" }, { text: "a text with a label" }]);
const nameOf = (split: number | undefined) => (split === NO_SPLIT ? "none" : SPLITS[split ?? 0]);

describe("splitOutOfScope", () => {
  it("deals rows to test and eval, about half and half, and none to train", async () => {
    const { rows, split, counts } = await splitOutOfScope(outside(many), inScope, SETTINGS);
    expect(rows.length).toBe(200);
    expect(new Set([...split].map(nameOf))).toEqual(new Set(["test", "eval"]));
    expect(counts.test + counts.eval).toBe(200);
    expect(counts.test).toBeGreaterThan(70);
    expect(counts.eval).toBeGreaterThan(70);
  });

  it("merges exact duplicates, and keeps near-duplicates in one split", async () => {
    const near = Array.from(
      { length: 30 },
      (_, i) => `could you please play the song called number ${i} for me now`,
    );
    const { rows, split, counts } = await splitOutOfScope(outside([...near, ...near]), inScope, SETTINGS);
    expect(counts.exactDuplicates).toBe(30);
    const groups = new Map<number, Set<string | undefined>>();
    rows.group.forEach((group, i) => {
      groups.set(group, (groups.get(group) ?? new Set()).add(nameOf(split[i])));
    });
    expect(groups.size).toBeLessThan(30);
    expect([...groups.values()].every((splits) => splits.size === 1)).toBe(true);
  });

  it("drops what has a label in the task, to the letter or nearly", async () => {
    const texts = ["Where is my card?", "where is my card?!", "a", "tell me a joke"];
    const labelled = rowsOf([{ text: "where is my card?" }, { text: "a" }]);
    const { rows, counts } = await splitOutOfScope(outside(texts), labelled, SETTINGS);
    expect(describeRows(rows).map(({ text }) => text)).toEqual(["tell me a joke"]);
    // The first two are one text once normalized, or near-duplicates.
    expect(counts.nearInScope + counts.exactDuplicates).toBe(3);
  });

  it("cuts to the cap by hash, and takes no note of the order", async () => {
    const settings = { ...SETTINGS, max: 50 };
    const one = await splitOutOfScope(outside(many), inScope, settings);
    expect(one.counts).toMatchObject({ cut: 150 });
    expect(one.counts.test + one.counts.eval).toBe(50);
    const other = await splitOutOfScope(outside(many.toReversed()), inScope, settings);
    const kept = ({ rows, split }: typeof one) =>
      describeRows(rows).map(({ id }, i) => [id, nameOf(split[i])]);
    expect(kept(other)).toEqual(kept(one));
  });

  it("moves no row when others come", async () => {
    const splitsOf = async (texts: readonly string[]) => {
      const { rows, split } = await splitOutOfScope(outside(texts), inScope, SETTINGS);
      return new Map(describeRows(rows).map(({ text }, i) => [text, nameOf(split[i])]));
    };
    const few = await splitsOf(many.slice(0, 100));
    const all = await splitsOf(many);
    for (const [text, split] of few) expect(all.get(text)).toBe(split);
  });
});
