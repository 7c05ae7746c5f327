// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import {
  type Data,
  DataType,
  Field,
  Float64,
  makeBuilder,
  makeData,
  RecordBatch,
  RecordBatchFileWriter,
  RecordBatchReader,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  Utf8,
  type Vector,
} from "apache-arrow";
import { ModelpackError } from "../core/error.ts";
import type { Annotation } from "./annotation.ts";
import { type ClassLabel, classLabels, FEATURES_KEY } from "./class-labels.ts";
import type { Column, ColumnType } from "./column.ts";
import { newPause } from "./pause.ts";

// The one file that knows apache-arrow. Arrow files become lines of JSON, which DuckDB reads: it has no
// Arrow reader, and its appender takes nested values one by one. 1.5 million rows take 2 s.

/** Characters that are written at once. */
const WRITE_CHARACTERS = 1 << 20;
/** How an Arrow stream ends. */
const END_OF_STREAM = Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
const MAGIC = "ARROW1";

export interface ArrowColumns {
  readonly columns: readonly Column[];
  readonly rows: number;
  /** Columns whose numbers of classes are names now. */
  readonly named: readonly string[];
}

/** Writes the rows of an Arrow file or stream to `into`, a JSON object a line, a record batch at a time. */
export async function arrowToJson(path: string, into: string): Promise<ArrowColumns> {
  const input = await open(path, "r");
  try {
    const reader = await openReader(input);
    // Taken now: at its end the reader forgets it.
    const { schema } = reader;
    const labels = classLabels(schema.metadata.get(FEATURES_KEY));
    const output = await open(into, "w");
    try {
      const rows = await writeBatches(reader, labels, output);
      return { columns: columnsOf(schema, labels), rows, named: [...labels.keys()] };
    } finally {
      await output.close();
    }
  } finally {
    await input.close();
  }
}

/** The batches of an Arrow file or stream that is whole. */
async function openReader(input: FileHandle) {
  await checkEnd(input);
  const reader = await RecordBatchReader.from(input);
  await reader.open();
  return reader;
}

// A stream that was cut between two batches looks whole but for its end.
async function checkEnd(input: FileHandle): Promise<{ readonly isFile: boolean }> {
  const { size } = await input.stat();
  const head = Buffer.alloc(MAGIC.length);
  const tail = Buffer.alloc(END_OF_STREAM.length);
  await input.read(head, 0, head.length, 0);
  await input.read(tail, 0, tail.length, Math.max(0, size - tail.length));
  const isFile = head.toString("latin1") === MAGIC;
  if (isFile ? tail.toString("latin1", 2) === MAGIC : tail.equals(END_OF_STREAM)) return { isFile };
  throw new RangeError("it does not end as an Arrow file or stream does");
}

type Reader = AsyncIterable<RecordBatch>;

async function writeBatches(
  reader: Reader,
  labels: ReadonlyMap<string, ClassLabel>,
  output: FileHandle,
): Promise<number> {
  const pause = newPause();
  let rows = 0;
  let text = "";
  for await (const batch of reader) {
    const fields = batch.schema.fields.map(({ name, type }, i) => {
      const key = `${i === 0 ? "" : ","}${JSON.stringify(name)}:`;
      return { key, json: jsonOf(type, labels.get(name)), vector: batch.getChildAt(i) };
    });
    for (let row = 0; row < batch.numRows; row++) {
      text += "{";
      for (const { key, json, vector } of fields)
        text += key + (vector === null ? "null" : json(vector, row));
      text += "}\n";
      if (text.length < WRITE_CHARACTERS) continue;
      await output.write(text);
      text = "";
      if (pause.due()) await pause.turn();
    }
    rows += batch.numRows;
  }
  await output.write(text);
  return rows;
}

/** The JSON of the value at a place of a vector. */
type ToJson = (vector: Vector, at: number) => string;

function jsonOf(type: DataType, label?: ClassLabel): ToJson {
  if (label !== undefined) return label.isList ? listJson(nameJson(label.names)) : nameJson(label.names);
  if (DataType.isDictionary(type)) return jsonOf(type.dictionary);
  if (isList(type)) return listJson(jsonOf(type.children[0].type));
  if (DataType.isStruct(type))
    return structJson(type.children.map((field) => [field.name, jsonOf(field.type)] as const));
  const kind = columnType(type).kind;
  if (kind === "binary" || kind === "other") return () => "null";
  return (vector, at) => {
    const value: unknown = vector.get(at);
    if (value === null || value === undefined) return "null";
    if (typeof value === "string") return JSON.stringify(value);
    if (typeof value === "boolean" || typeof value === "bigint") return String(value);
    // JSON has no NaN and no infinity; DuckDB reads them from a text.
    if (typeof value === "number" && !DataType.isDate(type) && !DataType.isTimestamp(type)) {
      return Number.isFinite(value) ? JSON.stringify(value) : `"${value}"`;
    }
    return JSON.stringify(timeText(type, value));
  };
}

function timeText(type: DataType, value: unknown): string {
  if (!DataType.isDate(type) && !DataType.isTimestamp(type)) return String(value);
  const iso = new Date(Number(value)).toISOString();
  return DataType.isDate(type) ? iso.slice(0, 10) : iso.replace("T", " ").replace(/(\.000)?Z$/, "");
}

function nameJson(names: readonly string[]): ToJson {
  const json = names.map((name) => JSON.stringify(name));
  // -1 is a row without a label.
  return (vector, at) => json[Number(vector.get(at) ?? -1)] ?? "null";
}

function listJson(item: ToJson): ToJson {
  return (vector, at) => {
    const items: unknown = vector.get(at);
    if (items === null) return "null";
    const values = items as Vector;
    return `[${Array.from({ length: values.length }, (_, i) => item(values, i)).join(",")}]`;
  };
}

function structJson(fields: readonly (readonly [string, ToJson])[]): ToJson {
  const keys = fields.map(([name]) => JSON.stringify(name));
  return (vector, at) => {
    if (!vector.isValid(at)) return "null";
    const members = fields.map(([, json], i) => {
      const child = vector.getChildAt(i);
      return `${keys[i]}:${child === null ? "null" : json(child, at)}`;
    });
    return `{${members.join(",")}}`;
  };
}

type ListType = DataType & { readonly children: readonly [{ readonly type: DataType }] };

function isList(type: DataType): type is ListType {
  return DataType.isList(type) || DataType.isLargeList(type) || DataType.isFixedSizeList(type);
}

function columnsOf(schema: Schema, labels: ReadonlyMap<string, ClassLabel>): readonly Column[] {
  const text: ColumnType = { kind: "text", sql: "VARCHAR" };
  return schema.fields.map(({ name, type }) => {
    const label = labels.get(name);
    if (label === undefined) return { name, type: columnType(type) };
    return { name, type: label.isList ? { kind: "list", sql: "VARCHAR[]", item: text } : text };
  });
}

function columnType(type: DataType): ColumnType {
  if (DataType.isDictionary(type)) return columnType(type.dictionary);
  if (isList(type)) {
    const item = columnType(type.children[0].type);
    return { kind: "list", sql: `${item.sql}[]`, item };
  }
  if (DataType.isStruct(type)) {
    const fields = type.children.map((field) => ({ name: field.name, type: columnType(field.type) }));
    return { kind: "struct", sql: "STRUCT", fields };
  }
  if (DataType.isInt(type)) return { kind: "scalar", sql: type.isSigned ? "BIGINT" : "UBIGINT" };
  if (DataType.isFloat(type)) return { kind: "scalar", sql: type.precision === 2 ? "DOUBLE" : "FLOAT" };
  if (DataType.isBool(type)) return { kind: "scalar", sql: "BOOLEAN" };
  const isText = [
    DataType.isUtf8,
    DataType.isLargeUtf8,
    DataType.isUtf8View,
    DataType.isNull,
    DataType.isDate,
  ];
  if (isText.some((is) => is(type)) || DataType.isTimestamp(type)) return { kind: "text", sql: "VARCHAR" };
  // Bytes, maps, unions, decimals and the rest are there as NULLs, so that naming them is refused.
  return { kind: "binary", sql: "BLOB" };
}

/** Rows whose values are asked for at a time. */
const ANNOTATED_ROWS = 2048;

/**
 * Writes the record batches of Arrow files with columns added, a file as a file and all else as a stream; everything
 * else in them stays as it is. `check` sees the columns of each file before its rows are read, and throws.
 */
export async function annotateArrow(
  paths: readonly string[],
  annotation: Annotation,
  into: string,
  check: (schema: readonly Column[], path: string) => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  const first = await open(paths[0] ?? "", "r");
  const { isFile } = await checkEnd(first).finally(() => first.close());
  // Two files may have two dictionaries for a column, of which an Arrow file holds one.
  const writer = isFile && paths.length === 1 ? new RecordBatchFileWriter() : new RecordBatchStreamWriter();
  const bytes = writer.toNodeStream();
  const file = createWriteStream(into, { flags: "wx" });
  const written = pipeline(bytes, file);
  try {
    for await (const batch of annotatedBatches(paths, annotation, check, signal)) {
      writer.write(batch);
      // The bytes go on to the file; one that is slower than us must not let them pile up.
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (file.writableNeedDrain) await Promise.race([once(file, "drain"), written]);
    }
    writer.close();
  } catch (error) {
    bytes.destroy();
    await written.catch(() => undefined);
    throw error;
  }
  await written;
}

async function* annotatedBatches(
  paths: readonly string[],
  annotation: Annotation,
  check: (schema: readonly Column[], path: string) => void,
  signal: AbortSignal | undefined,
): AsyncGenerator<RecordBatch> {
  const added = annotation.columns.map(
    ({ name, type }) => new Field(name, type === "text" ? new Utf8() : new Float64(), true),
  );
  let first: Schema | undefined;
  for (const path of paths) {
    const input = await open(path, "r");
    try {
      const reader = await openReader(input);
      const { schema } = reader;
      first ??= schema;
      check(columnsOf(schema, new Map()), path);
      if (String(schema) !== String(first))
        throw new ModelpackError("SOURCE_UNREADABLE", "its columns differ from the first file's", {
          where: path,
          hint: "run the command once for each kind of file",
        });
      // One schema for all, or the writer would begin anew.
      const whole = new Schema([...first.fields, ...added], first.metadata, first.dictionaries);
      for await (const batch of reader) yield await annotatedBatch(batch, whole, annotation, signal);
    } finally {
      await input.close();
    }
  }
}

async function annotatedBatch(
  batch: RecordBatch,
  schema: Schema,
  { texts, columns, valuesOf }: Annotation,
  signal: AbortSignal | undefined,
): Promise<RecordBatch> {
  const readers = texts.map((name) => textReader(batch, name));
  const builders = columns.map(({ type }) =>
    type === "text"
      ? makeBuilder({ type: new Utf8(), nullValues: [null] })
      : makeBuilder({ type: new Float64(), nullValues: [null] }),
  );
  const pause = newPause();
  for (let from = 0; from < batch.numRows; from += ANNOTATED_ROWS) {
    signal?.throwIfAborted();
    const length = Math.min(ANNOTATED_ROWS, batch.numRows - from);
    const read = readers.map((textAt) => Array.from({ length }, (_, i) => textAt(from + i)));
    for (const row of valuesOf(read)) row.forEach((value, c) => void builders[c]?.append(value as never));
    if (pause.due()) await pause.turn();
  }
  const made: Data[] = builders.map((builder) => builder.finish().flush());
  const children = [...batch.data.children, ...made];
  const data = makeData({
    type: new Struct(schema.fields),
    length: batch.numRows,
    nullCount: 0,
    children,
  });
  return new RecordBatch(schema, data);
}

/** What gives the text of a column, or of a member of a STRUCT, whose names are joined by dots; "" for null. */
function textReader(batch: RecordBatch, path: string): (row: number) => string {
  const place = batch.schema.fields.findIndex(({ name }) => name === path);
  let vector: Vector | null = batch.getChildAt(place);
  if (vector === null) {
    const [head = "", ...rest] = path.split(".");
    vector = batch.getChild(head);
    for (const name of rest) vector = vector?.getChild(name) ?? null;
  }
  const found = vector;
  if (found === null) return () => "";
  return (row) => {
    const value: unknown = found.get(row);
    return value === null || value === undefined ? "" : String(value);
  };
}
