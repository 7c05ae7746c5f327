// SPDX-License-Identifier: Apache-2.0
import { DELIMITERS, type Delimiter } from "../config/form.ts";
import { fileBytes } from "./gzip.ts";
import { type Format, isDelimited, type Source, type SourceFile } from "./source.ts";

/** The longest header of a CSV file, in bytes: it is the one record that we keep in memory. */
export const MAX_HEADER_BYTES = 1 << 20;

const LF = 10;
const CR = 13;
const QUOTE = 34;

/** What the ending of a CSV file's name says. */
export function usualDelimiter(format: Format): Delimiter {
  return format === "tsv" ? "\t" : ",";
}

/** What the columns of CSV files are separated by. */
export function delimiterOf({ delimiter, files }: Source): Delimiter {
  return delimiter ?? usualDelimiter(files[0]?.format ?? "csv");
}

/**
 * The delimiter that occurs most in a header, outside of quotes; what the ending says where none occurs more often.
 * A tab in a .tsv wins: commas are usual in names of columns.
 */
export function likeliestDelimiter(header: string, format: Format): Delimiter {
  const bare = header.replace(/"[^"]*"?/g, "");
  const count = (delimiter: Delimiter) => bare.split(delimiter).length;
  const usual = usualDelimiter(format);
  if (usual === "\t" && bare.includes(usual)) return usual;
  return DELIMITERS.reduce((best, one) => (count(one) > count(best) ? one : best), usual);
}

/**
 * The source with the delimiter that the header of its first file speaks for: of files that no config describes. What is
 * no CSV stays as it is. Throws SOURCE_UNREADABLE where the file can't be read.
 */
export async function withFoundDelimiter(source: Source): Promise<Source> {
  const [file] = source.files;
  if (file === undefined || !isDelimited(file.format)) return source;
  return { ...source, delimiter: likeliestDelimiter(await headerOf(source, file), file.format) };
}

/** The first record of a file that is not blank, or as much of it as a header may have. */
async function headerOf(source: Source, file: SourceFile): Promise<string> {
  const head: number[] = [];
  let isQuoted = false;
  // The decoder drops a byte order mark.
  const text = () => new TextDecoder().decode(Uint8Array.from(head));
  for await (const bytes of fileBytes(source, file))
    for (const byte of bytes) {
      if (byte === QUOTE) isQuoted = !isQuoted;
      const isEnd = (byte === LF || byte === CR) && !isQuoted;
      if (!isEnd) head.push(byte);
      if (isEnd ? head.length > 0 : head.length >= MAX_HEADER_BYTES) return text();
    }
  return text();
}

/** What to do about a file whose columns are separated by another delimiter than it is read with. */
export function delimiterHint(delimiter: Delimiter): string {
  const written = JSON.stringify(delimiter);
  return `the columns seem to be separated by ${written}: add delimiter = ${written} to the [[datasets]]`;
}
