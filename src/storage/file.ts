// SPDX-License-Identifier: Apache-2.0
import { type FileHandle, lstat, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { errnoOf, guarded } from "./failure.ts";
import { newRunId, type RunId } from "./owner.ts";

const WRITE_BYTES = 1 << 24;

/** What a temporary file or folder is called while `run` writes what will be `name`. */
export function temporaryName(name: string, run: RunId): string {
  return `.${name.slice(0, 40)}.${run}.tmp`; // at most 255 bytes, whatever the name
}

/** The run that a temporary name belongs to; null for any other name. */
export function temporaryRun(name: string): RunId | null {
  return /^\..*\.([^.]+)\.tmp$/.exec(name)?.[1] ?? null;
}

/** Writes a new file and returns when it is on the disk. Refuses to follow a link or to overwrite. */
export function writeDurable(path: string, data: Uint8Array): Promise<void> {
  return guarded("write", path, () => withFile(path, "wx", (file) => writeWhole(file, data)), data.length);
}

/** Returns when what was written to the file, by whomever, is on the disk. */
export function syncFile(path: string): Promise<void> {
  // For writing, since Windows flushes no file that is open for reading.
  const flags = process.platform === "win32" ? "r+" : "r";
  return guarded("flush", path, () => withFile(path, flags, (file) => file.sync()));
}

/** Returns when the folder's entries are on the disk. Windows has no such call. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  await guarded("flush", path, () => withFile(path, "r", (file) => file.sync()));
}

async function withFile(
  path: string,
  flags: string,
  work: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const file = await open(path, flags);
  try {
    await work(file);
  } finally {
    await file.close(); // a network disk may report a lost write only here
  }
}

async function writeWhole(file: FileHandle, data: Uint8Array): Promise<void> {
  for (let at = 0; at < data.length; ) {
    const { bytesWritten } = await file.write(data, at, Math.min(WRITE_BYTES, data.length - at), at);
    at += bytesWritten;
  }
  await file.sync();
}

/** Makes a folder and those above it, all on the disk when this returns. */
export async function makeFolder(path: string): Promise<void> {
  const full = resolve(path);
  const first = await guarded("make the folder", full, () => mkdir(full, { recursive: true }));
  if (first === undefined) return;
  for (let at = full; at.length >= first.length && at !== dirname(at); at = dirname(at)) {
    await syncFolder(dirname(at));
  }
}

/** Replaces a file, whole or not at all: a reader sees the old bytes or the new. Makes its folder. */
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  const folder = dirname(path);
  await makeFolder(folder);
  const temporary = join(folder, temporaryName(basename(path), await newRunId()));
  try {
    await writeDurable(temporary, typeof data === "string" ? Buffer.from(data) : data);
    await guarded("replace", path, () => rename(temporary, path));
  } catch (error) {
    await discard(temporary);
    throw error;
  }
  await syncFolder(folder);
}

const undiscarded = new Set<string>();

/**
 * Removes a temporary. What can't be removed now (with too many files open, say, or while the disk fails) is
 * tried again with the next one, and by a later run once this process is gone.
 */
export async function discard(path: string): Promise<void> {
  undiscarded.add(path);
  for (const each of undiscarded) {
    const removal = rm(each, { recursive: true, force: true, maxRetries: 3 });
    await removal.then(() => undiscarded.delete(each)).catch(() => undefined);
  }
}

/** Whether something is at a path, be it a link that leads nowhere. */
export async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    return guarded("read", path, () => Promise.reject(error));
  }
}

/** Whether a path, followed through links, is a regular file; false where that can't be told. */
export function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

export interface FolderEntry {
  /** Relative to the folder, parts joined by `/`. */
  readonly name: string;
  /** False for links, sockets and whatever else is no regular file. */
  readonly regular: boolean;
}

/** Everything in a folder and below it that is no folder, sorted by name. */
export async function listFiles(folder: string): Promise<readonly FolderEntry[]> {
  const found = await collect(folder, "");
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function collect(folder: string, prefix: string): Promise<FolderEntry[]> {
  const entries = await guarded("list", folder, () => readdir(folder, { withFileTypes: true }));
  const found: FolderEntry[] = [];
  for (const entry of entries) {
    const name = prefix + entry.name;
    if (entry.isDirectory()) found.push(...(await collect(join(folder, entry.name), `${name}/`)));
    else found.push({ name, regular: entry.isFile() });
  }
  return found;
}
