// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readSource } from "../../src/data/mapping.ts";
import type { MappedRow } from "../../src/data/rows.ts";
import { resolveLocalSource } from "../../src/data/source.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { writeParquet } from "./parquet.ts";
import { mapOf, type Reading, read, refusalOf, textAndLabel } from "./reading.ts";

describe("parquet", () => {
  test("every type that has a text gives it", async () => {
    const folder = temporaryFolder();
    const types = [
      ["1::TINYINT", "1"],
      ["18446744073709551615::UBIGINT", "18446744073709551615"],
      ["true", "true"],
      ["0.5::FLOAT", "0.5"],
      ["1.0::DOUBLE", "1.0"],
      ["1.50::DECIMAL(9, 2)", "1.50"],
      ["DATE '2020-01-02'", "2020-01-02"],
      ["TIMESTAMPTZ '2020-01-02 03:04:05+02'", "2020-01-02 01:04:05+00"],
      ["'cat'::ENUM('dog', 'cat')", "cat"],
      ["NULL::VARCHAR", null],
      ["'010'", "010"],
      ["'a' || chr(0) || 'b'", "a\u0000b"],
      ["chr(65279) || 'x'", "\ufeffx"],
      ["'long text of more than twelve bytes é'", "long text of more than twelve bytes é"],
    ] as const;
    const items = types.map(([sql], i) => `${sql} AS c${i}`).join(", ");
    await writeParquet(join(folder, "a.parquet"), `SELECT ${items}`);
    const { rows } = await read(
      folder,
      "a.parquet",
      types.map((_, i) => mapOf({ text: "c0", label_column: `c${i}` })),
    );
    expect(rows.map((of) => of[0]?.label)).toEqual(types.map(([, text]) => text));
  });

  test("types that have none are refused", async () => {
    const folder = temporaryFolder();
    const types = {
      "'a'::BLOB": "BLOB",
      "['a']": "VARCHAR[]",
      "{'k': 'a'}": 'STRUCT("k" VARCHAR)',
      "MAP {'k': 'a'}": "MAP(VARCHAR, VARCHAR)",
    };
    for (const [sql, type] of Object.entries(types)) {
      await writeParquet(join(folder, "a.parquet"), `SELECT ${sql} AS text, 'x' AS label`);
      const refusal = await refusalOf(read(folder, "a.parquet"));
      expect(refusal.code).toBe("COLUMN_TYPE");
      expect(refusal.message).toBe(`text: column "text" holds ${type}, which can't be text`);
      expect(refusal.where).toBe('dataset "ds", map 1 (task "t")');
      expect(refusal.hint).toContain("unnest");
    }
  });

  test("fields of structs and maps, by dots", async () => {
    const folder = temporaryFolder();
    await writeParquet(
      join(folder, "a.parquet"),
      `SELECT {'passage_text': 'p', 'odd "name"': {'x.y': 1}} AS passages, MAP {'k': 'm'} AS m, 'e' AS "passages.exact"`,
    );
    const paths = ["passages.passage_text", 'passages.odd "name".x.y', "m.k", "passages.exact"];
    const { rows } = await read(
      folder,
      "a.parquet",
      paths.map((text) => mapOf({ text, label: "x" })),
    );
    expect(rows.map((of) => of[0]?.text)).toEqual(["p", "1", "m", "e"]);
  });

  test("a damaged file, one that is none, and other columns", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "a.parquet");
    await writeParquet(path, "SELECT 'text ' || md5(i::VARCHAR) AS text, i AS label FROM range(200000) t(i)");
    const whole = readFileSync(path);
    const damaged = Buffer.from(whole).fill(0xff, 1_000_000, 1_100_000);
    const cases = [
      ["none.parquet", Buffer.from("PAR1 no parquet PAR1")],
      ["cut.parquet", whole.subarray(0, whole.length / 2)],
      ["damaged.parquet", damaged],
      ["csv.parquet", Buffer.from("text,label\na,b\n")],
    ] as const;
    for (const [name, content] of cases) {
      writeFileSync(join(folder, name), content);
      const refusal = await refusalOf(read(folder, name));
      expect([name, refusal.code]).toEqual([name, "SOURCE_UNREADABLE"]);
      expect(refusal.message).toContain(`${name} can't be read as parquet: `);
    }
    await writeParquet(join(folder, "b.parquet"), "SELECT 'b' AS text, 'x' AS tag");
    expect((await refusalOf(read(folder, ["a.parquet", "b.parquet"]))).message).toContain(
      'it lacks "label"; it adds "tag"',
    );
    await writeParquet(join(folder, "c.parquet"), "SELECT 'seven' AS label, 'b' AS text");
    const { rows } = await read(folder, ["c.parquet", "a.parquet"]);
    expect(rows[0]?.slice(0, 2).map((row) => row.label)).toEqual(["seven", "0"]);
    expect((await read(folder, ["a.parquet", "c.parquet"])).rows[0]?.at(-1)?.label).toBe("seven");
  });

  test("folders such as k=v and names such as a[1] are only names", async () => {
    const folder = temporaryFolder();
    await writeParquet(join(folder, "a[1] k=v?.parquet"), "SELECT 'a' AS text, 'b' AS label");
    const { rows } = await read(folder, "a[1] k=v?.parquet");
    expect(rows[0]?.map((row) => row.text)).toEqual(["a"]);
    expect(
      (await refusalOf(read(folder, "a[1] k=v?.parquet", [mapOf({ text: "k", label: "x" })]))).code,
    ).toBe("COLUMN_MISSING");
  });
});

describe("columns", () => {
  const content = "q,a,b,label,lang,user\nt1,a1,b1,0,de,u1\nt2,a2,b2,1,,u2\nt3,a3,b3,2,fr,u1\n";

  test("texts, pairs, constants, names, languages and groups", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "a.csv"), content);
    const names = new Map([
      ["0", "no"],
      ["1", "__proto__"],
      ["2", "10"],
    ]);
    const maps = [
      mapOf({ text: "q", label: "fixed", language: "en" }),
      mapOf({
        text_a: "a",
        text_b: "b",
        label_column: "label",
        label_map: names,
        language_column: "lang",
        group_column: "user",
      }),
      mapOf({
        text: "q",
        label_column: "label",
        label_map: new Map([["1", "one"]]),
        where: "lang IS NOT NULL",
      }),
      mapOf({ role: "seed", text: "q" }),
    ];
    const { rows, sourceRows, sampledRows } = await read(folder, "a.csv", maps);
    expect([sourceRows, sampledRows]).toEqual([3, 3]);
    const none = { textB: null, language: null, group: null, origin: "real" };
    expect(rows[0]?.[0]).toEqual({ ...none, text: "t1", label: "fixed", language: "en" });
    expect(rows[1]).toEqual([
      { text: "a1", textB: "b1", label: "no", language: "de", group: "u1", origin: "real" },
      { text: "a2", textB: "b2", label: "__proto__", language: null, group: "u2", origin: "real" },
      { text: "a3", textB: "b3", label: "10", language: "fr", group: "u1", origin: "real" },
    ]);
    expect(rows[2]?.map((row) => [row.text, row.label])).toEqual([
      ["t1", "0"],
      ["t3", "2"],
    ]);
    expect(rows[3]?.[2]).toEqual({ ...none, text: "t3", label: null });
  });

  test("a missing column: those that are there, and the nearest", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "a.csv"), content);
    const refusal = await refusalOf(
      read(folder, "a.csv", [textAndLabel, mapOf({ text: "q", label_column: "lable" })]),
    );
    expect(refusal.code).toBe("COLUMN_MISSING");
    expect(refusal.message).toBe(
      'text: there is no column "text"; there are "q", "a", "b", "label", "lang", "user"',
    );
    const second = await refusalOf(read(folder, "a.csv", [mapOf({ text: "q", label_column: "lable" })]));
    expect(second.message).toContain('label_column: there is no column "lable"');
    expect(second.hint).toBe('did you mean "label"?');
    expect(second.where).toBe('dataset "ds", map 1');
  });

  test("the last map is checked before the first gives a row", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "a.csv"), content);
    const source = await resolveLocalSource({ name: "ds", path: "a.csv" }, folder);
    let taken = 0;
    const maps = [mapOf({ text: "q", label: "x" }), mapOf({ text: "Q", label: "x" })];
    const reading = readSource(source, maps, { maxRows: null, sample: "hash" }, () => taken++);
    expect((await refusalOf(reading)).code).toBe("COLUMN_MISSING");
    expect(taken).toBe(0);
  });
});

describe("samples", () => {
  const rows = (n: number) => Array.from({ length: n }, (_, i) => `text ${i % 9999},l${i % 7}\n`);

  test("by hash: the same rows in any order of the file and any format", async () => {
    const folder = temporaryFolder();
    const all = rows(10_000);
    writeFileSync(join(folder, "a.csv"), `text,label\n${all.join("")}`);
    writeFileSync(join(folder, "b.csv"), `text,label\n${all.toReversed().join("")}`);
    writeFileSync(
      join(folder, "c.jsonl"),
      all
        .map(
          (row) => `${JSON.stringify({ text: row.trim().split(",")[0], label: row.trim().split(",")[1] })}\n`,
        )
        .join(""),
    );
    await writeParquet(
      join(folder, "d.parquet"),
      `SELECT * FROM read_csv('${join(folder, "b.csv")}', all_varchar = true)`,
    );
    const first = await read(folder, "a.csv", [textAndLabel], { maxRows: 1000 });
    expect([first.sourceRows, first.sampledRows, first.rows[0]?.length]).toEqual([10_000, 1000, 1000]);
    const labels = new Set(first.rows[0]?.map((row) => row.label));
    expect(labels.size).toBe(7);
    const sorted = (reading: Reading) =>
      reading.rows[0]?.map((row) => `${row.text},${row.label}\n`).sort() ?? [];
    const position = (row: MappedRow) => all.indexOf(`${row.text},${row.label}\n`);
    const positions = first.rows[0]?.map(position);
    expect(positions).toEqual(positions?.toSorted((a, b) => a - b));
    for (const name of ["b.csv", "c.jsonl", "d.parquet"]) {
      const other = await read(folder, name, [textAndLabel], { maxRows: 1000 });
      expect([name, sorted(other)]).toEqual([name, sorted(first)]);
    }
    const smaller = sorted(await read(folder, "a.csv", [textAndLabel], { maxRows: 300 }));
    expect(smaller.length).toBe(300);
    expect(smaller.filter((row) => !sorted(first).includes(row))).toEqual([]);
  });

  test("by head: the first rows; none where there are no more", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "a.csv"), `text,label\n${rows(5000).join("")}`);
    const head = await read(folder, "a.csv", [textAndLabel], { maxRows: 3, sample: "head" });
    expect(head.rows[0]?.map((row) => row.text)).toEqual(["text 0", "text 1", "text 2"]);
    expect([head.sourceRows, head.sampledRows]).toEqual([5000, 3]);
    const all = await read(folder, "a.csv", [textAndLabel], { maxRows: 5000 });
    expect([all.sampledRows, all.rows[0]?.[4999]?.text]).toEqual([5000, "text 4999"]);
    expect(all.batches).toEqual([2048, 2048, 904]);
  });

  test("by hash: the last rows are chosen by their digest too, not by their place", async () => {
    const folder = temporaryFolder();
    const select = "SELECT 'text ' || i AS text, 'x' AS label FROM range(200000) t(i) ORDER BY i";
    await writeParquet(join(folder, "up.parquet"), select);
    await writeParquet(join(folder, "down.parquet"), `${select} DESC`);
    const texts = async (name: string, maxRows: number) =>
      (await read(folder, name, [textAndLabel], { maxRows })).rows[0]?.map((row) => row.text).sort();
    for (const maxRows of [1000, 1001, 1002, 1003]) {
      const up = await texts("up.parquet", maxRows);
      expect(up?.length).toBe(maxRows);
      expect(await texts("down.parquet", maxRows)).toEqual(up);
    }
  });

  test("by hash: of all columns, also where one has the name of the row", async () => {
    const folder = temporaryFolder();
    const rows = Array.from({ length: 20 }, (_, i) => `same,text ${i}\n`);
    writeFileSync(join(folder, "up.csv"), `row,text\n${rows.join("")}`);
    writeFileSync(join(folder, "down.csv"), `row,text\n${rows.toReversed().join("")}`);
    const map = mapOf({ text: "text", label: "x" });
    const [up, down] = await Promise.all(
      ["up.csv", "down.csv"].map((name) => read(folder, name, [map], { maxRows: 1 })),
    );
    expect(up?.rows).toEqual(down?.rows);
  });

  test("equal rows: as many as are asked", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "a.csv"), `text,label\n${"a,b\n".repeat(5000)}`);
    expect((await read(folder, "a.csv", [textAndLabel], { maxRows: 1234 })).rows[0]?.length).toBe(1234);
  });

  test("every map sees the same sample", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "a.csv"), `text,label\n${rows(5000).join("")}`);
    const sql = mapOf({ sql: "SELECT text, label FROM source" });
    const { rows: of } = await read(folder, "a.csv", [textAndLabel, sql], { maxRows: 100 });
    expect(of[1]).toEqual(of[0]);
  });
});

describe("sql", () => {
  const csv = "title,body,stars\na,first,5\nb,second,1\n";
  const refuse = async (sql: string) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "a.csv"), csv);
    return refusalOf(read(folder, "a.csv", [mapOf({ task: "t", sql })]));
  };

  test("one SELECT gives the columns", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "a.csv"), csv);
    const maps = [
      "SELECT title || ': ' || body AS text, stars::INTEGER > 3 AS label FROM source;",
      "WITH q AS (SELECT * FROM source WHERE stars = '1') SELECT title AS text_a, body AS text_b, stars AS label, 'en' AS language, title AS \"group\" FROM q -- done",
      "FROM source SELECT unnest([title, body]) AS text, 'x' AS label",
      "SELECT i::VARCHAR AS text, 'n' AS label FROM range(3) r(i)",
    ].map((sql) => mapOf({ sql }));
    const { rows } = await read(folder, "a.csv", maps);
    expect(rows[0]?.map((row) => [row.text, row.label])).toEqual([
      ["a: first", "true"],
      ["b: second", "false"],
    ]);
    expect(rows[1]).toEqual([
      { text: "b", textB: "second", label: "1", language: "en", group: "b", origin: "real" },
    ]);
    expect(rows[2]?.map((row) => row.text)).toEqual(["a", "first", "b", "second"]);
    expect(rows[3]?.map((row) => row.text)).toEqual(["0", "1", "2"]);
  });

  test("a label of the map goes before that of the SELECT; where applies to it", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "a.csv"), csv);
    const sql = "SELECT title AS text, stars AS label FROM source";
    const { rows } = await read(folder, "a.csv", [
      mapOf({ sql, label: "fixed" }),
      mapOf({ sql, label_map: new Map([["5", "good"]]), where: "label = '5'" }),
    ]);
    expect(rows[0]?.map((row) => row.label)).toEqual(["fixed", "fixed"]);
    expect(rows[1]?.map((row) => [row.text, row.label])).toEqual([["a", "good"]]);
  });

  test("what is wrong with it, with DuckDB's words", async () => {
    const cases = [
      ["SELEC 1", "MAPPING_INVALID", "sql is no valid SQL: syntax error at or near"],
      [
        "SELECT titel AS text, 'x' AS label FROM source",
        "MAPPING_INVALID",
        'DuckDB refuses sql: Binder Error: Referenced column "titel" not found',
      ],
      ["SELECT title AS text FROM source", "MAPPING_INVALID", "sql gives no column label; it gives text"],
      ["SELECT 1 AS x, 'y' AS label FROM source", "MAPPING_INVALID", "sql gives no column text"],
      ["SELECT title AS text_a, 'y' AS label FROM source", "MAPPING_INVALID", "sql gives no column text_b"],
      [
        "SELECT title AS text, body AS text, 'y' AS label FROM source",
        "MAPPING_INVALID",
        "sql gives text twice",
      ],
      ["SELECT [title] AS text, 'y' AS label FROM source", "COLUMN_TYPE", 'column "text" holds VARCHAR[]'],
      [
        "SELECT title AS text, title::INTEGER AS label FROM source",
        "MAPPING_INVALID",
        "Could not convert string 'a' to INT32",
      ],
      ["SELECT title AS text, error('boom') AS label FROM source", "MAPPING_INVALID", "boom"],
      ["SELECT * FROM sauce", "MAPPING_INVALID", 'there is no table "sauce": the rows are in source'],
      ["", "MAPPING_INVALID", "sql must be one SELECT statement, and holds 0"],
    ] as const;
    for (const [sql, code, message] of cases) {
      const refusal = await refuse(sql);
      expect([sql, refusal.code]).toEqual([sql, code]);
      expect(refusal.message).toContain(message);
      expect(refusal.where).toBe('dataset "ds", map 1 (task "t")');
    }
  });

  test("nothing but one SELECT over source", async () => {
    const folder = temporaryFolder();
    const secret = join(folder, "secret.csv");
    const out = join(folder, "out");
    writeFileSync(secret, "text,label\nsecret,x\n");
    const cases = [
      `SELECT * FROM read_csv('${secret}')`,
      `SELECT * FROM '${secret}'`,
      `SELECT * FROM "${secret}"`,
      `SELECT content AS text, 'x' AS label FROM read_text('${secret}')`,
      `SELECT * FROM read_blob('${secret}')`,
      `SELECT * FROM read_json('${secret}')`,
      `SELECT * FROM read_parquet('${secret}')`,
      `SELECT file AS text, 'x' AS label FROM glob('${folder}/*')`,
      `SELECT * FROM sniff_csv('${secret}')`,
      `SELECT (SELECT content FROM read_text('${secret}')) AS text, 'x' AS label FROM source`,
      `WITH q AS (SELECT content AS text, 'x' AS label FROM read_text('${secret}')) SELECT * FROM q`,
      `SELECT * FROM query('SELECT * FROM read_csv(''${secret}'')')`,
      `SELECT * FROM query_table('source')`,
      `SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT 1'))`,
      `SELECT * FROM enable_logging(storage := 'file', storage_config := {'path': '${out}'})`,
      `SELECT * FROM duckdb_settings()`,
      `SELECT * FROM pragma_version()`,
      `SELECT * FROM information_schema.tables`,
      `SELECT * FROM main.source`,
      `SELECT getenv('HOME') AS text, 'x' AS label FROM source`,
      `SELECT write_log('x') AS text, 'x' AS label FROM source`,
      `SELECT random() AS text, 'x' AS label FROM source`,
      `SELECT uuid() AS text, 'x' AS label FROM source`,
      `SELECT now()::VARCHAR AS text, 'x' AS label FROM source`,
      `SELECT current_date AS text, 'x' AS label FROM source`,
      `SELECT current_localtimestamp()::VARCHAR AS text, 'x' AS label FROM source`,
      `SELECT current_localtime()::VARCHAR AS text, 'x' AS label FROM source`,
      `SELECT current_setting('temp_directory') AS text, 'x' AS label FROM source`,
      `SELECT getvariable('x') AS text, 'x' AS label FROM source`,
      `SELECT ago(INTERVAL 1 DAY) AS text, 'x' AS label FROM source`,
      `SELECT pg_conf_load_time() AS text, 'x' AS label FROM source`,
      `SELECT pg_postmaster_start_time() AS text, 'x' AS label FROM source`,
      `SELECT Age(DATE '2020-01-01')::VARCHAR AS text, 'x' AS label FROM source`,
      "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r) SELECT i AS text, 'x' AS label FROM r",
      "SELECT (WITH RECURSIVE r(i) AS (SELECT 1 UNION SELECT i + 1 FROM r) SELECT max(i) FROM r) AS text FROM source",
      `SELECT list_transform([1], lambda i: random()) AS text, 'x' AS label FROM source`,
      `SELECT title AS text, 'x' AS label FROM source USING SAMPLE 1`,
      `SELECT title AS text, 'x' AS label FROM source TABLESAMPLE 50%`,
      `SELECT * FROM (DESCRIBE source)`,
      `SELECT $1 AS text, 'x' AS label FROM source`,
      `COPY source TO '${out}'`,
      `ATTACH '${out}'`,
      "INSTALL httpfs",
      "LOAD httpfs",
      "PRAGMA database_list",
      "SET threads = 4",
      "CALL pragma_version()",
      "CREATE TABLE t AS SELECT 1",
      "DROP TABLE source",
      "INSERT INTO source VALUES ('a', 'b', 'c')",
      `EXPORT DATABASE '${out}'`,
      "SELECT title AS text, 'x' AS label FROM source; DROP TABLE source",
      `SELECT 1) AS q; COPY (SELECT 1) TO '${out}'; SELECT (1`,
    ];
    for (const sql of cases) {
      const refusal = await refuse(sql);
      expect([sql, refusal.code, refusal.message]).toEqual([
        sql,
        "MAPPING_INVALID",
        expect.stringMatching(/./),
      ]);
      expect([
        sql,
        /is not allowed|there is no table|must be one|is no valid SQL|does not exist|no value here|with a schema/.test(
          refusal.message,
        ),
      ]).toEqual([sql, true]);
    }
    expect(readdirSync(folder)).toEqual(["secret.csv"]);
  });

  test("a join gone wrong ends at the most rows that a map may give", async () => {
    const refusal = await refuse(
      "SELECT title AS text, 'x' AS label FROM source, range(10000) a, range(10000) b, range(10000) c",
    );
    expect([refusal.code, refusal.message, refusal.hint]).toEqual([
      "MAPPING_INVALID",
      "sql gives more than 1002000 rows",
      "check what its joins match",
    ]);
  });

  test("a where is one condition and does not get out of its brackets", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "a.csv"), csv);
    const secret = join(folder, "secret.csv");
    writeFileSync(secret, "text,label\nsecret,x\n");
    const where = (condition: string) =>
      read(folder, "a.csv", [mapOf({ text: "title", label: "x", where: condition })]);
    const good = [
      "stars = '5'",
      "stars = '5' -- best",
      "stars IN (SELECT max(stars) FROM source)",
      "body LIKE '%;%' OR stars > '4'",
    ];
    for (const condition of good)
      expect((await where(condition)).rows[0]?.map((row) => row.text)).toEqual(["a"]);
    expect((await where("false")).rows[0]).toEqual([]);
    const bad = [
      "1 = 1) UNION ALL SELECT encode('x') FROM source WHERE (1 = 1",
      "1 = 1) OR (1 = 1",
      "false) UNION ALL SELECT (encode('injected')",
      "1 = 1; DROP TABLE source",
      "1 = 1) --",
      "(1 = 1",
      "1 = 1 /* open",
      `EXISTS (SELECT * FROM read_csv('${secret}'))`,
      `title IN (SELECT text FROM '${secret}')`,
      "random() < 0.5",
      "1 AS x, 2",
      "titel = 'a'",
      "",
    ];
    for (const condition of bad) {
      const refusal = await refusalOf(where(condition)).catch(() => undefined);
      if (condition === "1 = 1) OR (1 = 1") expect(refusal).toBeUndefined();
      else expect([condition, refusal?.code]).toEqual([condition, "MAPPING_INVALID"]);
    }
  });
});

describe("reading", () => {
  test("rows have the origin that their map says", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "a.csv"), "text,label\na,b\n");
    const maps = [textAndLabel, mapOf({ ...textAndLabel, origin: "llm_labelled" })];
    const { rows } = await read(folder, "a.csv", maps);
    expect(rows.map((of) => of.map(({ origin }) => origin))).toEqual([["real"], ["llm_labelled"]]);
  });

  test("a file that is gone by now is named", async () => {
    const folder = temporaryFolder();
    for (const name of ["a.csv", "a.csv.gz", "a.jsonl", "a.json.gz", "a.parquet", "a.arrow"]) {
      writeFileSync(join(folder, name), "x");
      const source = await resolveLocalSource({ name: "ds", path: name }, folder);
      rmSync(join(folder, name));
      const reading = readSource(source, [textAndLabel], { maxRows: null, sample: "hash" }, () => {});
      const refusal = await refusalOf(reading);
      expect([name, refusal.code, refusal.where]).toEqual([
        name,
        "SOURCE_UNREADABLE",
        `dataset "ds", file "${name}"`,
      ]);
    }
  });

  test("what take throws goes through as it is, and the spill folder is gone", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "a.csv"), "text,label\na,b\n");
    const source = await resolveLocalSource({ name: "ds", path: "a.csv" }, folder);
    // Of this process: other tests have theirs at the same time.
    const ours = () =>
      readdirSync(tmpdir()).filter((name) => name.startsWith(`.modelpack-scratch.${process.pid}-`));
    const before = ours();
    const stop = new Error("stop");
    const reading = readSource(source, [textAndLabel], { maxRows: null, sample: "hash" }, () => {
      throw stop;
    });
    await expect(reading).rejects.toBe(stop);
    expect(ours().filter((name) => !before.includes(name))).toEqual([]);
  });

  test("a signal ends a statement that gives no row for hours", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "a.csv"), "text,label\na,b\n");
    const where =
      "(SELECT count(*) FROM range(1000000000) a, range(1000) b WHERE (a.range + b.range) % 7 = 8) > 0";
    for (const delay of [0, 1000]) {
      const signal = AbortSignal.timeout(delay);
      const start = performance.now();
      await expect(read(folder, "a.csv", [{ ...textAndLabel, where }], { signal })).rejects.toThrow();
      expect(signal.aborted).toBe(true);
      expect(performance.now() - start).toBeLessThan(10_000);
    }
  });

  test("the event loop turns while rows are read", async () => {
    const folder = temporaryFolder();
    await writeParquet(join(folder, "a.parquet"), "SELECT i AS text, i AS label FROM range(300000) t(i)");
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const { batches } = await read(folder, "a.parquet");
    clearInterval(timer);
    expect(batches.length).toBe(147);
    expect(turns).toBeGreaterThan(10);
  });
});
