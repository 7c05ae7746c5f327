// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isReplaceable, type LabelledRow, labelledLines } from "../../src/data/labelled-file.ts";
import { rejection } from "../support/failure.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { mapOf, read } from "./reading.ts";

const row = (text: string, label = "a", textB: string | null = null): LabelledRow => ({
  text,
  textB,
  label,
  confidence: 0.5,
});

describe("labelled rows", () => {
  it("are JSON lines, one or two texts each", () => {
    const lines = labelledLines([row("one"), { ...row("two", "b", "three"), confidence: null }]);
    expect(Buffer.from(lines).toString()).toBe(
      '{"text":"one","label":"a","confidence":0.5,"origin":"llm_labelled"}\n' +
        '{"text_a":"two","text_b":"three","label":"b","confidence":null,"origin":"llm_labelled"}\n',
    );
    expect(labelledLines([])).toHaveLength(0);
    expect(
      Buffer.from(labelledLines(Array.from({ length: 10_000 }, () => row("x"))))
        .toString()
        .split("\n"),
    ).toHaveLength(10_001);
  });

  it("are read by a map as they were, whatever stands in them", async () => {
    const folder = temporaryFolder();
    const map = mapOf({ task: "t", text: "text", label_column: "label", origin: "llm_labelled" });
    const odd = ["10", "2020-01-01", "null", "true", "__proto__", "=1+1", 'a "b"\\', "😀 é", "a\u2028b"];
    const rows = odd.map((text, i) => row(text, odd[(i + 1) % odd.length]));
    writeFileSync(join(folder, "odd.jsonl"), labelledLines(rows));
    const found = (await read(folder, "odd.jsonl", [map])).rows[0] ?? [];
    expect(found.map(({ text, label, origin }) => [text, label, origin])).toEqual(
      rows.map(({ text, label }) => [text, label, "llm_labelled"]),
    );
  });

  it("parse back, one a line", () => {
    const texts = fc.array(fc.string({ unit: "grapheme" }), { maxLength: 20 });
    fc.assert(
      fc.property(texts, (all) => {
        const lines = Buffer.from(labelledLines(all.map((text) => row(text))))
          .toString()
          .split("\n");
        expect(lines.slice(0, -1).map((line) => (JSON.parse(line) as LabelledRow).text)).toEqual(all);
      }),
    );
  });
});

describe("a file that is there", () => {
  it.each<[string, string | Uint8Array, boolean]>([
    ["labelled rows", labelledLines([row("one"), row("two")]), true],
    [
      "the longest row there can be",
      labelledLines([row("\u0001".repeat(20_000), "a", "\u0001".repeat(20_000))]),
      true,
    ],
    ["nothing", "", true],
    ["rows of somebody else", '{"text":"one","label":"a"}\n', false],
    ["another origin", '{"text":"one","origin":"real"}\n', false],
    ["CSV", "text,label\none,a\n", false],
    ["no object", "null\n", false],
    ["no line end", "x".repeat(1 << 20), false],
  ])("with %s may be replaced: %#", async (_, content, expected) => {
    const path = join(temporaryFolder(), "x.jsonl");
    expect(await isReplaceable(path)).toBe(true);
    writeFileSync(path, content);
    expect(await isReplaceable(path)).toBe(expected);
  });

  it("as a folder is an error of the system", async () => {
    expect(await rejection(isReplaceable(temporaryFolder()))).toMatchObject({ code: "STORAGE" });
  });
});
