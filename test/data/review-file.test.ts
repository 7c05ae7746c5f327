// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { reviewTable } from "../../src/data/review-file.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { mapOf, read } from "./reading.ts";

const lineOf = (...cells: string[]) =>
  Buffer.from(reviewTable(["text"], [cells]))
    .toString()
    .split("\r\n")[1];
/** What undoes it, as docs/backfill.md says. */
const RESTORE = "SELECT regexp_replace(text, '^''', '') AS text, label FROM source";

describe("a table for a person", () => {
  it("begins with a mark, quotes every cell, and ends lines as RFC 4180 does", () => {
    expect(Buffer.from(reviewTable(["text", "label"], [["a", ""]])).toString()).toBe(
      '\ufeff"text","label"\r\n"a",""\r\n',
    );
    expect(lineOf('say "hi"', "a;=1+1", "b")).toBe('"say ""hi""","a;=1+1","b"');
  });

  it.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠x", "'quoted"])(
    "keeps %j from being run",
    (text) => {
      expect(lineOf(text)?.slice(0, 2)).toBe(`"'`);
    },
  );

  it.each(["plain", "a=1", " =1", "1-1", "e@mail", ""])("leaves %j as it is", (text) => {
    expect(lineOf(text)).toBe(`"${text}"`);
  });

  it("gives back every text, by the SQL that the docs show", async () => {
    const texts = fc.sample(
      fc.string({ unit: fc.constantFrom(..."=+-@'\"ab,;😀\n"), minLength: 1, maxLength: 6 }),
      300,
    );
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, "queue.csv"),
      reviewTable(
        ["text", "label"],
        texts.map((text) => [text, "a"]),
      ),
    );
    const { rows } = await read(folder, "queue.csv", [mapOf({ task: "t", sql: RESTORE })]);
    expect((rows[0] ?? []).map(({ text }) => text)).toEqual(texts);
  });

  it("has as many lines as rows, however many", () => {
    const rows = Array.from({ length: 9000 }, (_, i) => [`text ${i}`]);
    expect(
      Buffer.from(reviewTable(["text"], rows))
        .toString()
        .split("\r\n"),
    ).toHaveLength(9002);
  });
});
