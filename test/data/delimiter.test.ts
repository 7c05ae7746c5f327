// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { delimiterOf, likeliestDelimiter, withFoundDelimiter } from "../../src/data/delimiter.ts";
import { resolveLocalSource } from "../../src/data/source.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { readPairs, refusalOf } from "./reading.ts";

describe("the delimiter of a header", () => {
  it.each([
    ["text,label", "csv", ","],
    ["text;label", "csv", ";"],
    ["text|label", "csv", "|"],
    ["text\tlabel", "csv", "\t"],
    ["Name, Vorname;Text;Label", "csv", ";"],
    ['"a;b;c;d",label', "csv", ","],
    ['"say ""x;y;z""",text,label', "csv", ","],
    ['"a\nb;c;d",label', "csv", ","],
    ["a;b,c", "csv", ","],
    ["text", "csv", ","],
    ["", "csv", ","],
    ['text;"never closed,,,', "csv", ";"],
    ["text\tlabel, as a person, says", "tsv", "\t"],
    ["text", "tsv", "\t"],
    ["text;label", "tsv", ";"],
  ] as const)("%j of a .%s is %j", (header, format, expected) => {
    expect(likeliestDelimiter(header, format)).toBe(expected);
  });
});

describe("the delimiter of a file", () => {
  const found = async (name: string, content: string | Uint8Array) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, name), content);
    return delimiterOf(
      await withFoundDelimiter(await resolveLocalSource({ name: "ds", path: name }, folder)),
    );
  };

  it.each<[string, string, string | Uint8Array, string]>([
    ["a mark and CRLF", "a.csv", "\ufefftext;label\r\na,b,c,d;e\r\n", ";"],
    ["CR alone", "a.csv", "text;label\ra,b,c,d;e\r", ";"],
    ["blank lines first", "a.csv", "\r\n\n\ntext;label\na,b,c,d;e\n", ";"],
    ["a line end inside quotes", "a.csv", '"te\nxt";label\n', ";"],
    ["no line end", "a.csv", "text|label", "|"],
    ["gzip", "a.csv.gz", gzipSync("text;label\na;b\n"), ";"],
    ["another ending", "a.tsv", "text,label\n", ","],
  ])("with %s", async (_, name, content, expected) => {
    expect(await found(name, content)).toBe(expected);
  });

  it("is not looked for where there is none", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "a.jsonl"), '{"a;b;c":1}\n');
    const source = await resolveLocalSource({ name: "ds", path: "a.jsonl" }, folder);
    expect(await withFoundDelimiter(source)).toBe(source);
  });

  it("is found in the first megabyte of a header that does not end", async () => {
    const start = performance.now();
    expect(await found("a.csv", `text;${"x".repeat(40_000_000)}`)).toBe(";");
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

describe("a dataset with a delimiter", () => {
  // As a spreadsheet writes it where the comma is the decimal mark.
  const rows = [
    '3,50;"Guten Tag; wie geht es?";"gru""ß"',
    "0,1;a, b|c\td;x",
    '1.000,00;"zwei\r\nZeilen";',
    ";;y",
  ];
  const content = `\ufeffPreis;text;label\r\n${rows.join("\r\n")}\r\n`;
  const expected = [
    ["Guten Tag; wie geht es?", 'gru"ß'],
    ["a, b|c\td", "x"],
    ["zwei\r\nZeilen", null],
    [null, "y"],
  ];

  it("gives every value as it is written: quotes, CRLF, a mark, decimal commas", async () => {
    const folder = temporaryFolder();
    expect(await readPairs(folder, "a.csv", content, { delimiter: ";" })).toEqual(expected);
    expect(await readPairs(folder, "a.csv.gz", gzipSync(content), { delimiter: ";" })).toEqual(expected);
    const prices = await readPairs(folder, "b.csv", content.replace("Preis;text", "text;Preis"), {
      delimiter: ";",
    });
    expect(prices.map(([text]) => text)).toEqual(["3,50", "0,1", "1.000,00", null]);
  });

  it.each([",", "|", "\t"] as const)("may be separated by %j", async (delimiter) => {
    const text = `text${delimiter}label\n"a${delimiter}b"${delimiter}c;d\n`;
    for (const name of ["a.csv", "a.tsv"])
      expect(await readPairs(temporaryFolder(), name, text, { delimiter })).toEqual([
        [`a${delimiter}b`, "c;d"],
      ]);
  });

  it("is refused where a file is no CSV", async () => {
    const refusal = await refusalOf(
      readPairs(temporaryFolder(), "a.jsonl", '{"text":"a","label":"b"}\n', { delimiter: ";" }),
    );
    expect([refusal.code, refusal.message, refusal.where, refusal.hint]).toEqual([
      "SOURCE_UNSUPPORTED",
      'delimiter = ";" is for CSV files, and a.jsonl is jsonl',
      'dataset "ds"',
      "leave delimiter out",
    ]);
  });
});

describe("a file that is read with the wrong delimiter", () => {
  const hintOf = async (name: string, content: string, delimiter?: ";" | ",") =>
    (await refusalOf(readPairs(temporaryFolder(), name, content, { delimiter }))).hint;

  it("says which one its only column speaks for, where that column is missing and where a row has others", async () => {
    const semicolon = 'the columns seem to be separated by ";": add delimiter = ";" to the [[datasets]]';
    expect(await hintOf("a.csv", "text;label\na;b\n")).toBe(semicolon);
    expect(await hintOf("a.tsv", "text;label\na;b\n")).toBe(semicolon);
    expect(await hintOf("a.csv", "text;label;Preis\na;b;3,50\n")).toBe(semicolon);
    expect(await hintOf("a.csv", "text|label\na|b\n")).toContain('add delimiter = "|"');
    expect(await hintOf("a.csv", "text\tlabel\na\tb\n")).toContain('add delimiter = "\\t"');
    expect(await hintOf("a.csv", "text,label\na,b\n", ";")).toContain('add delimiter = ","');
  });

  it("says nothing of one where another would not help", async () => {
    expect(await hintOf("a.csv", '"text;label"\n"a;b"\n')).toBe('did you mean "text;label"?');
    expect(await hintOf("a.csv", "texts\na\n", ";")).toBe('did you mean "texts"?');
    expect(await hintOf("a.csv", "text;x,label\na,b\n")).toBe('did you mean "text;x"?');
  });
});
