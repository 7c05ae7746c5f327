// SPDX-License-Identifier: Apache-2.0
import { rename } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { guarded } from "./failure.ts";
import { discard, makeFolder, syncFile, syncFolder, temporaryName } from "./file.ts";
import { newRunId } from "./owner.ts";
import { removeDeadTemporaries } from "./probe.ts";

/**
 * Replaces a file by what `write` puts at the path that it is given, whole or not at all: for what is too large to be
 * held in memory. Makes its folder, and removes from it what killed runs left.
 */
export async function replaceFile<T>(path: string, write: (temporary: string) => Promise<T>): Promise<T> {
  const folder = dirname(path);
  await makeFolder(folder);
  await removeDeadTemporaries(folder);
  const temporary = join(folder, temporaryName(basename(path), await newRunId()));
  try {
    const result = await write(temporary);
    await syncFile(temporary);
    await guarded("replace", path, () => rename(temporary, path));
    await syncFolder(folder);
    return result;
  } catch (error) {
    await discard(temporary);
    throw error;
  }
}
