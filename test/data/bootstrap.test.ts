// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type BootstrapRow, readBootstrap } from "../../src/data/bootstrap.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { writeParquet } from "./parquet.ts";
import { refusalOf } from "./reading.ts";

async function readAll(file: string, most: number | null = null): Promise<readonly BootstrapRow[]> {
  const rows: BootstrapRow[] = [];
  const total = await readBootstrap(file, most, (batch) => rows.push(...batch));
  expect(total).toBe(rows.length);
  return rows;
}

test("a sample of the rows, the same whatever their order", async () => {
  const file = join(temporaryFolder(), "router_train.parquet");
  const rows =
    "SELECT 'text ' || i AS text, 't' || (i // 50) AS task, 'l' AS label, 'ds' AS source FROM range(100) r(i)";
  await writeParquet(file, rows);
  const sample = await readAll(file, 20);
  expect(sample.length).toBe(20);
  expect(new Set(sample.map(({ task }) => task)).size).toBe(2);
  await writeParquet(file, `${rows} ORDER BY i DESC`);
  expect(await readAll(file, 20)).toEqual(sample);
  expect((await readAll(file, 1000)).length).toBe(100);
});

test("texts and pairs, with what else a file says", async () => {
  const folder = temporaryFolder();
  const file = join(folder, "router_train.parquet");
  await writeParquet(file, "SELECT 'a' AS text, 't' AS task, 10 AS label, 'ds' AS source, 1 AS other");
  const bare = { text: "a", textB: null, label: "10", language: null, group: null, origin: "real" };
  expect(await readAll(file)).toEqual([{ task: "t", source: "ds", row: bare }]);
  await writeParquet(
    file,
    "SELECT 'a' AS text_a, 'b' AS text_b, 't' AS task, 'l' AS label, 'ds' AS source, 'synthetic' AS origin, 'de' AS language UNION ALL SELECT 'c', NULL, 'u', NULL, 'ds', 'llm_labelled', ''",
  );
  expect(await readAll(file)).toEqual([
    {
      task: "t",
      source: "ds",
      row: { ...bare, textB: "b", label: "l", origin: "synthetic", language: "de" },
    },
    { task: "u", source: "ds", row: { ...bare, text: "c", label: null, origin: "llm_labelled" } },
  ]);
});

test("what is no bootstrap file is refused and named", async () => {
  const folder = temporaryFolder();
  const file = join(folder, "router_train.parquet");
  const cases = [
    ["SELECT 'a' AS text, 't' AS task, 'l' AS label", "COLUMN_MISSING", "there is no column source"],
    ["SELECT 't' AS task, 'l' AS label, 'd' AS source", "COLUMN_MISSING", "there is no column text"],
    [
      "SELECT 'a' AS text_a, 't' AS task, 'l' AS label, 'd' AS source",
      "COLUMN_MISSING",
      "there is no column text_b",
    ],
    [
      "SELECT ['a'] AS text, 't' AS task, 'l' AS label, 'd' AS source",
      "COLUMN_TYPE",
      "column text holds VARCHAR[]",
    ],
    [
      "SELECT 'a' AS text, NULL::VARCHAR AS task, 'l' AS label, 'd' AS source",
      "SOURCE_UNREADABLE",
      "a row has no task",
    ],
    [
      "SELECT 'a' AS text, 't' AS task, 'l' AS label, 'd' AS source, 'x' AS origin",
      "SOURCE_UNREADABLE",
      'there is no origin "x"',
    ],
  ] as const;
  for (const [sql, code, message] of cases) {
    await writeParquet(file, sql);
    const refusal = await refusalOf(readAll(file));
    expect([sql, refusal.code]).toEqual([sql, code]);
    expect(refusal.message).toContain(`router_train.parquet: ${message}`);
    expect(refusal.where).toBe(file);
  }
  writeFileSync(file, "text");
  expect((await refusalOf(readAll(file))).code).toBe("SOURCE_UNREADABLE");
  expect((await refusalOf(readAll(join(folder, "none.parquet")))).code).toBe("SOURCE_UNREADABLE");
});
