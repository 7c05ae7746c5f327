// SPDX-License-Identifier: Apache-2.0
import { lstat, open } from "node:fs/promises";
import { join } from "node:path";
import { ModelpackError } from "../core/error.ts";
import { errnoOf, guarded } from "./failure.ts";
import { syncFolder, writeFileAtomic } from "./file.ts";
import { safeName } from "./path.ts";

const VERSION = /^[0-9a-f]{12}$/;
/** A pointer has 28 bytes; what is longer than this is something else. */
const MAX_POINTER_BYTES = 1024;

/** `version` itself when it is 12 hex digits; else throws, since it becomes a part of a path. */
export function checkedVersion(version: string): string {
  if (VERSION.test(version)) return version;
  const shown = JSON.stringify(version.slice(0, 60));
  throw new ModelpackError("PATH_UNSAFE", `a version is 12 hex digits, got ${shown}`);
}

/** Makes the pointer file name a version that is there; a reader sees the old one or the new one. */
export async function movePointer(root: string, pointer: string, version: string): Promise<void> {
  const path = join(root, safeName(pointer));
  const folder = join(root, checkedVersion(version));
  // A pointer never names what is not there, and not before that is on the disk.
  await guarded("point to", folder, () => lstat(folder));
  await syncFolder(root);
  const before = await readPointer(root, pointer).catch(() => null);
  if (before !== version) await writeFileAtomic(path, `{"version": "${version}"}\n`);
}

/** The version that a pointer names; null where there is no pointer. */
export async function readPointer(root: string, pointer: string): Promise<string | null> {
  const path = join(root, safeName(pointer));
  const text = await readHead(path);
  if (text === null) return null;
  const version = parsePointer(text);
  if (version !== null) return version;
  throw new ModelpackError("STORAGE", `${path} names no version`, {
    where: path,
    hint: 'run the stage again, which writes it anew; it holds {"version": "<12 hex digits>"}',
  });
}

async function readHead(path: string): Promise<string | null> {
  try {
    const file = await open(path, "r");
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_POINTER_BYTES + 1), 0);
      return bytesRead > MAX_POINTER_BYTES ? "" : buffer.toString("utf8", 0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    return guarded("read", path, () => Promise.reject(error));
  }
}

function parsePointer(text: string): string | null {
  try {
    const parsed: unknown = JSON.parse(text);
    const version =
      typeof parsed === "object" && parsed !== null && "version" in parsed ? parsed.version : null;
    return typeof version === "string" && VERSION.test(version) ? version : null;
  } catch {
    return null;
  }
}
