// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readLooseTexts } from "../../src/data/loose-texts.ts";
import { writeRows } from "../support/project.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

describe("loose texts", () => {
  it("are the first ones of every data file of the folder, by the names of the files", async () => {
    const folder = temporaryFolder();
    writeRows(join(folder, "b.jsonl"), [{ text: "b one" }, { text: " b\n two " }, { text: "b three" }]);
    writeFileSync(join(folder, "a.csv"), "id;query\n1,5;a one\n2;\n3;a three\n");
    writeFileSync(join(folder, "notes.md"), "no data");
    mkdirSync(join(folder, "deeper.jsonl"));
    writeRows(join(folder, "deeper.jsonl", "c.jsonl"), [{ text: "c" }]);
    expect(await readLooseTexts(folder, 2)).toEqual({
      texts: ["a one", "b one", "b two"],
      problems: [],
    });
  });

  it.each([
    ["text before query", { query: "q", id: 1, text: "t" }, ["t"]],
    ["the one that most say", { title: "short", review: "a long one", n: 4 }, ["a long one"]],
    ["none", { n: 1 }, []],
  ])("come from the column that says so: %s", async (_, row, texts) => {
    const folder = temporaryFolder();
    writeRows(join(folder, "x.jsonl"), [row]);
    expect((await readLooseTexts(folder, 5)).texts).toEqual(texts);
  });

  it("are never those of a source, however it is named: its rows may be in test", async () => {
    const folder = temporaryFolder();
    const link = join(temporaryFolder(), "link");
    symlinkSync(folder, link);
    for (const name of ["mine", "other", "held"]) writeRows(join(folder, `${name}.jsonl`), [{ text: name }]);
    const sources = [join(link, "mine.jsonl"), join(folder, "held.jsonl"), join(folder, "gone.jsonl")];
    expect((await readLooseTexts(folder, 5, sources)).texts).toEqual(["other"]);
    expect((await readLooseTexts(link, 5, sources)).texts).toEqual(["other"]);
  });

  it("are left out with a word where a file is broken", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "a.jsonl"), '{"text": "half');
    writeRows(join(folder, "b.jsonl"), [{ text: "whole" }]);
    const { texts, problems } = await readLooseTexts(folder, 5);
    expect([texts, problems.length]).toEqual([["whole"], 1]);
    expect(problems[0]).toMatch(/^a\.jsonl: /);
  });

  it("are none of a folder that is not there, or where none are asked for", async () => {
    const folder = temporaryFolder();
    writeRows(join(folder, "a.jsonl"), [{ text: "a" }]);
    expect(await readLooseTexts(folder, 0)).toEqual({ texts: [], problems: [] });
    expect(await readLooseTexts(join(folder, "gone"), 5)).toEqual({ texts: [], problems: [] });
  });
});
