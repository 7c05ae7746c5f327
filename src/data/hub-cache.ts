// SPDX-License-Identifier: Apache-2.0
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { canonicalJson, digestFile, gitBlobDigest, prettyJson, sha256 } from "../storage/digest.ts";
import { errnoOf, guarded } from "../storage/failure.ts";
import { writeFileAtomic } from "../storage/file.ts";
import type { HubFile, HubPin, HubRequest } from "./hub-dataset.ts";
import { formatOf, type SourceFile } from "./source.ts";

// Below the cache folder:
//   hub/files/<sha256>.<format>     whole files, by content
//   hub/git/<git digest>            the sha256 of a file that the Hub knows by its git digest alone
//   hub/partial/                    what is not whole yet
//   hub/resolved/<digest>.json      what a request was resolved to, for when there is no network

/** A record is some hundred bytes a file. */
const MAX_RECORD_BYTES = 1 << 26;

/** A file in the cache: whole, or why it can't be used. */
export type Cached =
  | { readonly state: "whole"; readonly file: SourceFile }
  | { readonly state: "missing" | "damaged" };

export function partialFolder(cacheDir: string): string {
  return join(cacheDir, "hub", "partial");
}

/** Where a file of this content is kept. The name keeps its endings, because DuckDB looks at them. */
export function contentPath(cacheDir: string, digest: string, path: string): string {
  const kind = formatOf(path);
  return join(cacheDir, "hub", "files", `${digest}.${kind?.format ?? "bin"}${kind?.gzip ? ".gz" : ""}`);
}

/** Looks a file up and digests it anew: what is on a disk may change. */
export async function lookUp(cacheDir: string, file: HubFile): Promise<Cached> {
  const digest = file.sha256 ?? (await readAlias(cacheDir, file.blob ?? ""));
  if (digest === null) return { state: "missing" };
  const path = contentPath(cacheDir, digest, file.path);
  if ((await sizeOf(path)) === null) return { state: "missing" };
  const found = await digestFile(path);
  const isWhole = found.bytes === file.bytes && found.sha256 === digest && (await hasBlob(path, file));
  return isWhole ? { state: "whole", file: sourceFile(path, file, digest) } : { state: "damaged" };
}

/** Whether the bytes at `path` are those of `file`, by every digest that is known of it; gives the sha256. */
export async function verified(path: string, file: HubFile): Promise<string | null> {
  const found = await digestFile(path);
  if (found.bytes !== file.bytes || (file.sha256 !== null && found.sha256 !== file.sha256)) return null;
  return (await hasBlob(path, file)) ? found.sha256 : null;
}

async function hasBlob(path: string, file: HubFile): Promise<boolean> {
  return file.blob === null || (await gitBlobDigest(path, file.bytes)) === file.blob;
}

export function sourceFile(path: string, file: HubFile, digest: string): SourceFile {
  const kind = formatOf(file.path);
  if (kind === undefined) throw new TypeError(`${file.path} is of no format that is read`);
  const name = file.path.slice(file.path.lastIndexOf("/") + 1);
  return { path, name, ...kind, bytes: file.bytes, sha256: digest };
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    return guarded("read", path, () => Promise.reject(error));
  }
}

/** Remembers the sha256 of a file that the Hub knows by its git digest. */
export async function writeAlias(cacheDir: string, blob: string, digest: string): Promise<void> {
  await writeFileAtomic(join(cacheDir, "hub", "git", blob), `${digest}\n`);
}

async function readAlias(cacheDir: string, blob: string): Promise<string | null> {
  const text = await readSmall(join(cacheDir, "hub", "git", blob));
  // Damaged, it finds nothing: the file is fetched again. What it finds is checked against the git digest.
  return /^([0-9a-f]{64})\n$/.exec(text ?? "")?.[1] ?? null;
}

async function readSmall(path: string): Promise<string | null> {
  const size = await sizeOf(path);
  if (size === null || size > MAX_RECORD_BYTES) return null;
  return guarded("read", path, () => readFile(path, "utf8"));
}

type Question = Pick<HubRequest, "datasetId" | "config" | "split" | "revision">;

function recordPath(cacheDir: string, endpoint: string, request: Question): string {
  const { datasetId, config, split, revision } = request;
  const key = sha256(canonicalJson({ endpoint, datasetId, config, split, revision }));
  return join(cacheDir, "hub", "resolved", `${key}.json`);
}

/** Remembers what a request was resolved to. */
export async function writeResolved(
  cacheDir: string,
  endpoint: string,
  request: Question,
  pin: HubPin,
): Promise<void> {
  const body = { ...pin, classLabels: [...pin.classLabels] };
  const record = prettyJson({ sha256: sha256(canonicalJson(body)), pin: body });
  await writeFileAtomic(recordPath(cacheDir, endpoint, request), record);
}

/** What a request was resolved to the last time; null where that is not known, or the record is damaged. */
export async function readResolved(
  cacheDir: string,
  endpoint: string,
  request: Question,
): Promise<HubPin | null> {
  const text = await readSmall(recordPath(cacheDir, endpoint, request));
  if (text === null) return null;
  try {
    const record = JSON.parse(text) as { sha256: unknown; pin: Record<string, unknown> };
    if (sha256(canonicalJson(record.pin)) !== record.sha256) return null;
    // Its digest says that we wrote it.
    const { classLabels, ...pin } = record.pin as unknown as Omit<HubPin, "classLabels"> & {
      classLabels: [string, string[]][];
    };
    return { ...pin, classLabels: new Map(classLabels) };
  } catch {
    return null;
  }
}
