// SPDX-License-Identifier: Apache-2.0
import { tmpdir } from "node:os";
import { ModelpackError } from "../core/error.ts";
import { storageFailure } from "../storage/failure.ts";
import type { Source, SourceFile } from "./source.ts";

/** Characters that we repeat of DuckDB's messages, which may hold a whole line of the file. */
const MAX_MESSAGE = 600;

/** `dataset "x"` or `dataset "x", file "y"`, for {@link ModelpackError.where}. */
export function placeOf(source: Source, file?: SourceFile): string {
  const dataset = `dataset ${JSON.stringify(source.dataset)}`;
  return file === undefined ? dataset : `${dataset}, file ${JSON.stringify(file.name)}`;
}

/** DuckDB counts the rows that it has begun, blank lines not among them, and calls the next one the broken. */
const BROKEN_JSON = /^(.*Malformed JSON in file .*, at byte \d+) in (?:line|record\/value) (\d+)(?=: )/;

function rowOfJson(_all: string, start: string, begun: string): string {
  return `${start} of row ${Number(begun) - 1}`;
}

/** What DuckDB says, without the SQL that we wrote and without options that no config can reach. */
export function engineMessage(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const end = /\n\s*\n|\nLINE \d|\nPossible |\n\s*Try | Try auto-detecting /.exec(message);
  const text = message.slice(0, end?.index).trim().replace(BROKEN_JSON, rowOfJson);
  return text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE)}…` : text;
}

/**
 * The error for a file that is not what its name says; DuckDB's message goes under ours. That there is no
 * room is not the file's fault.
 */
export function unreadable(source: Source, file: SourceFile | undefined, error: unknown): ModelpackError {
  if (error instanceof ModelpackError) return error;
  const text = engineMessage(error);
  // Of several files, DuckDB names the one that it means.
  const named = file ?? source.files.find((one) => source.files.length === 1 || text.includes(one.path));
  const what = named === undefined ? "the files" : named.name;
  if (/^Out of Memory|No space left|max_temp_directory_size/.test(text)) {
    return new ModelpackError("STORAGE", `there is no room to read ${what}: ${text}`, {
      where: placeOf(source, named),
      hint: `rows that do not fit in memory go to ${tmpdir()}: make room there or set TMPDIR, or lower max_rows`,
      cause: error,
    });
  }
  const format = source.files[0]?.format ?? "";
  return new ModelpackError("SOURCE_UNREADABLE", `${what} can't be read as ${format}: ${text}`, {
    where: placeOf(source, named),
    hint: /utf-?8|unicode/i.test(text)
      ? "save the file as UTF-8"
      : "check that the file is whole and of the format that its name says",
    cause: error,
  });
}

/** DuckDB gives the words of the C library, and no number. */
const ERRNO_OF_TEXT: ReadonlyMap<string, string> = new Map([
  ["No space left on device", "ENOSPC"],
  ["Disk quota exceeded", "EDQUOT"],
  ["File too large", "EFBIG"],
  ["Input/output error", "EIO"],
  ["Read-only file system", "EROFS"],
  ["Permission denied", "EACCES"],
  ["Too many open files", "EMFILE"],
]);

/** The error for a file that DuckDB could not write; a failure of another kind comes back as it is. */
export function unwritable(path: string, error: unknown): unknown {
  const text = engineMessage(error);
  if (!text.startsWith("IO Error")) return error;
  const [, code] = [...ERRNO_OF_TEXT].find(([words]) => text.includes(words)) ?? [];
  if (code !== undefined)
    return storageFailure(Object.assign(new Error(text), { code, syscall: "write" }), "write", path);
  return new ModelpackError("STORAGE", `cannot write ${path}: ${text}`, {
    where: path,
    hint: "check the disk and the permissions, then run the same command again",
    cause: error,
  });
}
