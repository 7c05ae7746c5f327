// SPDX-License-Identifier: Apache-2.0
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  Binary,
  Bool,
  DateMillisecond,
  Dictionary,
  Field,
  Float32,
  Int32,
  Int64,
  LargeUtf8,
  List,
  RecordBatch,
  Schema,
  Struct,
  Table,
  TimestampMillisecond,
  tableToIPC,
  Utf8,
  type Vector,
  vectorFromArray,
} from "apache-arrow";
import { expect, test } from "vitest";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { writeParquet } from "./parquet.ts";
import { mapOf, read, refusalOf, textAndLabel } from "./reading.ts";

function tableOf(columns: Readonly<Record<string, Vector>>, metadata = new Map<string, string>()): Table {
  const table = new Table(columns as Record<string, Vector>);
  const schema = new Schema(table.schema.fields, metadata);
  return new Table(
    schema,
    table.batches.map((batch) => new RecordBatch(schema, batch.data)),
  );
}

const LONG = "a text of more than twelve bytes, é";

test("files and streams, every type that has a text", async () => {
  const folder = temporaryFolder();
  const struct = new Struct([new Field("a.b", new Utf8(), true), new Field("n", new Int32(), true)]);
  const columns = {
    text: vectorFromArray([LONG, 'q"\n\\\u0000', null], new Utf8()),
    large: vectorFromArray(["x", "2020-01-01", null], new LargeUtf8()),
    label: vectorFromArray(["cat", "dog", "cat"], new Dictionary(new Utf8(), new Int32())),
    int: vectorFromArray([1, -2, null], new Int32()),
    big: vectorFromArray([9007199254740993n, 0n, null], new Int64()),
    float: vectorFromArray([0.1, Number.NaN, null], new Float32()),
    bool: vectorFromArray([true, false, null], new Bool()),
    struct: vectorFromArray([{ "a.b": "in", n: 1 }, { "a.b": "side", n: null }, null], struct),
    day: vectorFromArray([new Date("2020-01-02"), null, null], new DateMillisecond()),
    time: vectorFromArray([Date.UTC(2020, 0, 2, 3, 4, 5), null, null], new TimestampMillisecond()),
  };
  const expected = {
    text: [LONG, 'q"\n\\\u0000', null],
    large: ["x", "2020-01-01", null],
    label: ["cat", "dog", "cat"],
    int: ["1", "-2", null],
    big: ["9007199254740993", "0", null],
    float: ["0.1", "nan", null],
    bool: ["true", "false", null],
    "struct.a.b": ["in", "side", null],
    "struct.n": ["1", null, null],
    day: ["2020-01-02", null, null],
    time: ["2020-01-02 03:04:05", null, null],
  };
  const table = tableOf(columns);
  for (const kind of ["file", "stream"] as const) {
    writeFileSync(join(folder, `${kind}.arrow`), tableToIPC(table, kind));
    const maps = Object.keys(expected).map((text) => mapOf({ text, label: "x" }));
    const { rows, sourceRows } = await read(folder, `${kind}.arrow`, maps);
    expect(sourceRows).toBe(3);
    const found = Object.keys(expected).map((name, i) => [name, rows[i]?.map((row) => row.text)]);
    expect([kind, Object.fromEntries(found)]).toEqual([kind, expected]);
  }
});

test("lists, through sql; bytes and lists as text are refused", async () => {
  const folder = temporaryFolder();
  const strings = new List(new Field("item", new Utf8(), true));
  const structs = new List(new Field("item", new Struct([new Field("content", new Utf8(), true)]), true));
  const columns = {
    tags: vectorFromArray([["a", "b"], [], null], strings),
    messages: vectorFromArray([[{ content: "m1" }, { content: "m2" }], [{ content: "m3" }], []], structs),
    bytes: vectorFromArray([Uint8Array.of(1), null, null], new Binary()),
  };
  writeFileSync(join(folder, "a.arrow"), tableToIPC(tableOf(columns), "stream"));
  const sql = (text: string) => mapOf({ sql: `SELECT ${text} AS text, 'x' AS label FROM source` });
  const maps = [sql("unnest(tags)"), sql("messages[1].content"), sql("unnest(messages).content")];
  const { rows } = await read(folder, "a.arrow", maps);
  expect(rows.map((of) => of.map((row) => row.text))).toEqual([
    ["a", "b"],
    ["m1", "m3", null],
    ["m1", "m2", "m3"],
  ]);
  for (const text of ["tags", "bytes", "messages.content"]) {
    expect((await refusalOf(read(folder, "a.arrow", [mapOf({ text, label: "x" })]))).code).toBe(
      "COLUMN_TYPE",
    );
  }
});

test("many batches keep their order, and may be sampled", async () => {
  const folder = temporaryFolder();
  const batches = Array.from({ length: 20 }, (_, b) => {
    const texts = Array.from({ length: 1000 }, (_, i) => `text ${b * 1000 + i}`);
    const labels = texts.map(() => "x");
    return tableOf({ text: vectorFromArray(texts, new Utf8()), label: vectorFromArray(labels, new Utf8()) });
  }).flatMap((table) => table.batches);
  writeFileSync(join(folder, "a.arrow"), tableToIPC(new Table(batches), "stream"));
  const all = await read(folder, ["a.arrow"]);
  expect(all.rows[0]?.map((row) => row.text)).toEqual(Array.from({ length: 20_000 }, (_, i) => `text ${i}`));
  const csv = all.rows[0]?.map((row) => `${row.text},${row.label}\n`).join("");
  writeFileSync(join(folder, "b.csv"), `text,label\n${csv}`);
  const sample = await read(folder, "a.arrow", [textAndLabel], { maxRows: 100 });
  expect([sample.sourceRows, sample.sampledRows]).toEqual([20_000, 100]);
  expect(sample.rows).toEqual((await read(folder, "b.csv", [textAndLabel], { maxRows: 100 })).rows);
});

test("cut and foreign files are refused", async () => {
  const folder = temporaryFolder();
  const texts = Array.from({ length: 1000 }, (_, i) => `text ${i}`);
  const table = tableOf({
    text: vectorFromArray(texts, new Utf8()),
    label: vectorFromArray(texts, new Utf8()),
  });
  const [file, stream] = [tableToIPC(table, "file"), tableToIPC(table, "stream")];
  const cases = {
    "file.arrow": file.subarray(0, file.length / 2),
    "stream.arrow": stream.subarray(0, stream.length / 2),
    "end.arrow": stream.subarray(0, stream.length - 8),
    "text.arrow": Buffer.from("text,label\na,b\n"),
    "zero.arrow": new Uint8Array(1000),
    "tail.arrow": Buffer.concat([Buffer.from("ARROW1\0\0"), new Uint8Array(100), Buffer.from("ARROW1")]),
  };
  for (const [name, content] of Object.entries(cases)) {
    writeFileSync(join(folder, name), content);
    const refusal = await refusalOf(read(folder, name));
    expect([name, refusal.code, refusal.where]).toEqual([
      name,
      "SOURCE_UNREADABLE",
      `dataset "ds", file "${name}"`,
    ]);
  }
});

test("numbers of classes arrive as their names, from Arrow and Parquet", async () => {
  const folder = temporaryFolder();
  const names = { names: ["no", "__proto__", "it's"], _type: "ClassLabel" };
  const features = {
    text: { dtype: "string", names: ["no"], _type: "Value" },
    label: names,
    tags: { feature: names, _type: "Sequence" },
    old: [names],
  };
  const metadata = JSON.stringify({ info: { features } });
  const list = new List(new Field("item", new Int64(), true));
  const columns = {
    text: vectorFromArray(["a", "b", "c"], new Utf8()),
    label: vectorFromArray([2n, 1n, -1n], new Int64()),
    tags: vectorFromArray([[0n, 1n], [], [2n]], list),
    old: vectorFromArray([[0n], [1n], [2n]], list),
  };
  writeFileSync(
    join(folder, "a.arrow"),
    tableToIPC(tableOf(columns, new Map([["huggingface", metadata]])), "stream"),
  );
  await writeParquet(
    join(folder, "b.parquet"),
    "SELECT * FROM (VALUES ('a', 2, [0, 1], [0]), ('b', 1, [], [1]), ('c', -1, [2], [2])) t(text, label, tags, old)",
    { huggingface: metadata },
  );
  const sql = mapOf({ sql: "SELECT text, unnest(tags) AS label FROM source" });
  const old = mapOf({ sql: "SELECT text, old[1] AS label FROM source" });
  for (const name of ["a.arrow", "b.parquet"]) {
    const { rows } = await read(folder, name, [textAndLabel, sql, old]);
    const labels = rows.map((of) => of.map((row) => row.label));
    expect([name, labels]).toEqual([
      name,
      [
        ["it's", "__proto__", null],
        ["no", "__proto__", "it's"],
        ["no", "__proto__", "it's"],
      ],
    ]);
  }
  await writeParquet(join(folder, "c.parquet"), "SELECT 'a' AS text, 0 AS label, [0] AS tags, [0] AS old", {
    huggingface: metadata.replaceAll("no", "other"),
  });
  const refusal = await refusalOf(read(folder, ["b.parquet", "c.parquet"]));
  expect(refusal.message).toBe("the class names of c.parquet differ from the first file's");
});
