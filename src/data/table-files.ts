// SPDX-License-Identifier: Apache-2.0
import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { ModelpackError } from "../core/error.ts";
import { isGlob, matchGlob } from "./glob.ts";
import { type Format, formatOf, resolveLocalSource, type Source } from "./source.ts";

/** What a file of rows is: a table, or lines of text. */
export type TableFormat = Format | "txt";

/** Files of rows, all of one format, in the order in which they are read. */
export interface TableFiles {
  readonly format: TableFormat;
  /** Absolute. */
  readonly paths: readonly string[];
  /** The tables as a source; null for lines of text. */
  readonly source: Source | null;
}

/** What a name says of its file; undefined for one that says nothing. */
export function tableFormatOf(
  name: string,
): { readonly format: TableFormat; readonly gzip: boolean } | undefined {
  const lines = /\.txt(\.gz)?$/i.exec(name);
  return lines === null ? formatOf(name) : { format: "txt", gzip: lines[1] !== undefined };
}

const READ =
  "the names that are read end in .txt (a text a line), .csv, .tsv, .jsonl, .json (these may add .gz), .parquet or .arrow";

/**
 * The files that paths and patterns name, relative to the working directory.
 *
 * @throws ModelpackError SOURCE_MISSING, SOURCE_UNSUPPORTED, SOURCE_EMPTY, SOURCE_UNREADABLE
 */
export async function resolveTables(patterns: readonly string[]): Promise<TableFiles> {
  const paths: string[] = [];
  for (const pattern of patterns) paths.push(...(await pathsOf(pattern)));
  const distinct = [...new Set(paths)];
  const formats = distinct.map((path) => checkedFormat(path));
  const [format] = formats;
  if (format === undefined) throw new ModelpackError("SOURCE_MISSING", "no file is named");
  const other = formats.findIndex((one) => one !== format);
  if (other >= 0)
    throw new ModelpackError(
      "SOURCE_UNSUPPORTED",
      `the files are of two formats: ${basename(distinct[0] ?? "")} and ${basename(distinct[other] ?? "")}`,
      { where: distinct[other], hint: "run the command once for each format" },
    );
  for (const path of distinct) await checkSize(path);
  if (format === "txt") return { format, paths: distinct, source: null };
  const name = distinct.map((path) => basename(path)).join(", ");
  return { format, paths: distinct, source: await resolveLocalSource({ name, path: distinct }, ".") };
}

async function pathsOf(pattern: string): Promise<readonly string[]> {
  const path = resolve(pattern);
  const found = await stat(path).catch(() => null);
  if (found?.isFile()) return [path];
  if (found?.isDirectory())
    throw new ModelpackError("SOURCE_MISSING", `${pattern} is a folder`, {
      where: path,
      hint: `name its files, for example --file '${pattern.replace(/\/+$/, "")}/*.csv'`,
    });
  if (found !== null)
    throw new ModelpackError("SOURCE_UNREADABLE", `${pattern} is no regular file`, { where: path });
  const matches = isGlob(pattern) ? await matchGlob(pattern, ".") : [];
  const readable = matches.filter((match) => tableFormatOf(match) !== undefined);
  if (readable.length > 0) return readable.map((match) => resolve(match));
  const message = isGlob(pattern)
    ? `no file that is read matches ${JSON.stringify(pattern)}`
    : `there is no file ${pattern}`;
  throw new ModelpackError("SOURCE_MISSING", message, {
    where: path,
    hint: isGlob(pattern) ? READ : "a path is relative to the working directory",
  });
}

function checkedFormat(path: string): TableFormat {
  const found = tableFormatOf(path);
  if (found !== undefined) return found.format;
  throw new ModelpackError("SOURCE_UNSUPPORTED", `${basename(path)} is of no format that is read`, {
    where: path,
    hint: READ,
  });
}

async function checkSize(path: string): Promise<void> {
  const { size } = await stat(path);
  if (size === 0) throw new ModelpackError("SOURCE_EMPTY", `${basename(path)} is empty`, { where: path });
}
