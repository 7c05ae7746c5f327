// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { RowSlice } from "../../src/config/split.ts";
import { sharedFolder } from "../support/temporary-folder.ts";
import { writeParquet } from "./parquet.ts";
import { mapOf, read, refusalOf } from "./reading.ts";

const folder = sharedFolder();
const map = mapOf({ task: "t", text: "text", label: "x" });
await writeParquet(join(folder, "a.parquet"), "SELECT 'a' || range AS text FROM range(7)");
await writeParquet(join(folder, "b.parquet"), "SELECT 'b' || range AS text FROM range(4)");
writeFileSync(join(folder, "c.csv"), `text\n${Array.from({ length: 11 }, (_, i) => `c${i}\n`).join("")}`);

async function texts(path: string | readonly string[], slice: RowSlice, maxRows: number | null = null) {
  const { rows, ...counts } = await read(folder, path, [map], { slice, maxRows, sample: "head" });
  return { ...counts, texts: rows[0]?.map(({ text }) => text).join(" ") };
}

describe("a part of the rows", () => {
  const files = ["a.parquet", "b.parquet"];

  it.each<[RowSlice, string]>([
    [{ from: 0, to: 3, unit: "rows" }, "a0 a1 a2"],
    [{ from: 5, to: 9, unit: "rows" }, "a5 a6 b0 b1"],
    [{ from: 9, to: null, unit: "rows" }, "b2 b3"],
    [{ from: 8, to: 500, unit: "rows" }, "b1 b2 b3"],
    [{ from: 0, to: 10, unit: "percent" }, "a0"],
    [{ from: 50, to: 75, unit: "percent" }, "a6 b0"],
    [{ from: 75, to: null, unit: "percent" }, "b1 b2 b3"],
  ])("%j, over two files", async (slice, expected) => {
    const rows = expected.split(" ").length;
    expect(await texts(files, slice)).toMatchObject({ sourceRows: rows, sampledRows: rows, texts: expected });
  });

  it("of text files too, and a sample is taken from it", async () => {
    const slice: RowSlice = { from: 4, to: 9, unit: "rows" };
    expect((await texts("c.csv", slice)).texts).toBe("c4 c5 c6 c7 c8");
    expect(await texts("c.csv", slice, 2)).toMatchObject({ sourceRows: 5, sampledRows: 2, texts: "c4 c5" });
    const hashed = await read(folder, "c.csv", [map], { slice, maxRows: 3, sample: "hash" });
    const chosen = hashed.rows[0]?.map(({ text }) => text) ?? [];
    expect(chosen).toHaveLength(3);
    for (const text of chosen) expect(["c4", "c5", "c6", "c7", "c8"]).toContain(text);
  });

  it("that starts after the last row is empty, and says so", async () => {
    const refusal = await refusalOf(texts(files, { from: 11, to: 20, unit: "rows" }));
    expect(refusal.code).toBe("SOURCE_EMPTY");
  });
});
