// SPDX-License-Identifier: Apache-2.0
import type { Delimiter } from "../config/form.ts";
import { ModelpackError } from "../core/error.ts";
import { delimiterHint, likeliestDelimiter, MAX_HEADER_BYTES } from "./delimiter.ts";
import { MAX_COLUMNS } from "./engine.ts";
import { fileBytes } from "./gzip.ts";
import { placeOf } from "./refusal.ts";
import type { Source, SourceFile } from "./source.ts";

// DuckDB's reader drops everything after an unclosed quote without a word, and calls some broken files an
// "invalid state" without a line. So a pass of our own decides what is RFC 4180, names the line where a
// file is not, and counts the rows, which DuckDB must then find too. 100 MB take 0.25 s.

/** The longest row, in bytes: DuckDB holds several at once, and no text to classify comes near. */
export const MAX_ROW_BYTES = 1 << 24;

const LF = 10;
const CR = 13;
const QUOTE = 34;

// Where the scanner stands: at the start of a field, in a plain one, in a quoted one, after its quote.
const START = 0;
const PLAIN = 1;
const QUOTED = 2;
const CLOSED = 3;

export interface CsvShape {
  /** Names of the columns, each of them once. */
  readonly header: readonly string[];
  /** Names of the file that are not in `header`, since they are empty or repeat one, and what is there instead. */
  readonly renamed: readonly (readonly [from: string, to: string])[];
  /** Rows below the header. A blank line is none, but where there is one column, an empty value. */
  readonly rows: number;
  /** Where there is one column, the delimiter that its name speaks for if that is another; else null. */
  readonly likelier: Delimiter | null;
}

/** Reads a CSV or TSV file once: its header, its number of rows, and whether every row is well formed. */
export async function checkCsv(source: Source, file: SourceFile, delimiter: Delimiter): Promise<CsvShape> {
  const scanner = new CsvScanner(source, file, delimiter);
  let first = true;
  for await (const bytes of fileBytes(source, file)) {
    // A byte order mark is no part of the first name, which may begin with a quote.
    const marked = first && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
    scanner.push(marked ? bytes.subarray(3) : bytes);
    first = false;
  }
  return scanner.end();
}

class CsvScanner {
  readonly #source: Source;
  readonly #file: SourceFile;
  readonly #delimiter: Delimiter;
  readonly #delimiterByte: number;
  readonly #head: number[] = [];
  #header: readonly string[] | undefined;
  #renamed: readonly (readonly [string, string])[] = [];
  #likelier: Delimiter | null = null;
  #rows = 0;
  #state = START;
  /** Line of the byte at hand, and where its record and its quoted field began. */
  #line = 1;
  #recordLine = 1;
  #quoteLine = 1;
  #fields = 1;
  #bytes = 0;
  #afterReturn = false;

  constructor(source: Source, file: SourceFile, delimiter: Delimiter) {
    this.#source = source;
    this.#file = file;
    this.#delimiter = delimiter;
    this.#delimiterByte = delimiter.charCodeAt(0);
  }

  push(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i++) this.#byte(bytes[i] as number);
  }

  end(): CsvShape {
    if (this.#state === QUOTED)
      throw this.#refuse(this.#quoteLine, "a quote is opened here and never closed");
    if (this.#bytes > 0) this.#endRecord();
    if (this.#header === undefined)
      throw this.#refuse(1, "there is no header: the first row must name the columns");
    return { header: this.#header, renamed: this.#renamed, rows: this.#rows, likelier: this.#likelier };
  }

  #byte(byte: number): void {
    const pair = this.#afterReturn && byte === LF;
    this.#afterReturn = false;
    if (byte === LF || byte === CR) {
      if (byte === CR) this.#afterReturn = true;
      if (this.#state === QUOTED) this.#take(byte);
      else if (!pair) this.#endRecord();
      if (!pair) this.#line++;
      if (this.#bytes === 0) this.#recordLine = this.#line;
      return;
    }
    this.#take(byte);
    if (byte === QUOTE) this.#quote();
    else if (this.#state === QUOTED) return;
    else if (byte === this.#delimiterByte) {
      this.#fields++;
      this.#state = START;
    } else if (this.#state === CLOSED) {
      throw this.#refuse(this.#line, "there is text after a closing quote");
    } else this.#state = PLAIN;
  }

  #take(byte: number): void {
    this.#bytes++;
    if (this.#header === undefined) this.#head.push(byte);
    const most = this.#header === undefined ? MAX_HEADER_BYTES : MAX_ROW_BYTES;
    if (this.#bytes <= most) return;
    if (this.#state === QUOTED) {
      throw this.#refuse(this.#quoteLine, `a quote is opened here and not closed within ${most} bytes`);
    }
    throw this.#refuse(this.#recordLine, `the row is longer than ${most} bytes`);
  }

  #quote(): void {
    if (this.#state === START) {
      this.#state = QUOTED;
      this.#quoteLine = this.#line;
    } else if (this.#state === QUOTED) this.#state = CLOSED;
    else if (this.#state === CLOSED) this.#state = QUOTED;
    else throw this.#refuse(this.#line, "there is a quote inside a field that does not begin with one");
  }

  #endRecord(): void {
    const blank = this.#bytes === 0;
    if (this.#header === undefined) {
      if (!blank) this.#header = this.#readHeader();
    } else if (!blank || this.#header.length === 1) this.#endRow(this.#header.length);
    this.#state = START;
    this.#fields = 1;
    this.#bytes = 0;
  }

  #endRow(columns: number): void {
    this.#rows++;
    if (this.#fields === columns) return;
    throw this.#refuse(
      this.#recordLine,
      `the row has ${this.#fields} fields where the header has ${columns}`,
    );
  }

  #readHeader(): readonly string[] {
    if (this.#fields > MAX_COLUMNS) {
      throw this.#refuse(1, `the header has ${this.#fields} columns, which are too many (${MAX_COLUMNS})`);
    }
    // The decoder drops a byte order mark.
    const text = new TextDecoder().decode(Uint8Array.from(this.#head));
    const names = splitRecord(text, this.#delimiter);
    const likeliest = likeliestDelimiter(text, this.#file.format);
    if (names.length === 1 && splitRecord(text, likeliest).length > 1) this.#likelier = likeliest;
    this.#head.length = 0;
    const header = distinct(names);
    this.#renamed = header.flatMap((name, i) => (name === names[i] ? [] : [[names[i] ?? "", name] as const]));
    return header;
  }

  #refuse(line: number, message: string): ModelpackError {
    return new ModelpackError("SOURCE_UNREADABLE", `${this.#file.name}, line ${line}: ${message}`, {
      where: placeOf(this.#source, this.#file),
      hint:
        this.#likelier === null
          ? 'quote fields that hold a delimiter, a quote or a line end with "…", and double the quotes inside'
          : delimiterHint(this.#likelier),
    });
  }
}

function splitRecord(record: string, delimiter: string): readonly string[] {
  const fields: string[] = [];
  let field = "";
  let quoted = false;
  for (let i = 0; i < record.length; i++) {
    const character = record[i] ?? "";
    if (character === '"') {
      if (quoted && record[i + 1] === '"') {
        field += '"';
        i++;
      } else quoted = !quoted;
    } else if (character === delimiter && !quoted) {
      fields.push(field);
      field = "";
    } else field += character;
  }
  return [...fields, field];
}

// Without names of their own, columns get DuckDB's: column0, and text_1 for the second of one name (its
// names ignore case).
function distinct(names: readonly string[]): readonly string[] {
  const seen = new Set<string>();
  return names.map((name, i) => {
    const base = name === "" ? `column${i}` : name;
    let unique = base;
    for (let k = 1; seen.has(unique.toLowerCase()); k++) unique = `${base}_${k}`;
    seen.add(unique.toLowerCase());
    return unique;
  });
}
