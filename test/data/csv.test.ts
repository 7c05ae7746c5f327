// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { mapOf, read, readPairs, refusalOf } from "./reading.ts";

test("values stay as they are written", async () => {
  const folder = temporaryFolder();
  const rows = [
    ["010", "TRUE"],
    ["2020-01-01", "NA"],
    ["null", "1e5"],
    [" a ", "#b"],
    ["é\u{1f600}", "1,5"],
    ['say "hi"', "two\nlines"],
    ["\ufeffmarked", "\\N"],
  ] as const;
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const body = rows.map((row) => row.map(quoted).join(",")).join("\n");
  expect(await readPairs(folder, "quoted.csv", `text,label\n${body}\n`)).toEqual(rows);
  const plain = rows.slice(0, 4);
  expect(
    await readPairs(folder, "plain.csv", `text,label\n${plain.map((row) => row.join(",")).join("\n")}`),
  ).toEqual(plain);
  expect(
    await readPairs(folder, "a.tsv", `text\tlabel\n${plain.map((row) => row.join("\t")).join("\n")}`),
  ).toEqual(plain);
});

test("ends of line, marks, blank lines and empty fields", async () => {
  const folder = temporaryFolder();
  const expected = [
    ["a", "b"],
    ["c\nd", "e"],
  ];
  const cases = {
    lf: 'text,label\na,b\n"c\nd",e\n',
    crlf: 'text,label\r\na,b\r\n"c\nd",e\r\n',
    mixed: 'text,label\r\na,b\n"c\nd",e\r\n',
    "no-end": 'text,label\na,b\n"c\nd",e',
    mark: '\ufeff"text",label\na,b\n"c\nd",e\n',
    blank: 'text,label\n\na,b\n\n\n"c\nd",e\n\n',
    gzip: gzipSync('text,label\na,b\n"c\nd",e\n'),
    members: Buffer.concat([gzipSync("text,label\na,b\n"), gzipSync('"c\nd",e\n')]),
  };
  for (const [name, content] of Object.entries(cases)) {
    const file = typeof content === "string" ? `${name}.csv` : `${name}.csv.gz`;
    expect([name, await readPairs(folder, file, content)]).toEqual([name, expected]);
  }
  expect(await readPairs(folder, "empty.csv", 'text,label\n,b\n"",b\na,\n')).toEqual([
    [null, "b"],
    [null, "b"],
    ["a", null],
  ]);
  expect(await readPairs(folder, "cr.csv", "text,label\ra,b\rc,d\r")).toEqual([
    ["a", "b"],
    ["c", "d"],
  ]);
});

test("a file of one column may have blank lines", async () => {
  const folder = temporaryFolder();
  for (const content of ["text\na\n\nb\n\n", "text\r\na\r\n\r\nb\r\n\r\n", 'text\n"a"\n\nb\n""']) {
    writeFileSync(join(folder, "one.csv"), content);
    const { rows } = await read(folder, "one.csv", [mapOf({ text: "text", label: "x" })]);
    expect(rows[0]?.map((row) => row.text)).toEqual(["a", null, "b", null]);
  }
});

test("odd names of columns, and names that are not there", async () => {
  const folder = temporaryFolder();
  const header = [
    '"a ""b"" c"',
    "__proto__",
    "Text",
    "text",
    "",
    "naïve.col",
    "10",
    "'; DROP TABLE source; --",
  ];
  writeFileSync(join(folder, "odd.csv"), `${header.join(",")}\n1,2,3,4,5,6,7,8\n`);
  const columns = [
    'a "b" c',
    "__proto__",
    "Text",
    "text_1",
    "column4",
    "naïve.col",
    "10",
    "'; DROP TABLE source; --",
  ];
  const { rows } = await read(
    folder,
    "odd.csv",
    columns.map((text) => mapOf({ text, label: "x" })),
  );
  expect(rows.map((of) => of[0]?.text)).toEqual(["1", "2", "3", "4", "5", "6", "7", "8"]);
});

test("a broken file: what is wrong, and on which line", async () => {
  const folder = temporaryFolder();
  const cases = [
    ["unclosed", 'text,label\na,b\n"c,d\ne,f\n', 3, "a quote is opened here and never closed"],
    ["short", "text,label\na,b\nc\n", 3, "the row has 1 fields where the header has 2"],
    ["long", 'text,label\n"a\nb",b\nc,d,e\n', 4, "the row has 3 fields where the header has 2"],
    ["stray", 'text,label\nsay "hi",b\n', 2, "a quote inside a field"],
    ["after", 'text,label\n"a"b,c\n', 2, "text after a closing quote"],
    ["no header", "\n\n", 1, "there is no header"],
    [
      "far",
      `text,label\n${"a,b\n".repeat(300_000)}"c,d\n${"a,b\n".repeat(300_000)}`,
      300_002,
      "never closed",
    ],
  ] as const;
  for (const [name, content, line, message] of cases) {
    const refusal = await refusalOf(readPairs(folder, `${name}.csv`, content));
    expect(refusal.code).toBe("SOURCE_UNREADABLE");
    expect(refusal.message).toContain(`${name}.csv, line ${line}: `);
    expect(refusal.message).toContain(message);
    expect(refusal.where).toBe(`dataset "ds", file "${name}.csv"`);
  }
});

test("a file that is no text, or cut gzip", async () => {
  const folder = temporaryFolder();
  const lines = `text,label\n${"a,b\n".repeat(50_000)}`;
  const whole = gzipSync(lines);
  const cases = [
    ["latin1.csv", Buffer.from("text,label\ncaf\xe9,b\n", "latin1"), "utf-8"],
    ["cut.csv.gz", whole.subarray(0, -20), "unexpected end of file"],
    ["trailer.csv.gz", whole.subarray(0, -4), "unexpected end of file"],
    ["plain.csv.gz", Buffer.from(lines), "incorrect header check"],
    ["gzip.csv", whole, ""],
  ] as const;
  for (const [name, content, message] of cases) {
    const refusal = await refusalOf(readPairs(folder, name, content));
    expect([name, refusal.code]).toEqual([name, "SOURCE_UNREADABLE"]);
    expect(refusal.message).toContain(message);
  }
  const flipped = Buffer.from(whole);
  flipped[flipped.length - 6] = (flipped[flipped.length - 6] ?? 0) ^ 1;
  expect((await refusalOf(readPairs(folder, "flip.csv.gz", flipped))).message).toContain(
    "incorrect data check",
  );
});

test("no rows, too many columns, too long a row: each in a clear error", async () => {
  const folder = temporaryFolder();
  expect((await refusalOf(readPairs(folder, "header.csv", "text,label\n"))).code).toBe("SOURCE_EMPTY");
  const wide = Array.from({ length: 100_000 }, (_, i) => `c${i}`).join(",");
  const cases = [
    ["wide", `${wide}\n${wide}\n`, "the header has 100000 columns, which are too many"],
    ["quote", `text,label\n"${"a".repeat(40_000_000)}`, "opened here and not closed within"],
    ["cell", `text,label\n${"a".repeat(40_000_000)},b\n`, "the row is longer than"],
    ["head", `"${"a".repeat(4_000_000)}",b\n`, "line 1: "],
  ] as const;
  for (const [name, content, message] of cases) {
    const start = performance.now();
    const refusal = await refusalOf(readPairs(folder, `${name}.csv`, content));
    expect(refusal.message).toContain(message);
    expect(performance.now() - start).toBeLessThan(5000);
  }
});

// Without a buffer size of ours, DuckDB would ask for two buffers of 256 MB, which is more memory than the engine has.
test("a file of more than 256 MB", async () => {
  const folder = temporaryFolder();
  const block = `${"word ".repeat(200)},filler\n`.repeat(4000);
  const blocks = Math.ceil((280 << 20) / block.length);
  const filler = Array<Buffer>(blocks).fill(gzipSync(block));
  writeFileSync(join(folder, "a.csv.gz"), Buffer.concat([gzipSync("text,label\nfirst,a\n"), ...filler]));
  const { rows, sourceRows } = await read(folder, "a.csv.gz", undefined, { maxRows: 1, sample: "head" });
  expect(sourceRows).toBe(1 + 4000 * blocks);
  expect(rows[0]?.map((row) => [row.text, row.label])).toEqual([["first", "a"]]);
});

test("several files are read in order; other columns are an error", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "b.csv"), "text,label\nb,2\n");
  writeFileSync(join(folder, "a.csv.gz"), gzipSync("text,label\na,1\n"));
  writeFileSync(join(folder, "c.csv"), "text,other\nb,2\n");
  writeFileSync(join(folder, "d.csv"), "label,text\n4,d\n");
  const { rows, sourceRows } = await read(folder, ["b.csv", "a.csv.gz"]);
  expect(rows[0]?.map((row) => row.label)).toEqual(["2", "1"]);
  expect(sourceRows).toBe(2);
  const refusal = await refusalOf(read(folder, ["b.csv", "c.csv"]));
  expect(refusal.message).toBe(
    'the columns of c.csv differ from the first file\'s: it lacks "label"; it adds "other"',
  );
  expect(refusal.where).toBe('dataset "ds", file "c.csv"');
  const swapped = await read(folder, ["b.csv", "d.csv"]);
  expect(swapped.rows[0]?.map((row) => [row.text, row.label])).toEqual([
    ["b", "2"],
    ["d", "4"],
  ]);
});
