// SPDX-License-Identifier: Apache-2.0
import { stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import type { Delimiter } from "../config/form.ts";
import { nearest } from "../config/suggest.ts";
import { ModelpackError } from "../core/error.ts";
import { digestFile } from "../storage/digest.ts";
import { isFile } from "../storage/file.ts";
import { isGlob, listFolder, matchGlob } from "./glob.ts";

const FORMATS = ["parquet", "csv", "tsv", "jsonl", "json", "arrow"] as const;
export type Format = (typeof FORMATS)[number];

/** A file of a dataset, as it was when it was digested. */
export interface SourceFile {
  readonly path: string;
  /** Base name. */
  readonly name: string;
  readonly format: Format;
  readonly gzip: boolean;
  readonly bytes: number;
  readonly sha256: string;
}

/** Where the rows of a dataset come from: files of one format, in the order in which they are read. */
export interface Source {
  /** Name of the dataset. */
  readonly dataset: string;
  readonly files: readonly SourceFile[];
  /** Column to the names of its classes, where the files hold numbers and do not say it themselves. */
  readonly classLabels?: ReadonlyMap<string, readonly string[]>;
  /** Between the columns of CSV files, where it is not what their names say. */
  readonly delimiter?: Delimiter | undefined;
}

/** What a local dataset's config says. */
export interface LocalDataset {
  readonly name: string;
  /** Paths or globs, relative to the folder of the TOML file. */
  readonly path: string | readonly string[];
  readonly delimiter?: Delimiter | undefined;
}

const EXTENSIONS: ReadonlyMap<string, Format> = new Map([
  [".parquet", "parquet"],
  [".csv", "csv"],
  [".tsv", "tsv"],
  [".jsonl", "jsonl"],
  [".ndjson", "jsonl"],
  [".json", "json"],
  [".arrow", "arrow"],
]);
const TEXT_FORMATS: readonly Format[] = ["csv", "tsv", "jsonl", "json"];

/** Format and compression that a file's name says; undefined for a name that says none we read. */
export function formatOf(name: string): { readonly format: Format; readonly gzip: boolean } | undefined {
  const lower = name.toLowerCase();
  const gzip = lower.endsWith(".gz");
  const bare = gzip ? lower.slice(0, -3) : lower;
  const format = EXTENSIONS.get(bare.slice(Math.max(0, bare.lastIndexOf("."))));
  if (format === undefined || (gzip && !TEXT_FORMATS.includes(format))) return undefined;
  return { format, gzip };
}

/** The files of a local dataset: paths and globs are relative to `folder`, the TOML's. */
export async function resolveLocalSource(dataset: LocalDataset, folder: string): Promise<Source> {
  const patterns = typeof dataset.path === "string" ? [dataset.path] : dataset.path;
  const paths: string[] = [];
  for (const pattern of patterns) paths.push(...(await resolvePattern(dataset.name, pattern, folder)));
  // One file named twice (by a path and by a glob) is one file.
  const files: SourceFile[] = [];
  for (const path of new Set(paths)) files.push(await sourceFile(dataset.name, path));
  checkDelimiter(dataset, files);
  return { ...checkedSource(dataset.name, files), delimiter: dataset.delimiter };
}

/** Whether files of a format have a delimiter. */
export function isDelimited(format: string): format is "csv" | "tsv" {
  return format === "csv" || format === "tsv";
}

/** Throws SOURCE_UNSUPPORTED where a dataset has a delimiter and a file that is no CSV. */
export function checkDelimiter(
  { name, delimiter }: Pick<LocalDataset, "name" | "delimiter">,
  files: readonly Pick<SourceFile, "name" | "format">[],
): void {
  if (delimiter === undefined) return;
  const other = files.find(({ format }) => !isDelimited(format));
  if (other === undefined) return;
  throw new ModelpackError(
    "SOURCE_UNSUPPORTED",
    `delimiter = ${JSON.stringify(delimiter)} is for CSV files, and ${other.name} is ${other.format}`,
    { where: `dataset ${JSON.stringify(name)}`, hint: "leave delimiter out" },
  );
}

/** A source of the given files, which must be of one format. */
export function checkedSource(dataset: string, files: readonly SourceFile[]): Source {
  const [first] = files;
  if (first === undefined) {
    throw new ModelpackError("SOURCE_MISSING", "the dataset names no file", {
      where: `dataset ${JSON.stringify(dataset)}`,
      hint: "give its path",
    });
  }
  const other = files.find((file) => file.format !== first.format);
  if (other !== undefined) {
    throw new ModelpackError(
      "SOURCE_UNSUPPORTED",
      `the files are of two formats: ${first.name} and ${other.name}`,
      {
        where: `dataset ${JSON.stringify(dataset)}`,
        hint: "make two datasets of them",
      },
    );
  }
  return { dataset, files };
}

async function resolvePattern(dataset: string, pattern: string, folder: string): Promise<readonly string[]> {
  const path = resolve(folder, pattern);
  // A file whose name holds * or [ is that file.
  if (!isGlob(pattern) || (await isFile(path))) return [await existing(dataset, path, pattern)];
  const found = await matchGlob(pattern, folder);
  const files = found.filter((file) => formatOf(file) !== undefined);
  if (files.length > 0) return files;
  const message =
    found.length === 0
      ? `no file matches ${JSON.stringify(pattern)} in ${folder}`
      : `no file that matches ${JSON.stringify(pattern)} is of a format that is read (${found.length} others are)`;
  throw new ModelpackError("SOURCE_MISSING", message, {
    where: `dataset ${JSON.stringify(dataset)}`,
    hint: `names end in ${[...EXTENSIONS.keys()].join(", ")}; text formats may add .gz`,
  });
}

async function existing(dataset: string, path: string, pattern: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile()) return path;
  const where = `dataset ${JSON.stringify(dataset)}`;
  if (found?.isDirectory()) {
    throw new ModelpackError("SOURCE_MISSING", `${path} is a folder`, {
      where,
      hint: `name its files, for example ${JSON.stringify(`${pattern.replace(/\/+$/, "")}/*.parquet`)}`,
    });
  }
  if (found !== undefined)
    throw new ModelpackError("SOURCE_UNREADABLE", `${path} is no regular file`, { where });
  throw new ModelpackError("SOURCE_MISSING", `there is no file ${path}`, {
    where,
    hint: await missingHint(path),
  });
}

async function missingHint(path: string): Promise<string> {
  const names = await listFolder(dirname(path));
  if (names?.includes(basename(path))) return "it is a link to what is not there, or may not be looked at";
  if (names === undefined) return `there is no folder ${dirname(path)}; path is relative to the TOML file`;
  const near = nearest(basename(path), names);
  if (near !== undefined) return `did you mean ${near}?`;
  const readable = names.filter((name) => formatOf(name) !== undefined);
  if (readable.length === 0) return `${dirname(path)} holds no file of a format that is read`;
  const shown = readable.slice(0, 5).join(", ");
  return `${dirname(path)} holds ${shown}${readable.length > 5 ? ` and ${readable.length - 5} more` : ""}`;
}

async function sourceFile(dataset: string, path: string): Promise<SourceFile> {
  const name = basename(path);
  const where = `dataset ${JSON.stringify(dataset)}, file ${JSON.stringify(name)}`;
  const kind = formatOf(name);
  if (kind === undefined) {
    const sheet = /\.(xlsx?|ods|numbers)$/i.test(name) ? "save the sheet as .csv (UTF-8): " : "";
    throw new ModelpackError("SOURCE_UNSUPPORTED", `${name} is of no format that is read`, {
      where,
      hint: `${sheet}names end in ${[...EXTENSIONS.keys()].join(", ")}; text formats may add .gz`,
    });
  }
  const { sha256, bytes } = await digestFile(path).catch((error: unknown) => {
    throw new ModelpackError("SOURCE_UNREADABLE", error instanceof Error ? error.message : String(error), {
      where,
      hint: "check its permissions and the disk",
      cause: error,
    });
  });
  if (bytes === 0)
    throw new ModelpackError("SOURCE_EMPTY", `${name} is empty`, {
      where,
      hint: "check that it is the file you mean, and that what writes it is done",
    });
  return { path, name, ...kind, bytes, sha256 };
}
