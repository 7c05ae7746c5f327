// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cleanText } from "../../src/data/cleaning.ts";
import { readUnlabelled } from "../../src/data/unlabelled.ts";
import { rejection } from "../support/failure.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const ONE = { columns: ["text"], limit: null, signal: undefined };
const PAIR = { ...ONE, columns: ["a", "b"] };

/** Writes files to a folder of their own; returns their paths. */
function filesOf(contents: Readonly<Record<string, string | Uint8Array>>): string[] {
  const folder = temporaryFolder();
  return Object.entries(contents).map(([name, content]) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  });
}
const textsOf = async (contents: Readonly<Record<string, string>>, options = ONE) =>
  (await readUnlabelled(filesOf(contents), options)).texts.map(({ text }) => text);

describe("texts without labels", () => {
  it("come from files of any format, in their order", async () => {
    const texts = await textsOf({
      "z.txt": "one\r\ntwo",
      "a.csv": 'id,text\n1,"three, 3"\n2,010\n',
      "b.tsv": "text\tid\nfour\t1\n",
      "c.jsonl": '{"text":"five"}\n{"text":null}\n{"other":1}\n{"text":"six"}\n',
      "d.json": '[{"text":"2020-01-01"}]',
    });
    expect(texts).toEqual(["one", "two", "three, 3", "010", "four", "five", "six", "2020-01-01"]);
  });

  it("come from CSV files with any delimiter, each with its own", async () => {
    const texts = await textsOf({
      "a.csv": '\ufeffPreis;text\r\n3,50;"eins; zwei"\r\n',
      "b.csv": 'text,n\n"a;b;c",1\n',
      "c.csv": "n|text\n1|x;y\n",
      "d.csv": "n\ttext\n1\tz, z\n",
    });
    expect(texts).toEqual(["eins; zwei", "a;b;c", "x;y", "z, z"]);
  });

  it("are cleaned as prepare cleans them, and come once", async () => {
    const odd = ["\ufeffA\u0000 b\t c ", "e\u0301te\u0301", "A B C", "ÉTÉ", "\u0007", "", "x".repeat(20_001)];
    const { texts, dropped, repeated } = await readUnlabelled(filesOf({ "a.txt": odd.join("\n") }), ONE);
    expect(texts.map(({ text }) => text)).toEqual([odd[0], odd[1]].map((text) => cleanText(text ?? "")));
    expect(texts.map(({ text }) => text)).toEqual(["A b c", "\u00e9t\u00e9"]);
    expect([dropped, repeated]).toEqual([3, 2]);
  });

  it.each<[string, unknown]>([
    ["whole \\ud83d\\ude00", ["whole 😀"]],
    ["a \\u0000 nul", ["a nul"]],
    ["half \\ud800", "SOURCE_UNREADABLE"],
  ])("of JSON with %s are what prepare makes of them", async (text, expected) => {
    const work = textsOf({ "a.jsonl": `{"text":"${text}"}\n` });
    expect(await work.catch((error: { readonly code?: string }) => error.code)).toEqual(expected);
  });

  it("of pairs need both sides, and are told apart by both", async () => {
    const rows = ["x,y", "x,z", "X,Y", "x,", ",y", '"x\u0000",y2'];
    const { texts, dropped, repeated } = await readUnlabelled(
      filesOf({ "a.csv": `a,b\n${rows.join("\n")}\n` }),
      PAIR,
    );
    expect(texts).toEqual([
      { text: "x", textB: "y" },
      { text: "x", textB: "z" },
      { text: "x", textB: "y2" },
    ]);
    expect([dropped, repeated]).toEqual([2, 1]);
  });

  it("are the first ones under a limit, and later files are not read", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "a.csv");
    writeFileSync(path, `text\n${Array.from({ length: 5000 }, (_, i) => `text ${i}`).join("\n")}\n`);
    const { texts } = await readUnlabelled([path, join(folder, "none.txt")], { ...ONE, limit: 3000 });
    expect([texts.length, texts[0]?.text, texts[2999]?.text]).toEqual([3000, "text 0", "text 2999"]);
  });

  it.each<[string, string, readonly string[], object]>([
    [
      "a.csv",
      "msg,id\na,1\n",
      ["text"],
      { code: "COLUMN_MISSING", message: 'there is no column "text"; there are "msg", "id"' },
    ],
    [
      "a.csv",
      "a,c\nx,y\n",
      ["a", "b"],
      { code: "COLUMN_MISSING", hint: expect.stringContaining("--text-a and --text-b") },
    ],
    [
      "a.jsonl",
      '{"text":[1]}\n',
      ["text"],
      { code: "COLUMN_TYPE", message: 'column "text" holds BIGINT[], which can\'t be text' },
    ],
    ["a.csv", "", ["text"], { code: "SOURCE_EMPTY", message: "a.csv is empty" }],
    ["a.txt", "", ["text"], { code: "SOURCE_EMPTY", message: "a.txt is empty" }],
    ["a.csv", "text\n", ["text"], { code: "SOURCE_EMPTY" }],
    ["a.csv", 'text\n"open\n', ["text"], { code: "SOURCE_UNREADABLE" }],
    [
      "a.log",
      "one\n",
      ["text"],
      { code: "SOURCE_UNSUPPORTED", message: "a.log is of no format that is read" },
    ],
    [
      "a.txt",
      "one\n",
      ["a", "b"],
      { code: "SOURCE_UNSUPPORTED", message: "a .txt file holds one text a line, and the task compares two" },
    ],
  ])("%s with %j: an error", async (name, content, columns, expected) => {
    expect(await rejection(readUnlabelled(filesOf({ [name]: content }), { ...ONE, columns }))).toMatchObject(
      expected,
    );
  });

  it("that are not there are named, and folders", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "logs.csv"));
    const read = (name: string) => rejection(readUnlabelled([join(folder, name)], ONE));
    expect(await read("logs.csv")).toMatchObject({
      code: "SOURCE_MISSING",
      message: `${join(folder, "logs.csv")} is a folder`,
    });
    expect(await read("none.csv")).toMatchObject({
      code: "SOURCE_MISSING",
      message: `there is no file ${join(folder, "none.csv")}`,
    });
  });

  it("that are no UTF-8 are an error in a table too", async () => {
    const csv = Buffer.concat([Buffer.from("text\ngood\n"), Buffer.from("caf\u00e9\n", "latin1")]);
    expect(await rejection(readUnlabelled(filesOf({ "a.csv": csv }), ONE))).toMatchObject({
      code: "SOURCE_UNREADABLE",
      hint: "save the file as UTF-8",
    });
  });

  it("are read no further after a signal", async () => {
    const files = filesOf({ "a.txt": "one\n", "b.csv": "text\ntwo\n" });
    for (const file of files)
      expect(await rejection(readUnlabelled([file], { ...ONE, signal: AbortSignal.abort() }))).toMatchObject({
        code: "INTERRUPTED",
      });
  });
});
