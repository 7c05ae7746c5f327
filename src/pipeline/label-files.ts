// SPDX-License-Identifier: Apache-2.0
import { readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { PipelineConfig } from "../config/schema.ts";
import { ModelpackError } from "../core/error.ts";
import type { Reporter } from "../core/reporter.ts";
import { isReplaceable } from "../data/labelled-file.ts";
import { formatOf } from "../data/source.ts";
import { setFileAside } from "../storage/aside.ts";
import { probeWritable, writeFileAtomic } from "../storage/commit.ts";

/** Where labelled rows go, and the rows that a person should look at. */
export interface LabelFiles {
  readonly out: string;
  readonly queue: string;
}

interface Target {
  readonly flag: string;
  readonly path: string;
  readonly format: "jsonl" | "csv";
}

/**
 * The files that labelling writes: those given, or `labelled/<task>` in the cache folder. Makes sure, before
 * anything is asked, that they can be written and that nothing else is overwritten.
 *
 * @throws ModelpackError USAGE, STORAGE, PATH_UNSAFE
 */
export async function labelFiles(
  config: PipelineConfig,
  task: string,
  given: { readonly out: string | null; readonly queue: string | null },
  inputs: readonly string[],
): Promise<LabelFiles> {
  const base = join(config.paths.datasets_cache_dir, "labelled", task);
  const out: Target = { flag: "--out", path: given.out ?? `${base}.jsonl`, format: "jsonl" };
  const queue: Target = { flag: "--queue", path: given.queue ?? `${base}.queue.csv`, format: "csv" };
  if ((await placeOf(out.path)) === (await placeOf(queue.path)))
    throw usage(`--out and --queue are both ${out.path}`, "give them two names");
  const places = new Map<string, string>();
  for (const input of inputs) places.set(await placeOf(input), input);
  for (const target of [out, queue]) await checkTarget(target, places, config.paths.backfill_dir);
  if (!(await isReplaceable(out.path)))
    throw usage(
      `${out.path} is there already, and holds no labelled rows`,
      "name another file with --out, or move this one away",
    );
  for (const { path } of [out, queue]) await probeWritable(dirname(path));
  return { out: out.path, queue: queue.path };
}

async function checkTarget(
  { flag, path, format }: Target,
  inputs: ReadonlyMap<string, string>,
  ledger: string,
): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (found !== null && !found.isFile())
    throw usage(`${flag} names ${path}, which is ${found.isDirectory() ? "a folder" : "no regular file"}`);
  const kind = formatOf(path);
  if (kind?.format !== format || kind.gzip)
    throw usage(
      `${flag} takes a file whose name ends in .${format}, got ${JSON.stringify(path)}`,
      `for example ${flag} labelled.${format}`,
    );
  if (inputs.has(await placeOf(path)))
    throw usage(`${flag} names ${path}, which is one of the files to label`, "name another file");
  if (dirname(await placeOf(resolve(path))) === (await placeOf(ledger)))
    throw usage(`${flag} names ${path}, in the folder of the ledger`, "name a file in another folder");
}

/** A path without links, so that two names of one file are one; what is not there yet has a folder that may be. */
async function placeOf(path: string): Promise<string> {
  const full = resolve(path);
  const folder = async () => join(await realpath(dirname(full)).catch(() => dirname(full)), basename(full));
  return realpath(full).catch(folder);
}

function usage(message: string, hint?: string): ModelpackError {
  return new ModelpackError("USAGE", message, { hint });
}

/** The lines with those of an earlier run before them whose texts are not among them: other files may have had these. */
async function withEarlier(out: string, lines: Uint8Array): Promise<Uint8Array> {
  const before = await readFile(out, "utf8").catch(() => "");
  const split = (text: string) => text.split("\n").filter((line) => line.trim() !== "");
  const textsOf = (line: string) => {
    const { text, text_a, text_b } = JSON.parse(line) as Readonly<Record<string, unknown>>;
    return JSON.stringify([text, text_a, text_b]);
  };
  const again = new Set(split(Buffer.from(lines).toString("utf8")).map(textsOf));
  const kept = split(before).filter((line) => !again.has(textsOf(line)));
  return Buffer.concat([Buffer.from(kept.map((line) => `${line}\n`).join("")), lines]);
}

/**
 * Writes both files, each whole. What earlier runs labelled stays. A queue that is there and differs may hold a person's work: it is renamed, not
 * replaced.
 */
export async function writeLabelFiles(
  { out, queue }: LabelFiles,
  lines: Uint8Array,
  table: Uint8Array,
  reporter: Reporter,
): Promise<void> {
  await writeFileAtomic(out, await withEarlier(out, lines));
  const before = await readFile(queue).catch(() => null);
  if (before?.equals(table)) return;
  const aside = before === null ? null : await setFileAside(queue);
  if (aside !== null) reporter.note(`the queue of before is now ${join(dirname(queue), aside)}`);
  await writeFileAtomic(queue, table);
}
