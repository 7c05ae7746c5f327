// SPDX-License-Identifier: Apache-2.0
// The door for Node: the same, and packs from folders.
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { ModelpackError } from "../core/error.ts";
import {
  type Loaded,
  loadProblem,
  Modelpack,
  type OpenOptions,
  type TaskLabels,
} from "../modelpack/modelpack.ts";
import { loadVersion } from "./load.ts";

export * from "./index.ts";

/** Bytes of a model file at most: above any family that the format can hold in a sensible deployment. */
const MAX_FILE_BYTES = 2 ** 31 - 1;

/**
 * Opens a pack from a folder: a version (it has a `manifest.json`), or a folder of versions, whose
 * `latest.json` is followed, at every `reload()` anew.
 *
 * Never rejects for a missing or broken pack: predictions then come from defaults, and `status()` says what
 * is wrong. With `{ strict: true }` it rejects with a ModelpackError.
 */
export function openModelpack<Tasks extends TaskLabels = TaskLabels>(
  folder: string,
  options: OpenOptions<Tasks> = {},
): Promise<Modelpack<Tasks>> {
  return Modelpack.open(() => loadFolder(folder), options);
}

async function loadFolder(folder: string): Promise<Loaded> {
  try {
    const version = await versionFolder(folder);
    return await loadVersion((name) => read(join(version, name)));
  } catch (error) {
    return { version: null, classifiers: [], problems: [loadProblem(error, folder)] };
  }
}

async function versionFolder(folder: string): Promise<string> {
  const exists = (name: string) =>
    stat(join(folder, name)).then(
      (found) => found.isFile(),
      () => false,
    );
  if (await exists("manifest.json")) return folder;
  if (!(await exists("latest.json")))
    throw new ModelpackError("MODEL_MISSING", `no pack in ${folder}: neither manifest.json nor latest.json`, {
      where: folder,
      hint: "run `modelpack train`, or give the folder of a version",
    });
  const pointer: unknown = JSON.parse(await readFile(join(folder, "latest.json"), "utf8"));
  const version = (pointer as { version?: unknown } | null)?.version;
  if (typeof version !== "string" || !/^[0-9a-f]{12}$/.test(version))
    throw new ModelpackError("MODEL_CORRUPT", `${join(folder, "latest.json")} names no version`, {
      where: folder,
      hint: "run `modelpack train` again; it writes the pointer anew",
    });
  return join(folder, version);
}

async function read(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const { size } = await stat(path).catch(() => {
    throw new ModelpackError("MODEL_MISSING", `${path} is not there`, {
      where: path,
      hint: "copy the whole version: manifest.json and every model file",
    });
  });
  if (size > MAX_FILE_BYTES)
    throw new ModelpackError(
      "MODEL_CORRUPT",
      `${path} has ${size} bytes, over the most of ${MAX_FILE_BYTES}`,
    );
  const buffer = await readFile(path);
  return new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.byteLength);
}
