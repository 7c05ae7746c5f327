// SPDX-License-Identifier: Apache-2.0
import { constants } from "node:fs";
import { type FileHandle, lstat, open } from "node:fs/promises";
import { dirname } from "node:path";
import { ModelpackError } from "../core/error.ts";
import { errnoOf, guarded } from "./failure.ts";
import { syncFolder } from "./file.ts";
import { recordBytes, sealLine, sumIn } from "./journal-line.ts";
import {
  type JournalScan,
  MAX_LINE_BYTES,
  type Place,
  type ReadAt,
  scanJournal,
  type Visit,
} from "./journal-scan.ts";

export type { JournalScan, Place, Visit } from "./journal-scan.ts";

/** Bytes of one write; a group of records is flushed once, however many writes it takes. */
const WRITE_BYTES = 1 << 22;
const EMPTY: JournalScan = { bytes: 0, torn: false, closed: true, records: 0, damaged: 0, firstDamaged: 0 };
// Never through a link: what is there may have been put there.
const NO_LINK = constants.O_NOFOLLOW ?? 0;

interface Waiting {
  readonly lines: readonly Buffer[];
  readonly resolve: (places: readonly Place[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A file of records that only grows. A record is on the disk when its `append` resolves; those that wait
 * at the same time share one flush. The file is made with the first record.
 */
export class Journal {
  readonly path: string;
  /** What was found on opening. */
  readonly found: JournalScan;
  readonly #write: boolean;
  #file: FileHandle | null;
  /** Where whole records end. */
  #end: number;
  /** Whether the file may have bytes past {@link #end}. */
  #ragged: boolean;
  #closed: boolean;
  #folderSynced = false;
  #waiting: Waiting[] = [];
  #flushing: Promise<void> | null = null;
  #ended = false;

  private constructor(path: string, write: boolean, file: FileHandle | null, found: JournalScan) {
    this.path = path;
    this.found = found;
    this.#write = write;
    this.#file = file;
    this.#end = found.bytes;
    this.#ragged = found.torn;
    this.#closed = found.closed;
  }

  /**
   * Opens a journal and visits its records. A torn last line is cut off when it is opened for writing. The
   * caller sees to it that only one writes at a time.
   */
  static async open(path: string, write: boolean, visit: Visit): Promise<Journal> {
    const file = await openIfThere(path, write);
    if (file === null) return new Journal(path, write, null, EMPTY);
    try {
      const found = await guarded("read", path, () => scanJournal(readerOf(file), visit));
      const journal = new Journal(path, write, file, found);
      if (write) await guarded("cut", path, () => journal.#trim(file));
      return journal;
    } catch (error) {
      await file.close().catch(() => undefined);
      throw error;
    }
  }

  /**
   * Appends records, each a JSON object with at least one member; returns where they are. After a failed
   * write the file is as it was before, and the next append may succeed.
   */
  append(records: readonly string[]): Promise<readonly Place[]> {
    if (!this.#write || this.#ended) return Promise.reject(misuse(this.path, "is not open for writing"));
    const lines = records.map(sealLine);
    if (lines.some((line) => line.length > MAX_LINE_BYTES)) {
      return Promise.reject(misuse(this.path, `takes no record of more than ${MAX_LINE_BYTES} bytes`));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ lines, resolve, reject });
      this.#flushing ??= this.#flushAll();
    });
  }

  /** The bytes of a record, read and checked again; throws `STORAGE` where they have changed since. */
  async read({ position, bytes, sum }: Place): Promise<Uint8Array> {
    const file = this.#file;
    if (file === null) throw misuse(this.path, "is not open");
    const record = Buffer.alloc(bytes);
    await guarded("read", this.path, () => file.read(record, 0, bytes, position));
    if (recordBytes(record) === bytes && sumIn(record) === sum) return record;
    throw new ModelpackError("STORAGE", `${this.path} was changed by another program while it was open`, {
      where: this.path,
      hint: "run the same command again, and leave the file alone meanwhile",
    });
  }

  /** Waits for what is being written, and closes the file; again does nothing. */
  async close(): Promise<void> {
    this.#ended = true;
    await this.#flushing;
    const file = this.#file;
    this.#file = null;
    if (file !== null) await guarded("close", this.path, () => file.close());
  }

  async #flushAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      await this.#flush(group);
    }
    this.#flushing = null;
  }

  /** Settles all of a group: a flush that fails tells nobody what of it is on the disk. */
  async #flush(group: readonly Waiting[]): Promise<void> {
    const lead = this.#closed ? "" : "\n";
    let at = this.#end + lead.length;
    const places = group.map(({ lines }) =>
      lines.map((line): Place => {
        const position = at;
        at += line.length;
        return { position, bytes: line.length - 1, sum: sumIn(line) };
      }),
    );
    const lines = [Buffer.from(lead), ...group.flatMap((waiting) => waiting.lines)];
    try {
      await guarded("write", this.path, () => this.#writeLines(lines), at - this.#end);
    } catch (error) {
      await this.#restore();
      for (const { reject } of group) reject(error);
      return;
    }
    this.#end = at;
    this.#ragged = false;
    this.#closed = true;
    for (const [i, { resolve }] of group.entries()) resolve(places[i] ?? []);
  }

  async #writeLines(lines: readonly Buffer[]): Promise<void> {
    this.#file ??= await open(this.path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | NO_LINK);
    const file = this.#file;
    if (this.#ragged) await this.#trim(file);
    this.#ragged = true;
    let at = this.#end;
    for (const piece of pieces(lines)) at += await writeAt(file, piece, at);
    await file.sync();
    // The run that made the file may have been killed before its name was on the disk.
    if (!this.#folderSynced) await syncFolder(dirname(this.path));
    this.#folderSynced = true;
  }

  /** After a failure: what is left past the end may be half a record. What can't be cut now is cut later. */
  async #restore(): Promise<void> {
    if (this.#file !== null) await this.#trim(this.#file).catch(() => undefined);
  }

  async #trim(file: FileHandle): Promise<void> {
    if (!this.#ragged) return;
    await file.truncate(this.#end);
    await file.sync();
    this.#ragged = false;
  }
}

/** Lines joined up to {@link WRITE_BYTES}, or the one line that is longer. */
function* pieces(lines: readonly Buffer[]): Generator<Buffer> {
  let from = 0;
  let length = 0;
  for (const [i, line] of lines.entries()) {
    if (length > 0 && length + line.length > WRITE_BYTES) {
      yield Buffer.concat(lines.slice(from, i));
      from = i;
      length = 0;
    }
    length += line.length;
  }
  yield Buffer.concat(lines.slice(from));
}

async function writeAt(file: FileHandle, data: Buffer, position: number): Promise<number> {
  for (let at = 0; at < data.length; ) {
    const { bytesWritten } = await file.write(data, at, data.length - at, position + at);
    at += bytesWritten;
  }
  return data.length;
}

async function openIfThere(path: string, write: boolean): Promise<FileHandle | null> {
  try {
    // Before it is opened: the opening of a pipe waits for its other end.
    if (!(await lstat(path)).isFile()) throw irregular(path);
    return await open(path, (write ? constants.O_RDWR : constants.O_RDONLY) | NO_LINK);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    return guarded("open", path, () => Promise.reject(error));
  }
}

function readerOf(file: FileHandle): ReadAt {
  return async (buffer, position) => (await file.read(buffer, 0, buffer.length, position)).bytesRead;
}

function irregular(path: string): ModelpackError {
  return new ModelpackError(
    "STORAGE",
    `${path} is a link, a folder or a device, and a file is needed there`,
    {
      where: path,
      hint: "move it away, or choose another folder",
    },
  );
}

function misuse(path: string, what: string): ModelpackError {
  return new ModelpackError("INTERNAL", `${path} ${what}`, { where: path });
}
