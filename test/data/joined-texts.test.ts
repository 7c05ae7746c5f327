// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type TextColumn, textAt } from "../../src/core/text-column.ts";
import { filePath, withEngine } from "../../src/data/engine.ts";
import { readJoinedTexts } from "../../src/data/joined-texts.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Texts of `rows` rows, by SQL over the number i of each, written to a file and read back; `shorter` is cut off each length. */
function written(rows: number, texts: readonly string[], shorter = 0): Promise<TextColumn[]> {
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
          column[row] = Math.max(0, (batch.integers(t)[i] as number) - shorter);
    }
    return readJoinedTexts(engine, names, lengths);
  });
}

/** Of all rows, those whose text is not what `of` says. */
function wrong(column: TextColumn | undefined, rows: number, of: (i: number) => string): number[] {
  if (column === undefined) throw new Error("no column");
  expect(column.length).toBe(rows);
  return Array.from({ length: rows }, (_, i) => i).filter((i) => textAt(column, i) !== of(i));
}

describe("readJoinedTexts", () => {
  it("gives each row its text, over groups of rows of the file and statements", async () => {
    const rows = 50_001;
    const [a, b] = await written(rows, [
      "'row ' || i || repeat('é😀', CAST(i % 140 AS INTEGER))",
      "CASE i % 3 WHEN 0 THEN '' WHEN 1 THEN chr(65279) || i ELSE i || chr(0) || 'x' END",
    ]);
    expect(wrong(a, rows, (i) => `row ${i}${"é😀".repeat(i % 140)}`)).toEqual([]);
    expect(wrong(b, rows, (i) => ["", `\ufeff${i}`, `${i}\0x`][i % 3] as string)).toEqual([]);
    // 22 MB of text: not by one statement.
    expect(a?.chunks.length).toBeGreaterThan(1);
  });

  it("takes texts that are larger than what a statement reads, among small ones", async () => {
    const rows = 700;
    const [a] = await written(rows, [
      "CASE i WHEN 300 THEN repeat('x', 20000000) WHEN 301 THEN repeat('y', 5000000) ELSE 't' || i END",
    ]);
    const large = new Map([
      [300, "x".repeat(20_000_000)],
      [301, "y".repeat(5_000_000)],
    ]);
    expect(wrong(a, rows, (i) => large.get(i) ?? `t${i}`)).toEqual([]);
  });

  it("has nothing of no rows, and fails where a text is not as long as was said", async () => {
    const [none] = await written(0, ["'a'"]);
    expect([none?.length, none?.chunks]).toEqual([0, []]);
    await expect(written(300, ["'abc'"], 1)).rejects.toThrow(RangeError);
  });
});
