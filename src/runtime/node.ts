// SPDX-License-Identifier: Apache-2.0
// The door for Node: the same, and packs from folders.
import { createHash } from "node:crypto";
import { open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { ModelpackError } from "../core/error.ts";
import { openingMemory } from "../model/opening-kernel.ts";
import {
  type Loaded,
  loadProblem,
  Modelpack,
  type OpenOptions,
  type TaskLabels,
} from "../modelpack/modelpack.ts";
import { loadVersion, type ReadFile } from "./load.ts";

export * from "./index.ts";

/** Bytes of a pointer file at most; it holds one version. */
const MAX_POINTER_BYTES = 4096;

/**
 * Opens a pack from a folder: a version (it has a `manifest.json`), or a folder of versions, whose
 * `latest.json` is followed, at every `reload()` anew.
 *
 * Never rejects for a missing or broken pack: predictions then come from defaults, and `status()` says what
 * is wrong. With `{ strict: true }` it rejects with a ModelpackError.
 *
 * @param folder absolute, or relative to the working directory
 * @throws ModelpackError with `strict` alone: MODEL_MISSING, MODEL_CORRUPT, MODEL_TOO_NEW, MODEL_TOO_OLD, STORAGE
 */
export function openModelpack<Tasks extends TaskLabels = TaskLabels>(
  folder: string,
  options: OpenOptions<NoInfer<Tasks>> = {},
): Promise<Modelpack<Tasks>> {
  return Modelpack.open(() => loadFolder(folder), options);
}

async function loadFolder(folder: string): Promise<Loaded> {
  try {
    const version = await pointedVersion(folder);
    const home = version === null ? folder : join(folder, version);
    const readHere: ReadFile = (name, most, room) => read(join(home, name), most, room);
    return await loadVersion(readHere, version, sha256, openingMemory);
  } catch (error) {
    return { version: null, classifiers: [], problems: [loadProblem(error, folder)] };
  }
}

/** Of files that were read into a memory: their sha256 is made while the next piece is on its way. */
const digests = new WeakMap<Uint8Array, string>();

/** At once: 6 ms for 10 MB, where loading Web Crypto, its copy of the bytes and its thread take 20. */
async function sha256(bytes: Uint8Array): Promise<string> {
  return digests.get(bytes) ?? createHash("sha256").update(bytes).digest("hex");
}

/** The version that `latest.json` names; null where the folder is a version itself. */
async function pointedVersion(folder: string): Promise<string | null> {
  const exists = (name: string) =>
    stat(join(folder, name)).then(
      (found) => found.isFile(),
      () => false,
    );
  if (await exists("manifest.json")) return null;
  if (!(await exists("latest.json")))
    throw new ModelpackError("MODEL_MISSING", `no pack in ${folder}: neither manifest.json nor latest.json`, {
      where: folder,
      hint: "run `modelpack train`, or give the folder of a version",
    });
  const path = join(folder, "latest.json");
  const version = versionIn(new TextDecoder().decode(await read(path, MAX_POINTER_BYTES)));
  if (version !== null) return version;
  throw new ModelpackError("MODEL_CORRUPT", `${path} names no version`, {
    where: path,
    hint: "run `modelpack train` again; it writes the pointer anew",
  });
}

function versionIn(pointer: string): string | null {
  try {
    const { version } = (JSON.parse(pointer) ?? {}) as { version?: unknown };
    return typeof version === "string" && /^[0-9a-f]{12}$/.test(version) ? version : null;
  } catch {
    return null;
  }
}

/** The bytes of a file that has `most` of them at most, where `room` has it. */
async function read(
  path: string,
  most: number,
  room?: Parameters<ReadFile>[2],
): Promise<Uint8Array<ArrayBuffer>> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "ENOENT" && cause.code !== "ENOTDIR") throw cause;
    throw new ModelpackError("MODEL_MISSING", `${path} is not there`, {
      where: path,
      hint: "copy the whole version: manifest.json and every model file",
    });
  });
  const problem = found.isFile() ? `has ${found.size} bytes, over the ${most} expected` : "is no file";
  if (!found.isFile() || found.size > most)
    throw new ModelpackError("MODEL_CORRUPT", `${path} ${problem}`, { where: path });
  const into = room?.(found.size);
  if (into !== undefined) return readInto(path, into);
  const buffer = await readFile(path);
  return new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.byteLength);
}

/** Bytes that are read at a time. */
const PIECE = 2 ** 19;

/** What there is of a file, which may have been cut meanwhile. */
async function readInto(path: string, into: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const file = await open(path);
  try {
    const hash = createHash("sha256");
    const piece = (at: number) => file.read(into, at, Math.min(PIECE, into.length - at));
    let end = 0;
    for (let next = piece(0); ; ) {
      const { bytesRead } = await next;
      if (bytesRead === 0) break;
      const from = end;
      end += bytesRead;
      next = piece(end);
      hash.update(into.subarray(from, end));
    }
    const bytes = into.subarray(0, end);
    digests.set(bytes, hash.digest("hex"));
    return bytes;
  } finally {
    await file.close();
  }
}
