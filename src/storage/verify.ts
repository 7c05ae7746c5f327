// SPDX-License-Identifier: Apache-2.0
import { lstat, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { ModelpackError } from "../core/error.ts";
import { digestFile } from "./digest.ts";
import { errnoOf, guarded } from "./failure.ts";
import { type FolderEntry, listFiles, temporaryRun } from "./file.ts";
import { MANIFEST_NAME, type ManifestFile, parseManifest, UNHASHED } from "./manifest.ts";
import { ownerOf } from "./owner.ts";

/** A manifest lists files and counts; one past this size is no manifest, and is not read into memory. */
const MAX_MANIFEST_BYTES = 1 << 26;

/** What is wrong with a file of a version. */
export interface VersionProblem {
  readonly file: string;
  readonly problem: string;
}

/**
 * What is wrong with a version's folder, by its whole manifest: every listed file is there with its size
 * and digest, and nothing else but `unhashed`. Temporary files of a run at work there don't count. Nothing
 * wrong is an empty list; a file that can't be read for another reason than its absence throws `STORAGE`.
 */
export async function verifyVersion(
  folder: string,
  unhashed: readonly string[] = UNHASHED,
): Promise<readonly VersionProblem[]> {
  const bytes = await readManifest(join(folder, MANIFEST_NAME));
  const listed = typeof bytes === "string" ? bytes : parseManifest(bytes);
  if (typeof listed === "string") return [{ file: MANIFEST_NAME, problem: listed }];
  try {
    return await compareAll(folder, listed, unhashed);
  } catch (error) {
    // Another run may move a version aside while we read it: that is a finding, not a fault.
    if (!(error instanceof ModelpackError) || errnoOf(error.cause) !== "ENOENT") throw error;
    return [{ file: relative(folder, error.where ?? folder), problem: "went away while it was read" }];
  }
}

async function readManifest(path: string): Promise<Buffer | string> {
  try {
    const stats = await lstat(path);
    if (!stats.isFile()) return "is no regular file";
    if (stats.size > MAX_MANIFEST_BYTES) return `is larger than ${MAX_MANIFEST_BYTES} bytes`;
    return await readFile(path);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "ENOTDIR") return "is missing";
    return guarded("read", path, () => Promise.reject(error));
  }
}

async function compareAll(
  folder: string,
  listed: readonly ManifestFile[],
  unhashed: readonly string[],
): Promise<readonly VersionProblem[]> {
  const found = new Map((await listFiles(folder)).map((entry) => [entry.name, entry]));
  const problems: VersionProblem[] = [];
  for (const file of listed) {
    const problem = await compare(folder, file, found.get(file.name));
    if (problem !== null) problems.push({ file: file.name, problem });
  }
  const known = new Set([MANIFEST_NAME, ...unhashed, ...listed.map((file) => file.name)]);
  const extra = [...found.keys()].filter((name) => !known.has(name) && !isTemporary(name));
  return [...problems, ...extra.map((file) => ({ file, problem: "is not in the manifest" }))];
}

async function compare(
  folder: string,
  file: ManifestFile,
  entry: FolderEntry | undefined,
): Promise<string | null> {
  if (entry === undefined) return "is missing";
  if (!entry.regular) return "is no regular file";
  const path = join(folder, file.name);
  const { size } = await guarded("read", path, () => lstat(path));
  if (size !== file.bytes) return `has ${size} bytes, and the manifest says ${file.bytes}`;
  const digest = await digestFile(path);
  if (digest.sha256 === file.sha256) return null;
  return `has sha256 ${digest.sha256}, and the manifest says ${file.sha256}`;
}

function isTemporary(name: string): boolean {
  const run = temporaryRun(name);
  return run !== null && ownerOf(run) !== null;
}
