// SPDX-License-Identifier: Apache-2.0
import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { amount } from "../core/amount.ts";
import { ModelpackError } from "../core/error.ts";
import type { AnnotatedFile } from "../data/annotation.ts";
import { resolveTables, type TableFiles, tableFormatOf } from "../data/table-files.ts";
import { type FilePrediction, predictFiles, type TaskTally } from "../pipeline/file-prediction.ts";
import type { Modelpack, TaskStatus } from "../runtime/node.ts";
import { probeWritable } from "../storage/commit.ts";
import { replaceFile } from "../storage/replacement.ts";
import { makeScratch, removeScratch } from "../storage/scratch.ts";
import { type Context, countOption, type Options, type Outcome } from "./context.ts";
import { shownPath } from "./printable.ts";

/** Options that mean nothing without `--file`. */
export const FILE_OPTIONS = {
  text: "--text",
  textA: "--text-a",
  textB: "--text-b",
  out: "--out",
  prefix: "--prefix",
  force: "--force",
} as const;

/** Whether the options call for pairs. */
export function asksForPairs(options: Options): boolean {
  return options.pair === true || options.textA !== undefined || options.textB !== undefined;
}

/** `modelpack predict --file`: the rows of files with the answers, to a file or to standard output. */
export async function predictRows(
  context: Context,
  options: Options,
  pack: Modelpack,
  tasks: readonly TaskStatus[],
): Promise<Outcome> {
  const tables = await resolveTables(options.file as readonly string[]);
  const out =
    options.out === undefined ? null : await checkedOut(String(options.out), options.force === true, tables);
  if (out?.format === "txt") checkLines(options, tasks);
  const columns = asksForPairs(options)
    ? [String(options.textA ?? "text_a"), String(options.textB ?? "text_b")]
    : [String(options.text ?? "text")];
  const asked = {
    tasks,
    columns,
    top: countOption(options, "top", "--top"),
    prefix: String(options.prefix ?? ""),
    signal: context.signal,
  };
  const run = (file: AnnotatedFile) => predictFiles(pack, tables, file, context.reporter, asked);
  if (out === null) return toStandardOutput(context, tables, run);
  await probeWritable(dirname(out.path));
  const result = await replaceFile(out.path, (path) => run({ ...out, path }));
  const lines = [
    ...summary(result),
    `${amount(result.rows, "row")} with ${result.columns.join(", ")}: ${shownPath(out.path)}`,
  ];
  return { text: lines.join("\n"), json: { out: out.path, ...result } };
}

/** Predicts into a file that goes away, and prints that: a run that fails prints nothing. */
async function toStandardOutput(
  context: Context,
  tables: TableFiles,
  run: (file: AnnotatedFile) => Promise<FilePrediction>,
): Promise<Outcome> {
  const format = tables.format === "txt" ? "csv" : tables.format;
  if (format === "parquet" || format === "arrow")
    throw new ModelpackError("USAGE", `${format} does not go to standard output`, {
      hint: `name a file for it: --out predicted.${format}`,
    });
  const scratch = await makeScratch();
  try {
    const path = join(scratch, "rows");
    const result = await run({ path, format, gzip: false });
    context.reporter.note(summary(result).join("\n"));
    await context.printFile(path);
    return { text: "", json: { out: null, ...result } };
  } finally {
    await removeScratch(scratch);
  }
}

async function checkedOut(path: string, force: boolean, tables: TableFiles): Promise<AnnotatedFile> {
  const kind = tableFormatOf(path);
  if (kind === undefined)
    throw usage(
      `--out takes a file whose name says its format, got ${JSON.stringify(path)}`,
      "the name may end in .csv, .tsv, .jsonl, .json, of text files in .txt (these may add .gz), .parquet or .arrow",
    );
  if (kind.format === "arrow" && tables.format !== "arrow")
    throw usage(
      "only Arrow files are written as Arrow files",
      "name a file that ends in .parquet: it keeps types too",
    );
  if (kind.format === "txt" && tables.format !== "txt")
    throw usage(
      "only text files are written as text files, which hold a label a line",
      "name a file that ends in .csv: it has room for the other columns",
    );
  const found = await stat(path).catch(() => null);
  if (found === null) return { path, format: kind.format, gzip: kind.gzip };
  if (!found.isFile()) throw usage(`--out names ${path}, which is no regular file`, "name another file");
  for (const input of tables.paths) {
    const { dev, ino } = await stat(input);
    if (dev === found.dev && ino === found.ino)
      throw usage(`--out names ${path}, which is one of the files to read`, "name another file");
  }
  if (!force) throw usage(`${path} is there already`, "name another file, or replace it with --force");
  return { path, format: kind.format, gzip: kind.gzip };
}

/** A line of a text file is one label, and nothing more. */
function checkLines(options: Options, tasks: readonly TaskStatus[]): void {
  if (tasks.length > 1)
    throw usage(
      `a text file holds a label a line, got ${tasks.length} tasks`,
      "name one with --task, or a file that ends in .csv",
    );
  for (const name of ["top", "prefix"])
    if (options[name] !== undefined)
      throw usage(
        `a text file holds a label a line: --${name} has no place in it`,
        "leave it out, or name a file that ends in .csv",
      );
}

function usage(message: string, hint: string): ModelpackError {
  return new ModelpackError("USAGE", message, { hint });
}

function summary({ tasks }: FilePrediction): string[] {
  return tasks.map(tallyLine);
}

function tallyLine({ task, answered, defaults }: TaskTally): string {
  const reasons = Object.entries(defaults).map(([reason, rows]) => `${rows} ${reason}`);
  const rest = reasons.length === 0 ? "" : `, the default for ${reasons.join(", ")}`;
  return `${task}: a model answered ${amount(answered, "row")}${rest}`;
}
