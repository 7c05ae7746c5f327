// SPDX-License-Identifier: Apache-2.0
import { afterEach, describe, expect, it } from "vitest";
import { textColumn } from "../../src/core/text-column.ts";
import { findNearDuplicates } from "../../src/data/near-duplicates.ts";
import { NearThreads } from "../../src/data/near-threads.ts";
import { lettersOf } from "./support.ts";

const open: NearThreads[] = [];

function threads(): NearThreads {
  const made = new NearThreads();
  open.push(made);
  return made;
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

/** Rows of ten words, every other one the row before with another last word; every fifth is official. */
function rows(count: number, pairs: boolean) {
  const texts: string[] = [];
  for (let i = 0; i < count; i += 2) {
    const words = lettersOf(i, 11);
    texts.push(words.slice(0, 10).join(" "), [...words.slice(0, 9), words[10]].join(" "));
  }
  const text = textColumn(texts);
  const textB = pairs ? textColumn(texts.map((one) => one.slice(0, 20))) : null;
  const official = Uint8Array.from(texts, (_, i) => (i % 5 === 0 ? 1 : 0));
  return { texts: { length: count, text, textB }, official };
}

describe("NearThreads", () => {
  it.each([
    ["in a thread", 24_000, false],
    ["in a thread, of pairs", 22_000, true],
    ["here, where they are few", 500, false],
  ])("finds what findNearDuplicates finds: %s", async (_, count, pairs) => {
    const { texts, official } = rows(count, pairs);
    const [there, here] = await Promise.all([
      threads().find(texts, official, 0.6),
      findNearDuplicates(texts, official, 0.6),
    ]);
    const roots = here.sets.roots();
    expect(roots.filter((root, i) => root !== i).length).toBeGreaterThan(count / 5);
    expect(here.across.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(count / 10);
    expect(there.sets.roots()).toEqual(roots);
    expect(there.across).toEqual(here.across);
  });

  it("answers several questions at a time, each with its own", async () => {
    const found = threads();
    const questions = [21_000, 26_000, 20_500].map((count) => rows(count, false));
    const answers = await Promise.all(
      questions.map(({ texts, official }) => found.find(texts, official, 0.6)),
    );
    expect(answers.map(({ sets }) => sets.length)).toEqual([21_000, 26_000, 20_500]);
  });

  it("rejects what has no answer when it is closed", async () => {
    const { texts, official } = rows(30_000, false);
    const found = threads();
    const asked = expect(found.find(texts, official, 0.6)).rejects.toThrow(
      expect.objectContaining({ code: "INTERNAL" }),
    );
    await found.close();
    await asked;
  });
});
