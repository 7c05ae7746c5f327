// SPDX-License-Identifier: Apache-2.0
import { ModelpackError } from "../core/error.ts";
import { prettyJson, sha256 } from "./digest.ts";
import { safeName } from "./path.ts";

export const MANIFEST_NAME = "manifest.json";
/** Files of a version that say what a run did: no manifest covers them. */
export const UNHASHED: readonly string[] = ["run.json"];

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

/** Throws for a manifest that would not verify: a mistake of the code that wrote it, caught at once. */
export function assertManifest(bytes: Buffer, files: readonly ManifestFile[]): void {
  const listed = parseManifest(bytes);
  if (typeof listed === "string") throw new ModelpackError("INTERNAL", `the new ${MANIFEST_NAME} ${listed}`);
  if (prettyJson(listed) !== prettyJson(files)) {
    throw new ModelpackError("INTERNAL", `the new ${MANIFEST_NAME} lists other files than were written`);
  }
}
