// SPDX-License-Identifier: Apache-2.0
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { matchName } from "../../src/data/glob.ts";
import { checkedSource, formatOf, resolveLocalSource } from "../../src/data/source.ts";
import { isRoot } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { refusalOf } from "./reading.ts";

function files(folder: string, ...names: readonly string[]): void {
  for (const name of names) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), name);
  }
}

async function names(folder: string, path: string | readonly string[]): Promise<readonly string[]> {
  const source = await resolveLocalSource({ name: "ds", path }, folder);
  return source.files.map((file) => file.path.slice(folder.length + 1));
}

test("the name says format and compression", () => {
  const cases = [
    ["a.parquet", "parquet", false],
    ["a.csv", "csv", false],
    ["a.TSV.GZ", "tsv", true],
    ["a.jsonl.gz", "jsonl", true],
    ["a.ndjson", "jsonl", false],
    ["a.b.json", "json", false],
    ["a.arrow", "arrow", false],
  ] as const;
  for (const [name, format, gzip] of cases) expect(formatOf(name)).toEqual({ format, gzip });
  for (const name of ["a", "a.txt", "a.gz", "a.parquet.gz", "a.arrow.gz", "csv", ""])
    expect(formatOf(name)).toBeUndefined();
});

test("a file is digested", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "a.csv"), "text,label\n");
  const source = await resolveLocalSource({ name: "ds", path: "a.csv" }, folder);
  expect(source).toEqual({
    dataset: "ds",
    files: [
      {
        path: join(folder, "a.csv"),
        name: "a.csv",
        format: "csv",
        gzip: false,
        bytes: 11,
        sha256: "3d1efb1f982c7ceea409a3c9f189c2f423e724ac1df3454a5536427d01cd8fc7",
      },
    ],
  });
});

describe("patterns", () => {
  test("give files by code unit, once each, and no other formats", async () => {
    const folder = temporaryFolder();
    files(
      folder,
      "b.csv",
      "a.csv",
      "Z.csv",
      "é.csv",
      "x.txt",
      ".hidden.csv",
      "deep/c.csv",
      "deep/er/d.csv.gz",
    );
    expect(await names(folder, "*.csv")).toEqual(["Z.csv", "a.csv", "b.csv", "é.csv"]);
    expect(await names(folder, "**/*")).toEqual([
      "Z.csv",
      "a.csv",
      "b.csv",
      "deep/c.csv",
      "deep/er/d.csv.gz",
      "é.csv",
    ]);
    expect(await names(folder, "{b,deep/c}.csv")).toEqual(["b.csv", "deep/c.csv"]);
    expect(await names(folder, "[!a].csv")).toEqual(["Z.csv", "b.csv", "é.csv"]);
    expect(await names(folder, "deep/**/d*")).toEqual(["deep/er/d.csv.gz"]);
    expect(await names(folder, ["b.csv", "?.csv"])).toEqual(["b.csv", "Z.csv", "a.csv", "é.csv"]);
  });

  test("a file whose name is a pattern is that file", async () => {
    const folder = temporaryFolder();
    files(folder, "a[1].csv", "a1.csv");
    expect(await names(folder, "a[1].csv")).toEqual(["a[1].csv"]);
  });

  test("a link out of the folder is left out, one inside is followed", async () => {
    const outside = temporaryFolder();
    const folder = temporaryFolder();
    files(outside, "secret.csv");
    files(folder, "in/a.csv");
    symlinkSync(join(outside, "secret.csv"), join(folder, "in/link.csv"));
    symlinkSync(outside, join(folder, "in/folder"));
    symlinkSync(join(folder, "in/a.csv"), join(folder, "in/b.csv"));
    expect(await names(folder, "in/*.csv")).toEqual(["in/a.csv", "in/b.csv"]);
    expect(await names(folder, "in/**/*.csv")).toEqual(["in/a.csv", "in/b.csv"]);
    expect((await refusalOf(names(folder, "in/folder*/*.csv"))).code).toBe("SOURCE_MISSING");
  });

  test("match names", () => {
    const cases = [
      ["*", "a", true],
      ["*", ".a", false],
      [".*", ".a", true],
      ["a*c", "abc", true],
      ["a*c", "abcd", false],
      ["*a*b*", "xxaxxb", true],
      ["[a-c]x", "bx", true],
      ["[a-c]x", "dx", false],
      ["[!a-c]x", "dx", true],
      ["[a", "[a", true],
      ["a?", "a", false],
      ["", "", true],
    ] as const;
    for (const [pattern, name, matches] of cases)
      expect([pattern, name, matchName(pattern, name)]).toEqual([pattern, name, matches]);
  });

  test("a pattern of stars takes no time that explodes", () => {
    const start = performance.now();
    expect(matchName(`${"*a".repeat(50)}b`, "a".repeat(5000))).toBe(false);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

describe("refusals", () => {
  test("a link to what is not there", async () => {
    const folder = temporaryFolder();
    files(folder, "train.csv");
    for (const name of ["nowhere.csv", "circle.csv"]) {
      symlinkSync(join(folder, name === "circle.csv" ? name : "gone.csv"), join(folder, name));
      const refusal = await refusalOf(names(folder, name));
      expect([refusal.code, refusal.hint]).toEqual([
        "SOURCE_MISSING",
        "it is a link to what is not there, or may not be looked at",
      ]);
    }
  });

  test.skipIf(isRoot)("a file that may not be read: why", async () => {
    const folder = temporaryFolder();
    files(folder, "train.csv");
    const path = join(folder, "train.csv");
    chmodSync(path, 0);
    const refusal = await refusalOf(names(folder, "train.csv"));
    expect([refusal.code, refusal.message]).toEqual([
      "SOURCE_UNREADABLE",
      `cannot read ${path}: permission is denied (EACCES)`,
    ]);
  });

  test("a missing file: what was looked for, and what is there", async () => {
    const folder = temporaryFolder();
    files(folder, "train.csv", "notes.txt");
    const near = await refusalOf(names(folder, "trian.csv"));
    expect(near.code).toBe("SOURCE_MISSING");
    expect(near.message).toBe(`there is no file ${join(folder, "trian.csv")}`);
    expect(near.where).toBe('dataset "ds"');
    expect(near.hint).toBe("did you mean train.csv?");
    expect((await refusalOf(names(folder, "questions.jsonl"))).hint).toBe(`${folder} holds train.csv`);
    expect((await refusalOf(names(folder, "no/a.csv"))).hint).toContain(
      `there is no folder ${join(folder, "no")}`,
    );
  });

  test("a pattern without a match, a folder, a name that says nothing, an empty file", async () => {
    const folder = temporaryFolder();
    files(folder, "a.txt", "b/c.csv", "d.csv");
    writeFileSync(join(folder, "empty.csv"), "");
    const cases = [
      ["*.csv.gz", "SOURCE_MISSING", "no file matches"],
      ["*.txt", "SOURCE_MISSING", "is of a format that is read"],
      ["b", "SOURCE_MISSING", "is a folder"],
      ["a.txt", "SOURCE_UNSUPPORTED", "a.txt is of no format that is read"],
      ["empty.csv", "SOURCE_EMPTY", "empty.csv is empty"],
    ] as const;
    for (const [path, code, message] of cases) {
      const refusal = await refusalOf(names(folder, path));
      expect(refusal.code).toBe(code);
      expect(refusal.message).toContain(message);
    }
  });

  test("files of two formats, and none", async () => {
    const folder = temporaryFolder();
    files(folder, "a.csv", "b.jsonl");
    expect((await refusalOf(names(folder, ["a.csv", "b.jsonl"]))).message).toBe(
      "the files are of two formats: a.csv and b.jsonl",
    );
    expect(() => checkedSource("ds", [])).toThrow("the dataset names no file");
  });
});
