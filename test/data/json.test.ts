// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { mapOf, read, readPairs, refusalOf } from "./reading.ts";

function lines(...rows: readonly unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

test("texts that look like dates, times or numbers stay as they are", async () => {
  const folder = temporaryFolder();
  const cases = [
    ["2020-01-01", "12:00:00"],
    ["2020-01-01 10:00:00+02", "123E4567-e89b-12d3-a456-426614174000"],
    ["010", "1e5"],
    ["TRUE", "NaN"],
    ["01/02/2020", "2020-01-01T00:00:00Z"],
    ["a\u0000b", "\ufeffx"],
    ["null", ""],
  ] as const;
  for (const [i, [text, label]] of cases.entries()) {
    const file = `${i}.jsonl`;
    expect(await readPairs(folder, file, lines({ text, label }, { text, label }))).toEqual([
      [text, label],
      [text, label],
    ]);
  }
});

test("numbers, booleans and null have a natural text; a mixed column too", async () => {
  const folder = temporaryFolder();
  const labels = async (...values: readonly unknown[]) => {
    const content = lines(...values.map((label) => ({ text: "a", label })));
    return (await readPairs(folder, "a.jsonl", content)).map(([, label]) => label);
  };
  expect(await labels(1, 20, null)).toEqual(["1", "20", null]);
  expect(await labels(true, false)).toEqual(["true", "false"]);
  expect(await labels(0.5, 2)).toEqual(["0.5", "2.0"]);
  expect(await labels(1, "a", true, null, "2020-01-01")).toEqual(["1", "a", "true", null, "2020-01-01"]);
  expect(await labels(Number.MAX_SAFE_INTEGER)).toEqual(["9007199254740991"]);
});

test("an array of objects, lines, objects over several lines, gzip", async () => {
  const folder = temporaryFolder();
  const rows = [
    { text: "a", label: "1" },
    { text: "b\n", label: "2" },
  ];
  const cases = {
    "array.json": JSON.stringify(rows),
    "pretty.json": JSON.stringify(rows, null, 2),
    "lines.json": lines(...rows),
    "blank.jsonl": `\n${lines(...rows)}\n`,
    "objects.json": rows.map((row) => JSON.stringify(row, null, 2)).join("\n"),
    "a.ndjson": lines(...rows),
    "a.json.gz": gzipSync(JSON.stringify(rows)),
    "a.jsonl.gz": gzipSync(lines(...rows)),
    "mark.jsonl": `\ufeff${lines(...rows)}`,
  };
  for (const [name, content] of Object.entries(cases)) {
    expect([name, await readPairs(folder, name, content)]).toEqual([
      name,
      [
        ["a", "1"],
        ["b\n", "2"],
      ],
    ]);
  }
  writeFileSync(join(folder, "b.jsonl"), lines({ text: "c", label: "3" }));
  const both = await read(folder, ["a.jsonl.gz", "b.jsonl"]);
  expect(both.rows[0]?.map((row) => row.label)).toEqual(["1", "2", "3"]);
});

test("a key or type that first comes after many rows is seen", async () => {
  const folder = temporaryFolder();
  const rows = Array.from({ length: 30_000 }, (_, i) => ({
    text: `t${i}`,
    label: i === 29_999 ? "x" : i,
    ...(i === 29_990 ? { lang: "de" } : {}),
  }));
  writeFileSync(join(folder, "a.jsonl"), lines(...rows));
  const map = mapOf({ text: "text", label_column: "label", language_column: "lang" });
  const { rows: read1 } = await read(folder, "a.jsonl", [map]);
  expect(read1[0]?.length).toBe(30_000);
  expect(read1[0]?.[29_990]).toEqual({
    text: "t29990",
    textB: null,
    label: "29990",
    language: "de",
    group: null,
    origin: "real",
  });
  expect(read1[0]?.[29_999]?.label).toBe("x");
});

test("nested objects by dots; an exact name wins", async () => {
  const folder = temporaryFolder();
  const row = {
    "a.b": "exact",
    a: { b: "nested", c: { "d.e": "deep", date: "2020-01-01" }, n: null, list: ["x"] },
    mixed: { k: "v" },
    list: ["x", "y"],
  };
  writeFileSync(join(folder, "a.jsonl"), lines(row, { ...row, mixed: "scalar" }));
  const texts = ["a.b", "a.c.d.e", "a.c.date", "a.n", "mixed.k"];
  const { rows } = await read(
    folder,
    "a.jsonl",
    texts.map((text) => mapOf({ text, label: "x" })),
  );
  expect(rows.map((of) => of.map((one) => one.text))).toEqual([
    ["exact", "exact"],
    ["deep", "deep"],
    ["2020-01-01", "2020-01-01"],
    [null, null],
    ["v", null],
  ]);
  const refused = [
    ["list", "COLUMN_TYPE", 'text: column "list" holds VARCHAR[], which can\'t be text'],
    ["a", "COLUMN_TYPE", 'text: column "a" holds STRUCT('],
    ["list.x", "COLUMN_TYPE", 'text: column "list" holds VARCHAR[]'],
    ["a.list", "COLUMN_TYPE", 'text: column "list" holds VARCHAR[]'],
    ["a.x", "COLUMN_MISSING", 'text: there is no column "a.x"; there are "b", "c", "n", "list"'],
    ["A.b", "COLUMN_MISSING", 'text: there is no column "A.b"; there are "a.b", "a", "mixed", "list"'],
    ["mixed", "COLUMN_TYPE", "holds objects or arrays, which can't be text"],
  ] as const;
  for (const [text, code, message] of refused) {
    const refusal = await refusalOf(read(folder, "a.jsonl", [mapOf({ text, label: "x" })]));
    expect([text, refusal.code]).toEqual([text, code]);
    expect(refusal.message).toContain(message);
  }
});

test("strange keys", async () => {
  const folder = temporaryFolder();
  const names = ["__proto__", "constructor", "10", 'a "b"', "sp ace", "naïve", "", "row", "source"];
  const row = `{${names.map((name, i) => `${JSON.stringify(name)}: "v${i}"`).join(", ")}}\n`;
  writeFileSync(join(folder, "a.jsonl"), row + row.replace('"v0"', '"w0"'));
  const maps = names.filter((name) => name !== "").map((text) => mapOf({ text, label: "x" }));
  const { rows } = await read(folder, "a.jsonl", maps, { maxRows: 1 });
  expect(rows.map((of) => of.length)).toEqual(maps.map(() => 1));
  expect(rows.slice(1).map((of) => of[0]?.text)).toEqual(["v1", "v2", "v3", "v4", "v5", "v7", "v8"]);
});

test("broken files are refused and named", async () => {
  const folder = temporaryFolder();
  const whole = gzipSync(lines(...Array.from({ length: 20_000 }, (_, i) => ({ text: `t${i}`, label: "x" }))));
  const cases = [
    ["bad.jsonl", '{"text":"a"}\n{"text":"b"\n{"text":"c"}\n', "SOURCE_UNREADABLE", "Malformed JSON"],
    ["surrogate.jsonl", '{"text":"a\\ud800"}\n', "SOURCE_UNREADABLE", "surrogate"],
    ["twice.jsonl", '{"text":"a","text":"b"}\n', "SOURCE_UNREADABLE", 'duplicate key "text"'],
    ["latin1.jsonl", Buffer.from('{"text":"caf\xe9"}\n', "latin1"), "SOURCE_UNREADABLE", "invalid UTF-8"],
    ["csv.jsonl", "text,label\na,b\n", "SOURCE_UNREADABLE", "Malformed JSON"],
    ["scalar.jsonl", "1\n2\n", "COLUMN_MISSING", 'there is no column "text"'],
    ["empty.jsonl", "\n", "SOURCE_EMPTY", "the files hold no rows"],
    ["empty.json", "[]", "SOURCE_EMPTY", "the files hold no rows"],
    ["cut.json", '[{"text":"a","label":"b"},{"text', "SOURCE_UNREADABLE", "JSON"],
    ["cut.jsonl.gz", whole.subarray(0, -12), "SOURCE_UNREADABLE", "unexpected end of file"],
    ["plain.jsonl.gz", '{"text":"a","label":"b"}\n', "SOURCE_UNREADABLE", "incorrect header check"],
    ["gzip.jsonl", whole, "SOURCE_UNREADABLE", "gzip.jsonl is binary data, not jsonl in UTF-8"],
  ] as const;
  for (const [name, content, code, message] of cases) {
    const refusal = await refusalOf(readPairs(folder, name, content));
    expect([name, refusal.code]).toEqual([name, code]);
    expect(refusal.message).toContain(message);
    expect(refusal.message).not.toContain("sample_size");
    if (code === "SOURCE_UNREADABLE") expect(refusal.where).toBe(`dataset "ds", file "${name}"`);
  }
});

test("nesting without end is refused before DuckDB sees it", async () => {
  const folder = temporaryFolder();
  const nested = (depth: number) => `{"text":"[[","label":${"[".repeat(depth)}${"]".repeat(depth)}}\n`;
  const pairs = readPairs(folder, "deep.jsonl", `{"text":"a\\"","label":"b"}\n${nested(100_000)}`);
  const refusal = await refusalOf(pairs);
  expect(refusal.message).toBe("deep.jsonl, line 2: objects and arrays are nested deeper than 100");
  // Behind several pieces of the file, brackets in texts, and a line that no piece holds whole.
  const before = `${'{"text":"a\\"[{","label":"b"}\n'.repeat(30_000)}{"text":"${"a".repeat(600_000)}"}\n`;
  const far = await refusalOf(readPairs(folder, "far.jsonl", before + nested(101) + nested(1)));
  expect(far.message).toBe("far.jsonl, line 30002: objects and arrays are nested deeper than 100");
  const objects = '{"a":'.repeat(100_000);
  expect((await refusalOf(readPairs(folder, "deep.json", objects))).message).toContain("deeper than 100");
  writeFileSync(join(folder, "99.jsonl"), nested(99).repeat(1000));
  const brackets = `"${"[{".repeat(200)}\\"`;
  expect(await readPairs(folder, "text.jsonl", lines({ text: brackets, label: "x" }))).toEqual([
    [brackets, "x"],
  ]);
  const open = await refusalOf(readPairs(folder, "open.jsonl", '{"text":"a"\n'.repeat(200)));
  expect(open.message).toContain("Malformed JSON");
  const { rows } = await read(folder, "99.jsonl", [mapOf({ text: "text", label: "x" })]);
  expect(rows[0]?.length).toBe(1000);
});

test("a giant object, and an object of 100,000 keys, end in a clear error", async () => {
  const folder = temporaryFolder();
  const start = performance.now();
  const giant = await refusalOf(
    readPairs(folder, "giant.jsonl", lines({ text: "a".repeat(40_000_000), label: "x" })),
  );
  expect(giant.message).toContain("maximum_object_size");
  expect(giant.code).toBe("SOURCE_UNREADABLE");
  const keys = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`k${i}`, i]));
  const wide = await refusalOf(readPairs(folder, "wide.jsonl", lines(keys)));
  expect(wide.message).toBe("100000 columns are too many (2000)");
  const keyed = Array.from({ length: 50_000 }, (_, i) => ({ [`k${i}`]: i }));
  // Counted before DuckDB looks at the types, in the rows that it would sample.
  expect((await refusalOf(readPairs(folder, "keyed.jsonl", lines(...keyed)))).message).toBe(
    "20480 columns are too many (2000)",
  );
  expect(performance.now() - start).toBeLessThan(10_000);
});

test("a broken row is named by its number", async () => {
  const folder = temporaryFolder();
  const good = '{"text":"a","label":"b"}';
  const cases = {
    "first.jsonl": [["{", good], 1],
    "third.jsonl": [[good, good, '{"text":}', good], 3],
    // Blank lines are no rows.
    "blank.jsonl": [[good, "", "", `${good},`], 2],
  } as const;
  for (const [name, [rows, row]] of Object.entries(cases)) {
    const { message } = await refusalOf(readPairs(folder, name, `${rows.join("\n")}\n`));
    expect(message).toMatch(new RegExp(`at byte \\d+ of row ${row}: `));
    expect(message).not.toContain("Try");
  }
  const list = await refusalOf(readPairs(folder, "list.json", `[${good},\n${good},\n{"text":}]`));
  expect(list.message).toMatch(/at byte \d+ of row 3: /);
  const long = await refusalOf(readPairs(folder, "long.jsonl", lines({ text: "x".repeat(40_000_000) })));
  expect(long.message).not.toContain("Try");
});

test("a file that is no UTF-8 is said to be none", async () => {
  const folder = temporaryFolder();
  for (const name of ["a.json", "a.jsonl", "a.csv"]) {
    const utf16 = await refusalOf(readPairs(folder, name, Buffer.from("\ufefftext,label\na,b\n", "utf16le")));
    expect([utf16.code, utf16.message, utf16.hint]).toEqual([
      "SOURCE_UNREADABLE",
      `${name} is UTF-16, and UTF-8 is read`,
      "save the file as UTF-8",
    ]);
  }
  const latin = await refusalOf(readPairs(folder, "a.csv", Buffer.from("text,label\nh\u00e9,b\n", "latin1")));
  expect([latin.code, latin.hint]).toEqual(["SOURCE_UNREADABLE", "save the file as UTF-8"]);
});
