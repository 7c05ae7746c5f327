// SPDX-License-Identifier: Apache-2.0
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CHUNK_ROWS, Engine, exactText, filePath, MAX_COLUMNS, withEngine } from "../../src/data/engine.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

test("texts come back to the byte, a batch at a time and in order", async () => {
  const texts = [
    "",
    "a",
    "\ufeffmark",
    "nul\u0000in",
    "twelve bytes",
    "thirteen byte",
    "é\u{1f600}",
    `${"x".repeat(100_000)}é`,
  ];
  await withEngine(async (engine) => {
    const values = texts.map(exactText).join(", ");
    for await (const batch of engine.stream(
      `SELECT encode(t), encode(NULL::VARCHAR) FROM (SELECT unnest([${values}]) AS t)`,
    )) {
      expect(batch.texts(0)).toEqual(texts);
      expect(batch.bytes(0).map((bytes) => Buffer.from(bytes ?? []).toString())).toEqual(texts);
      expect(batch.texts(1)).toEqual(texts.map(() => null));
      expect(() => batch.integers(0)).toThrow("column 0 is no INTEGER");
    }
    const sizes: number[] = [];
    let next = 0;
    for await (const batch of engine.stream("SELECT i::INTEGER FROM range(5000) r(i)")) {
      sizes.push(batch.rows);
      for (const i of batch.integers(0)) expect(i).toBe(next++);
    }
    expect(sizes).toEqual([CHUNK_ROWS, CHUNK_ROWS, 5000 - 2 * CHUNK_ROWS]);
  });
});

test("filling a table keeps bytes, numbers and their order", async () => {
  await withEngine(async (engine) => {
    await engine.run("CREATE TABLE t (a BLOB, n INTEGER)");
    const chunks = [0, 1, 2].map((k) => {
      const numbers = Array.from({ length: k === 2 ? 10 : CHUNK_ROWS }, (_, i) => k * CHUNK_ROWS + i);
      const bytes = numbers.map((n) =>
        n % 7 === 0 ? null : Buffer.from(`\u0000${n} é and more than twelve`),
      );
      return [bytes, Int32Array.from(numbers)] as const;
    });
    let next = 0;
    await engine.fill("t", () => chunks[next++] ?? null);
    const bad =
      "a IS DISTINCT FROM CASE WHEN n % 7 = 0 THEN NULL ELSE encode(chr(0) || n || ' é and more than twelve') END";
    expect(await engine.rows(`SELECT count(*), min(n), max(n), count(*) FILTER (${bad}) FROM t`)).toEqual([
      [String(2 * CHUNK_ROWS + 10), "0", String(2 * CHUNK_ROWS + 9), "0"],
    ]);
    expect(await engine.count("SELECT count(*) FROM t WHERE n <> rowid")).toBe(0);
  });
});

test("an enum's values come in the order of their codes", async () => {
  const names = ["10", "__proto__", "é", "2", "nul\u0000", "10"];
  await withEngine(async (engine) => {
    const values = await engine.createEnum("name", names);
    expect([...values].sort()).toEqual([...new Set(names)].sort());
    const list = values.map(exactText).join(", ");
    const codes = await engine.rows(`SELECT enum_code(v::name) FROM (SELECT unnest([${list}]) AS v)`);
    expect(codes.map(([code]) => Number(code))).toEqual(values.map((_, i) => i));
  });
});

test("a statement of very many columns is looked at in no time", async () => {
  await withEngine(async (engine) => {
    const items = Array.from({ length: 5000 }, (_, i) => `${i} AS c${i}`).join(", ");
    const { columnCount, columns } = await engine.inspect(`SELECT ${items}`);
    expect([columnCount, columns.length, columns[1]]).toEqual([
      5000,
      MAX_COLUMNS,
      { name: "c1", type: { kind: "scalar", sql: "INTEGER" } },
    ]);
  });
});

test("once locked, it opens the given files alone and changes no setting", async () => {
  const folder = temporaryFolder();
  const [open, secret] = ["open [1].csv", "secret.csv"].map((name) => join(folder, name)) as [string, string];
  for (const path of [open, secret]) writeFileSync(path, "text,label\na,b\n");
  await withEngine(async (engine) => {
    await engine.lock([open]);
    expect(await engine.rows(`SELECT text FROM read_csv(${filePath(open)})`)).toEqual([["a"]]);
    const refused = [
      `SELECT * FROM read_csv('${secret}')`,
      `SELECT * FROM '${secret}'`,
      `SELECT * FROM glob('${folder}/*')`,
      `COPY (SELECT 1) TO '${join(folder, "out.csv")}'`,
      `ATTACH '${join(folder, "out.db")}'`,
      "INSTALL httpfs",
      "LOAD httpfs",
      "SET enable_external_access = true",
      `SET allowed_paths = ['${secret}']`,
      "SET lock_configuration = false",
      "RESET threads",
      "SELECT getenv('HOME')",
    ];
    for (const sql of refused) await expect(engine.run(sql), sql).rejects.toThrow();
    expect(await engine.rows("SELECT current_setting('threads'), current_setting('TimeZone')")).toEqual([
      ["1", "UTC"],
    ]);
  });
  expect(existsSync(join(folder, "out.csv"))).toBe(false);
});

test("more than its memory goes to its folder, which goes away with it", async () => {
  const engine = await Engine.open();
  const before = process.memoryUsage.rss();
  await engine.lock([]);
  await engine.run("CREATE TABLE t AS SELECT repeat(md5(i::VARCHAR), 40) AS text FROM range(800000) r(i)");
  expect(await engine.count("SELECT count(DISTINCT text[1:32]) FROM t")).toBe(800_000);
  expect(process.memoryUsage.rss() - before).toBeLessThan(800e6);
  expect(existsSync(engine.folder)).toBe(true);
  await engine.close();
  expect(existsSync(engine.folder)).toBe(false);
});
