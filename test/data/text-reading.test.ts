// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type TextColumn, textAt } from "../../src/core/text-column.ts";
import { filePath, withEngine } from "../../src/data/engine.ts";
import { readTexts } from "../../src/data/text-reading.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Texts of `rows` rows, by SQL over the number i of each, written to a file and read back; `off` is added to each length. */
function written(rows: number, texts: readonly string[], off = 0): Promise<TextColumn[]> {
  const path = join(temporaryFolder(), "rows.parquet");
  const names = texts.map((_, t) => `text${t}`);
  return withEngine(async (engine) => {
    const columns = texts.map((sql, t) => `${sql} AS text${t}`).join(", ");
    await engine.run(
      `COPY (SELECT ${columns} FROM range(${rows}) AS made(i)) TO '${path}' (FORMAT parquet, ROW_GROUP_SIZE 20480)`,
    );
    await engine.run(
      `CREATE VIEW rows AS SELECT * FROM read_parquet(${filePath(path)}, file_row_number = true)`,
    );
    const lengths = names.map(() => new Uint32Array(rows));
    let row = 0;
    for await (const batch of engine.stream(
      `SELECT ${names.map((name) => `strlen(${name})::INTEGER`).join(", ")} FROM rows`,
    )) {
      for (let i = 0; i < batch.rows; i++, row++)
        for (const [t, column] of lengths.entries())
          column[row] = Math.max(0, (batch.integers(t)[i] as number) + off);
    }
    return readTexts(engine, names, lengths);
  });
}

/** Of all rows, those whose text is not what `of` says. */
function wrong(column: TextColumn | undefined, rows: number, of: (i: number) => string): number[] {
  if (column === undefined) throw new Error("no column");
  expect(column.length).toBe(rows);
  return Array.from({ length: rows }, (_, i) => i).filter((i) => textAt(column, i) !== of(i));
}

describe("readTexts", () => {
  it("gives each row its text, over groups of rows of the file and statements", async () => {
    const rows = 130_001;
    const [a, b] = await written(rows, [
      "'row ' || i || repeat('é😀', CAST(i % 40 AS INTEGER))",
      "CASE i % 3 WHEN 0 THEN '' WHEN 1 THEN chr(65279) || i ELSE i || chr(0) || 'x' END",
    ]);
    expect(wrong(a, rows, (i) => `row ${i}${"é😀".repeat(i % 40)}`)).toEqual([]);
    expect(wrong(b, rows, (i) => ["", `\ufeff${i}`, `${i}\0x`][i % 3] as string)).toEqual([]);
    // 17 MB of short texts: not by one statement.
    expect(a?.chunks.length).toBe(2);
  });

  it.each([
    ["long ones", 40_000, (i: number) => 500 + (i % 100)],
    [
      "one that is larger than what a statement reads, among small ones",
      700,
      (i: number) => (i === 300 ? 20_000_000 : 3),
    ],
    [
      "one that is larger, among so many small ones that the mean is short",
      130_000,
      (i: number) => (i === 77 ? 17_000_000 : 1),
    ],
    ["none but empty ones", 600, () => 0],
    ["empty ones between long ones", 60_000, (i: number) => (i % 20_000 < 10_000 ? 1000 : 0)],
  ])("takes %s", async (_, rows, length) => {
    const sql = {
      500: "500 + i % 100",
      3: "CASE i WHEN 300 THEN 20000000 ELSE 3 END",
      1: "CASE i WHEN 77 THEN 17000000 ELSE 1 END",
      0: "0",
      1000: "CASE WHEN i % 20000 < 10000 THEN 1000 ELSE 0 END",
    }[length(0)];
    const [a, b] = await written(rows, [
      `repeat(chr(CAST(97 + i % 26 AS INTEGER)), CAST(${sql} AS INTEGER))`,
      "CASE WHEN i % 7 = 0 THEN 'x' ELSE '' END",
    ]);
    expect(wrong(a, rows, (i) => String.fromCharCode(97 + (i % 26)).repeat(length(i)))).toEqual([]);
    expect(wrong(b, rows, (i) => (i % 7 === 0 ? "x" : ""))).toEqual([]);
  });

  it("has nothing of no rows, and fails where a text is not as long as was said", async () => {
    const [none] = await written(0, ["'a'"]);
    expect([none?.length, none?.chunks]).toEqual([0, []]);
    for (const text of ["'abc'", "repeat('abc', 300)"])
      for (const off of [1, -1]) await expect(written(300, [text], off)).rejects.toThrow(RangeError);
  });
});
