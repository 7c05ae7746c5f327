// SPDX-License-Identifier: Apache-2.0
import { createRequire } from "node:module";
import type * as DuckDB from "@duckdb/node-api";
import type { DuckDBConnection, DuckDBType } from "@duckdb/node-api";
import { makeScratch, removeScratch } from "../storage/scratch.ts";
import { type Column, type ColumnType, quoteText } from "./column.ts";

// The one file that knows DuckDB's API. That is CommonJS: required, it loads in 75 ms, where an import takes 155, as Node reads
// each of its 180 files once more then, to find what they export.
const {
  BLOB,
  DOUBLE,
  DuckDBBlobValue,
  DuckDBBlobVector,
  DuckDBDataChunk,
  DuckDBEnumType,
  DuckDBInstance,
  DuckDBIntegerVector,
  DuckDBListType,
  DuckDBScalarFunction,
  DuckDBStructType,
  DuckDBTypeId,
  INTEGER,
  STRUCT,
  structValue,
  VARCHAR,
} = createRequire(import.meta.url)("@duckdb/node-api") as typeof DuckDB;

/** DuckDB spills to disk above this; two engines at most are open at a time, so that `prepare` stays under 1.5 GB. */
const MEMORY = "400MB";
/** Milliseconds between two interrupts. */
const STOP_MS = 50;
/** Rows of one chunk: DuckDB's vector size, and the most that a chunk can hold. */
export const CHUNK_ROWS = 2048;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Some rows of a result, column by column. */
export interface Batch {
  readonly rows: number;
  readonly columns: number;
  /** The texts of a column; null is SQL's NULL. */
  texts(column: number): readonly (string | null)[];
  /** The same as UTF-8; what is returned is valid until the next batch. */
  bytes(column: number): readonly (Uint8Array | null)[];
  /** The numbers of an INTEGER column. */
  integers(column: number): readonly (number | null)[];
}

/** Values of one column for {@link Engine.fill}: bytes, where null is SQL's NULL, or integers. */
export type Values = readonly (Uint8Array | null)[] | Int32Array;

/** What a column that {@link Engine.addFunction} makes holds. */
export type MadeType = "text" | "number";
export type MadeValue = string | number | null;
/** From some rows' texts, one array an argument, to as many rows of made values. */
export type RowFunction = (texts: readonly (readonly string[])[]) => readonly (readonly MadeValue[])[];

/** `text` as SQL, whatever it holds: SQL itself can't hold NUL. */
export function exactText(text: string): string {
  return `decode(unhex('${Buffer.from(text).toString("hex")}'))`;
}

/** A path as DuckDB's readers take it: brackets keep characters of a pattern from being one. */
export function filePath(path: string): string {
  return quoteText(path.replace(/[*?[]/g, "[$&]"));
}

/** What a statement would be, without running it. */
export interface Statement {
  readonly columnCount: number;
  /** The first {@link MAX_COLUMNS} of them. */
  readonly columns: readonly Column[];
}

/** Columns of a source at most: the types of 100,000 take DuckDB a minute, and no dataset of texts has so many. */
export const MAX_COLUMNS = 2000;

/**
 * An in-memory DuckDB of its own: one thread, because the order of rows would follow the threads'
 * otherwise; bounded memory; a folder to spill to, which goes away with it.
 */
export class Engine {
  /** Where it spills; what others put there goes away with it too. */
  readonly folder: string;
  readonly #instance: DuckDB.DuckDBInstance;
  readonly #connection: DuckDBConnection;
  #stopping: NodeJS.Timeout | undefined;

  private constructor(instance: DuckDB.DuckDBInstance, connection: DuckDBConnection, spill: string) {
    this.#instance = instance;
    this.#connection = connection;
    this.folder = spill;
  }

  static async open(): Promise<Engine> {
    const spill = await makeScratch();
    try {
      const instance = await DuckDBInstance.create(":memory:", {
        threads: "1",
        memory_limit: MEMORY,
        temp_directory: spill,
        preserve_insertion_order: "true",
        autoinstall_known_extensions: "false",
        autoload_known_extensions: "false",
        allow_community_extensions: "false",
        allow_persistent_secrets: "false",
      });
      const connection = await instance.connect();
      // TIMESTAMPTZ as text follows the time zone of the machine otherwise.
      await connection.run("SET TimeZone = 'UTC'");
      return new Engine(instance, connection, spill);
    } catch (error) {
      await removeScratch(spill);
      throw error;
    }
  }

  async run(sql: string): Promise<void> {
    await this.#connection.run(sql);
  }

  /** A small result; values as DuckDB's text form. */
  async rows(sql: string, values: readonly string[] = []): Promise<readonly (readonly (string | null)[])[]> {
    const reader = await this.#connection.runAndReadAll(sql, [...values]);
    return reader.getRows().map((row) => row.map((value) => (value === null ? null : String(value))));
  }

  /** The one number that `sql` gives. */
  async count(sql: string): Promise<number> {
    const rows = await this.rows(sql);
    return Number(rows[0]?.[0] ?? 0);
  }

  /** Makes an ENUM type of `names`, given once or more, and returns its values in the order of their codes. */
  async createEnum(type: string, names: readonly string[]): Promise<readonly string[]> {
    const values = [...new Set(names)].map(exactText).join(", ");
    await this.run(`CREATE TYPE ${type} AS ENUM (SELECT unnest([${values}]))`);
    const rows = await this.rows(`SELECT unnest(enum_range(NULL::${type}))`);
    return rows.map(([name]) => name ?? "");
  }

  /** What the only statement of `sql` would be; throws where DuckDB can't bind it. */
  async inspect(sql: string): Promise<Statement> {
    const prepared = await this.#connection.prepare(sql);
    try {
      const { columnCount } = prepared;
      const columns = Array.from({ length: Math.min(columnCount, MAX_COLUMNS) }, (_, i) => ({
        name: prepared.columnName(i),
        type: columnType(prepared.columnType(i)),
      }));
      return { columnCount, columns };
    } finally {
      prepared.destroySync();
    }
  }

  /**
   * The rows of `sql`, a batch at a time, never all at once. Its columns must be INTEGERs, BLOBs, or texts
   * through `encode`: DuckDB's own decoding of texts drops a leading byte order mark.
   */
  async *stream(sql: string): AsyncGenerator<Batch> {
    const result = await this.#connection.stream(sql);
    let next = result.fetchChunk();
    try {
      for (;;) {
        const chunk = await next;
        if (chunk === null || chunk.rowCount === 0) return;
        // DuckDB makes the next batch, in a thread of its own, while this one is worked on.
        next = result.fetchChunk();
        yield batchOf(chunk);
      }
    } finally {
      // Whoever stops early gives the engine to others or closes it next: not while it is at work.
      await next.catch(() => {});
    }
  }

  /**
   * Appends to a table whose columns are BLOB and INTEGER; `next` fills one chunk of at most
   * {@link CHUNK_ROWS} rows and returns null at the end.
   */
  async fill(table: string, next: () => readonly Values[] | null): Promise<void> {
    const appender = await this.#connection.createAppender(table);
    try {
      for (let columns = next(); columns !== null; columns = next()) {
        appender.appendDataChunk(chunkOf(columns));
        // Appending blocks; a turn of the loop keeps signals alive.
        await new Promise<void>((resolve) => setImmediate(resolve));
      }
    } finally {
      appender.closeSync();
    }
  }

  /**
   * Makes `name` a function of SQL: of so many texts, given as BLOBs (see {@link stream}), NULL read as empty, to a
   * STRUCT with the members f0, f1 and so on. It runs in this thread, up to {@link CHUNK_ROWS} rows at a time, in the
   * order of the rows; other work of the thread has its turn in between.
   */
  addFunction(name: string, texts: number, made: readonly MadeType[], of: RowFunction): void {
    const fields = made.map((type, i) => [`f${i}`, type === "text" ? VARCHAR : DOUBLE] as const);
    this.#connection.registerScalarFunction(
      DuckDBScalarFunction.create({
        name,
        parameterTypes: Array.from({ length: texts }, () => BLOB),
        returnType: STRUCT(Object.fromEntries(fields)),
        specialHandling: true, // NULLs come to us
        mainFunction: (_info, input, output) => {
          const batch = batchOf(input);
          const columns = Array.from({ length: texts }, (_, i) => batch.texts(i).map((text) => text ?? ""));
          of(columns).forEach((values, row) => {
            output.setItem(row, structValue(Object.fromEntries(values.map((value, i) => [`f${i}`, value]))));
          });
          output.flush();
        },
      }),
    );
  }

  /** From here on no statement opens any file but `files`, and none changes a setting. */
  async lock(files: readonly string[]): Promise<void> {
    // The pattern form too: DuckDB asks for it before it asks for the file.
    const paths = files.flatMap((file) => [quoteText(file), filePath(file)]);
    await this.run(`SET allowed_paths = [${paths.join(", ")}]`);
    await this.run("SET enable_external_access = false");
    await this.run("SET lock_configuration = true");
  }

  /**
   * Runs `use` in a catalog of its own: the views, types and tables that it makes are gone after it; functions and settings are
   * not. Where it fails, the engine is to be closed.
   */
  async apart<T>(use: () => Promise<T>): Promise<T> {
    await this.run("ATTACH ':memory:' AS apart");
    await this.run("USE apart");
    const result = await use();
    await this.run("USE memory");
    await this.run("DETACH apart");
    return result;
  }

  /** Ends what runs, and whatever is begun from here on: each fails with an error of DuckDB's. */
  stop(): void {
    // Again and again: an interrupt that comes between two statements is forgotten.
    this.#stopping ??= setInterval(() => this.#connection.interrupt(), STOP_MS);
    this.#connection.interrupt();
  }

  async close(): Promise<void> {
    clearInterval(this.#stopping);
    try {
      this.#connection.closeSync();
      this.#instance.closeSync();
    } finally {
      await removeScratch(this.folder);
    }
  }
}

/** Gives an engine to `use`, which neither locks it nor adds a function. */
export type Lend = <T>(use: (engine: Engine) => Promise<T>) => Promise<T>;

/** Opens an engine for `use` and closes it, whatever happens; the signal ends its statements. */
export async function withEngine<T>(use: (engine: Engine) => Promise<T>, signal?: AbortSignal): Promise<T> {
  const engine = await Engine.open();
  const stop = () => engine.stop();
  if (signal?.aborted === true) stop();
  signal?.addEventListener("abort", stop);
  try {
    return await use(engine);
  } finally {
    signal?.removeEventListener("abort", stop);
    await engine.close();
  }
}

function batchOf(chunk: DuckDB.DuckDBDataChunk): Batch {
  const rows = chunk.rowCount;
  const read = <T>(column: number, convert: (bytes: Uint8Array) => T): (T | null)[] => {
    const vector = chunk.getColumnVector(column);
    if (!(vector instanceof DuckDBBlobVector)) throw new TypeError(`column ${column} is no BLOB`);
    const values: (T | null)[] = new Array(rows);
    for (let row = 0; row < rows; row++) {
      const bytes = vector.getItemBytes(row);
      values[row] = bytes === null ? null : convert(bytes);
    }
    return values;
  };
  return {
    rows,
    columns: chunk.columnCount,
    texts: (column) => read(column, (bytes) => decoder.decode(bytes)),
    bytes: (column) => read(column, (bytes) => bytes),
    integers: (column) => {
      const vector = chunk.getColumnVector(column);
      if (!(vector instanceof DuckDBIntegerVector)) throw new TypeError(`column ${column} is no INTEGER`);
      const values: (number | null)[] = new Array(rows);
      for (let row = 0; row < rows; row++) values[row] = vector.getItem(row);
      return values;
    },
  };
}

function chunkOf(columns: readonly Values[]): DuckDB.DuckDBDataChunk {
  const types = columns.map((values) => (values instanceof Int32Array ? INTEGER : BLOB));
  const chunk = DuckDBDataChunk.create(types, columns[0]?.length ?? 0);
  for (const [i, values] of columns.entries()) {
    const vector = chunk.getColumnVector(i);
    // By hand: setColumnValues wants an array of values, which for numbers would be one more copy.
    for (let row = 0; row < values.length; row++) {
      const value = values[row] as number | Uint8Array | null;
      vector.setItem(row, value instanceof Uint8Array ? new DuckDBBlobValue(value) : value);
    }
    vector.flush();
  }
  return chunk;
}

const KINDS: Readonly<Partial<Record<DuckDB.DuckDBTypeId, "temporal" | "binary" | "map" | "other">>> = {
  [DuckDBTypeId.DATE]: "temporal",
  [DuckDBTypeId.TIME]: "temporal",
  [DuckDBTypeId.TIME_TZ]: "temporal",
  [DuckDBTypeId.TIME_NS]: "temporal",
  [DuckDBTypeId.TIMESTAMP]: "temporal",
  [DuckDBTypeId.TIMESTAMP_S]: "temporal",
  [DuckDBTypeId.TIMESTAMP_MS]: "temporal",
  [DuckDBTypeId.TIMESTAMP_NS]: "temporal",
  [DuckDBTypeId.TIMESTAMP_TZ]: "temporal",
  [DuckDBTypeId.UUID]: "temporal",
  [DuckDBTypeId.BLOB]: "binary",
  [DuckDBTypeId.MAP]: "map",
  [DuckDBTypeId.ARRAY]: "other",
  [DuckDBTypeId.UNION]: "other",
  [DuckDBTypeId.GEOMETRY]: "other",
  [DuckDBTypeId.VARIANT]: "other",
};

function columnType(type: DuckDBType): ColumnType {
  const sql = type.alias === "JSON" ? "JSON" : type.toString();
  if (type.alias === "JSON") return { kind: "json", sql };
  if (type instanceof DuckDBListType) return { kind: "list", sql, item: columnType(type.valueType) };
  if (type instanceof DuckDBStructType) {
    const fields = type.entryNames.map((name, i) => ({ name, type: columnType(type.entryTypes[i] ?? type) }));
    return { kind: "struct", sql, fields };
  }
  if (type instanceof DuckDBEnumType) return { kind: "text", sql: "ENUM" };
  if (type.typeId === DuckDBTypeId.VARCHAR) return { kind: "text", sql };
  return { kind: KINDS[type.typeId] ?? "scalar", sql };
}
