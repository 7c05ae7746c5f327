// SPDX-License-Identifier: Apache-2.0
import { lstat, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ModelpackError } from "../core/error.ts";
import { digestFile, prettyJson, sha256 } from "./digest.ts";
import { errnoOf, guarded } from "./failure.ts";
import { type FolderEntry, listFiles, temporaryRun } from "./file.ts";
import { ownerOf } from "./owner.ts";
import { safeName } from "./path.ts";

export const MANIFEST_NAME = "manifest.json";
/** Files of a version that say what a run did: no manifest covers them. */
export const UNHASHED: readonly string[] = ["run.json"];

/** A manifest lists files and counts; one past this size is no manifest, and is not read into memory. */
const MAX_MANIFEST_BYTES = 1 << 26;
const SEAL_KEY = "manifest_sha256";
const SEAL_BLANK = "0".repeat(64);
/** What follows the 64 digits of the seal, which is the last member. */
const SEAL_TAIL = '"\n}\n';

/** A file of a version, as its manifest lists it. */
export interface ManifestFile {
  /** Relative to the version's folder, parts joined by `/`. */
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
}

/** What is wrong with a file of a version. */
export interface VersionProblem {
  readonly file: string;
  readonly problem: string;
}

/**
 * The bytes of a manifest: `body` with one more member, last, `manifest_sha256`: the digest of the whole
 * file with zeros in the place of that digest. So the file that vouches for the others vouches for itself.
 */
export function sealManifest(body: unknown): Buffer {
  const members = body instanceof Map ? [...body] : Object.entries(body ?? {});
  const sealed = Buffer.from(prettyJson(new Map([...members, [SEAL_KEY, SEAL_BLANK]])));
  sealed.write(sha256(sealed), sealAt(sealed), "latin1");
  return sealed;
}

function sealAt(bytes: Buffer): number {
  return bytes.length - SEAL_TAIL.length - SEAL_BLANK.length;
}

/** The files that a manifest lists, or what is wrong with it. */
export function parseManifest(bytes: Buffer): readonly ManifestFile[] | string {
  const at = sealAt(bytes);
  if (at < 0) return "is cut short";
  const blank = Buffer.from(bytes);
  blank.write(SEAL_BLANK, at, "latin1");
  if (sha256(blank) !== bytes.toString("latin1", at, at + SEAL_BLANK.length)) {
    return `differs from its own ${SEAL_KEY}`;
  }
  let body: unknown;
  try {
    body = JSON.parse(bytes.toString("utf8"));
  } catch {
    return "is not JSON";
  }
  const files: unknown =
    typeof body === "object" && body !== null && "files" in body ? body.files : undefined;
  return Array.isArray(files) ? checkedFiles(files) : "has no list of files";
}

function checkedFiles(files: readonly unknown[]): readonly ManifestFile[] | string {
  const checked: ManifestFile[] = [];
  let before = "";
  for (const [i, file] of files.entries()) {
    if (!isManifestFile(file)) return `has no name, sha256 and bytes in files[${i}]`;
    if (!isSafe(file.name)) return `lists a file under an unsafe name in files[${i}]`;
    if (file.name <= before) return `lists its files out of order or twice at files[${i}]`;
    before = file.name;
    checked.push({ name: file.name, sha256: file.sha256, bytes: file.bytes });
  }
  return checked;
}

function isManifestFile(file: unknown): file is ManifestFile {
  if (typeof file !== "object" || file === null) return false;
  const { name, sha256: digest, bytes } = file as Record<string, unknown>;
  if (typeof name !== "string" || typeof digest !== "string" || typeof bytes !== "number") return false;
  return /^[0-9a-f]{64}$/.test(digest) && Number.isSafeInteger(bytes) && bytes >= 0;
}

function isSafe(name: string): boolean {
  try {
    name.split("/").map(safeName);
    return true;
  } catch {
    return false;
  }
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
  const found = new Map((await listFiles(folder)).map((entry) => [entry.name, entry]));
  const problems: VersionProblem[] = [];
  for (const file of listed) {
    const problem = await compare(folder, file, found.get(file.name));
    if (problem !== null) problems.push({ file: file.name, problem });
  }
  const known = new Set([MANIFEST_NAME, ...unhashed, ...listed.map((file) => file.name)]);
  for (const name of found.keys()) {
    if (!known.has(name) && !isTemporary(name))
      problems.push({ file: name, problem: "is not in the manifest" });
  }
  return problems;
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

/** Throws for a manifest that would not verify: a mistake of the code that wrote it, caught at once. */
export function assertManifest(bytes: Buffer, files: readonly ManifestFile[]): void {
  const listed = parseManifest(bytes);
  if (typeof listed === "string") throw new ModelpackError("INTERNAL", `the new ${MANIFEST_NAME} ${listed}`);
  if (prettyJson(listed) !== prettyJson(files)) {
    throw new ModelpackError("INTERNAL", `the new ${MANIFEST_NAME} lists other files than were written`);
  }
}
