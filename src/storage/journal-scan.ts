// SPDX-License-Identifier: Apache-2.0
import { MARKER, recordBytes, sumIn } from "./journal-line.ts";

/**
 * No line is longer: a reply of a million characters, each of them escaped, has 6 MB, and a batch of 50,000
 * requests 3.4 MB. What is longer is not read into memory.
 */
export const MAX_LINE_BYTES = 1 << 24;

const PIECE = 1 << 18;
const NEWLINE = 0x0a;

/** Where a record is in its file. */
export interface Place {
  readonly position: number;
  readonly bytes: number;
  /** Its checksum: another record at that place has another. */
  readonly sum: string;
}

/** Fills a buffer from a position in a file; returns how many bytes there were. */
export type ReadAt = (buffer: Uint8Array, position: number) => Promise<number>;

/** Takes a record's bytes, which are its own only during the call; false where they mean nothing. */
export type Visit = (record: Uint8Array, place: Place) => boolean;

/** What a journal's file holds. */
export interface JournalScan {
  /** Bytes without a torn last line. */
  readonly bytes: number;
  /** Whether the last line was cut short, as by a crash. */
  readonly torn: boolean;
  /** Whether the last line ends with a newline, or there is none. */
  readonly closed: boolean;
  /** Records that were taken. */
  readonly records: number;
  /** Lines that were not, a torn one apart. */
  readonly damaged: number;
  /** Number of the first of those, from 1; 0 where there is none. */
  readonly firstDamaged: number;
}

/**
 * Reads a file's records in order, a piece at a time. A record begins at its marker and ends with its line;
 * so a newline that was damaged costs nothing, and any other damage the record that it is in.
 */
export async function scanJournal(read: ReadAt, visit: Visit): Promise<JournalScan> {
  const reader = new LineReader(visit);
  const piece = Buffer.allocUnsafe(PIECE);
  for (let at = 0; ; ) {
    const bytesRead = await read(piece, at);
    if (bytesRead === 0) return reader.end();
    reader.push(piece.subarray(0, bytesRead));
    at += bytesRead;
  }
}

class LineReader {
  readonly #visit: Visit;
  #buffer: Buffer = Buffer.alloc(0);
  /** Where the buffer begins in the file. */
  #offset = 0;
  /** Where the line at hand begins in the buffer. */
  #from = 0;
  #line = 1;
  /** Of the line at hand, bytes that were too many to keep; they count as one damaged line. */
  #dropped = 0;
  #records = 0;
  #damaged = 0;
  #firstDamaged = 0;

  constructor(visit: Visit) {
    this.#visit = visit;
  }

  push(piece: Buffer): void {
    this.#buffer = Buffer.concat([this.#buffer.subarray(this.#from), piece]);
    this.#offset += this.#from;
    this.#from = 0;
    let newline = this.#buffer.indexOf(NEWLINE);
    while (newline >= 0) {
      // Only up to the newline: a look through the whole buffer for each line would take quadratic time.
      for (let next = this.#nextMarker(newline); next > 0; next = this.#nextMarker(newline)) this.#take(next);
      this.#take(newline);
      this.#from = newline + 1;
      this.#line++;
      newline = this.#buffer.indexOf(NEWLINE, this.#from);
    }
    for (let next = this.#nextMarker(); next > 0; next = this.#nextMarker()) this.#take(next);
    this.#dropOverlong();
  }

  end(): JournalScan {
    const rest = this.#buffer.subarray(this.#from);
    const whole = this.#dropped === 0 && (isBlank(rest) || this.#accept(rest));
    const start = this.#offset + this.#from;
    return {
      bytes: whole ? start + rest.length : start - this.#dropped,
      torn: !whole,
      closed: !whole || rest.length === 0,
      records: this.#records,
      damaged: this.#damaged,
      firstDamaged: this.#firstDamaged,
    };
  }

  /** Where the next record begins within the line at hand: its newline is missing. -1 where none does. */
  #nextMarker(end = this.#buffer.length): number {
    const found = this.#buffer.subarray(this.#from, end).indexOf(MARKER, 1);
    return found < 0 ? -1 : this.#from + found;
  }

  /** Takes the line at hand, which ends before `end`. */
  #take(end: number): void {
    const line = this.#buffer.subarray(this.#from, end);
    if (this.#dropped > 0 || !(isBlank(line) || this.#accept(line))) this.#countDamage();
    this.#dropped = 0;
    this.#from = end;
  }

  #accept(line: Buffer): boolean {
    const bytes = recordBytes(line);
    if (bytes === 0) return false;
    const place = { position: this.#offset + this.#from, bytes, sum: sumIn(line) };
    if (this.#visit(line.subarray(0, bytes), place)) this.#records++;
    else this.#countDamage();
    return true;
  }

  #countDamage(): void {
    if (this.#damaged++ === 0) this.#firstDamaged = this.#line;
  }

  #dropOverlong(): void {
    const length = this.#buffer.length - this.#from;
    if (this.#dropped === 0 && length <= MAX_LINE_BYTES) return;
    // A marker may be cut in two here.
    const dropped = Math.max(0, length - MARKER.length);
    this.#dropped += dropped;
    this.#from += dropped;
  }
}

const BLANK: ReadonlySet<number | undefined> = new Set([0x20, 0x09, 0x0d]);
/** What some editors put before a file's first character. */
const BYTE_ORDER_MARK = Buffer.from("\ufeff");

/** Whether a line says nothing; only short ones are looked at, since nobody writes others. */
function isBlank(line: Buffer): boolean {
  if (line.length > 16) return false;
  return line.every((byte) => BLANK.has(byte)) || line.equals(BYTE_ORDER_MARK);
}
