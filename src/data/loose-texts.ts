// SPDX-License-Identifier: Apache-2.0
import { readdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { ModelpackError } from "../core/error.ts";
import { cleanCell } from "./cleaning.ts";
import type { Column } from "./column.ts";
import { quoteName } from "./column.ts";
import { withFoundDelimiter } from "./delimiter.ts";
import { type Engine, withEngine } from "./engine.ts";
import { createSource } from "./sample.ts";
import { scanSource } from "./scan.ts";
import { formatOf, resolveLocalSource } from "./source.ts";

/** Loose files that are looked at: a folder with more is somebody's archive. */
const MOST_FILES = 100;
/** Names of columns that hold the text, the likeliest first; else the longest text column is taken. */
const TEXT_COLUMNS = ["text", "sentence", "query", "utterance", "message", "content", "question"];

export interface LooseTexts {
  readonly texts: readonly string[];
  /** What was wrong with files that could not be read; a loose file never ends a run. */
  readonly problems: readonly string[];
}

/**
 * The first texts of every data file that lies loose in a folder (not in a folder below it): `rows` of each at
 * most. They are for prompts only, so no file of `sources` is read: its rows may be in test or eval.
 */
export async function readLooseTexts(
  folder: string,
  rows: number,
  sources: readonly string[] = [],
): Promise<LooseTexts> {
  const names = rows === 0 ? [] : await looseFiles(folder, sources);
  const texts: string[] = [];
  const problems: string[] = [];
  for (const name of names.slice(0, MOST_FILES)) {
    try {
      texts.push(...(await textsOf(folder, name, rows)));
    } catch (error) {
      if (!(error instanceof ModelpackError)) throw error;
      problems.push(`${name}: ${error.message}`);
    }
  }
  return { texts, problems };
}

/** Names of the data files of a folder that are no source, sorted. */
async function looseFiles(folder: string, sources: readonly string[]): Promise<readonly string[]> {
  const taken = new Set(await Promise.all(sources.map(realPath)));
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isFile() && formatOf(entry.name) !== undefined);
  const root = await realPath(folder);
  return names
    .map(({ name }) => name)
    .filter((name) => !taken.has(join(root, name)))
    .sort();
}

/** One path for one file, whatever links led to it. */
async function realPath(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

async function textsOf(folder: string, name: string, rows: number): Promise<readonly string[]> {
  const source = await withFoundDelimiter(
    await resolveLocalSource({ name, path: join(folder, name) }, folder),
  );
  return withEngine(async (engine) => {
    const scan = await scanSource(engine, source);
    await createSource(engine, source, scan, { maxRows: rows, sample: "head" });
    await engine.lock(source.files.map((file) => file.path));
    const column = await textColumnOf(engine, scan.columns);
    if (column === null) return [];
    const found: string[] = [];
    for await (const batch of engine.stream(
      `SELECT encode(CAST(${quoteName(column)} AS VARCHAR)) FROM source`,
    ))
      for (const text of batch.texts(0)) {
        const clean = cleanCell(text);
        if (clean.text !== null) found.push(clean.text);
      }
    return found;
  });
}

/** The column that holds the text: by its name, else the one with the longest texts; null where none has any. */
async function textColumnOf(engine: Engine, columns: readonly Column[]): Promise<string | null> {
  const texts = columns.filter(({ type }) => type.kind === "text").map(({ name }) => name);
  const named = TEXT_COLUMNS.find((name) => texts.includes(name));
  if (named !== undefined || texts.length === 0) return named ?? null;
  const sizes = texts.map((name) => `coalesce(sum(length(${quoteName(name)})), 0)`);
  const [lengths = []] = await engine.rows(`SELECT ${sizes.join(", ")} FROM source`);
  const numbers = lengths.map(Number);
  return texts[numbers.indexOf(Math.max(...numbers))] ?? null;
}
