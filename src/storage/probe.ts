// SPDX-License-Identifier: Apache-2.0
import { lstat, readdir, realpath, rm } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { ModelpackError } from "../core/error.ts";
import { errnoOf, guarded, storageFailure } from "./failure.ts";
import { discard, makeFolder, temporaryName, temporaryRun, writeDurable } from "./file.ts";
import { liveness, newRunId } from "./owner.ts";

/** One block: a full disk refuses it, where it may still take an empty file. */
const PROBE_BYTES = 4096;

/**
 * Makes sure that a folder can be written to, before any work is done for it: makes it, and writes, flushes
 * and removes a file in it. Refuses a file, and a symbolic link that leads out of the folder that it is in.
 */
export async function probeWritable(folder: string): Promise<void> {
  const full = resolve(folder);
  await refuseOtherThanFolder(full);
  await makeFolder(full);
  const probe = join(full, temporaryName("probe", await newRunId()));
  try {
    await writeDurable(probe, new Uint8Array(PROBE_BYTES));
    await guarded("remove", probe, () => rm(probe));
  } catch (error) {
    await discard(probe);
    // Nobody knows the probe's name.
    const cause = error instanceof ModelpackError ? error.cause : error;
    throw storageFailure(cause, "write to the folder", full, PROBE_BYTES);
  }
}

async function refuseOtherThanFolder(path: string): Promise<void> {
  const stats = await lstatOrNull(path);
  if (stats === null || stats.isDirectory()) return;
  if (stats.isSymbolicLink()) return refuseLinkElsewhere(path);
  throw new ModelpackError("STORAGE", `${path} is a file, and a folder is needed there (ENOTDIR)`, {
    where: path,
    hint: "remove it, or choose another folder",
  });
}

async function refuseLinkElsewhere(path: string): Promise<void> {
  const target = await realpath(path).catch(() => null);
  const parent = await guarded("read", dirname(path), () => realpath(dirname(path)));
  if (target !== null && dirname(target) === parent) return refuseOtherThanFolder(target);
  if (target?.startsWith(parent.endsWith(sep) ? parent : parent + sep)) return refuseOtherThanFolder(target);
  throw new ModelpackError("PATH_UNSAFE", `${path} is a symbolic link to ${target ?? "nowhere"}`, {
    where: path,
    hint: "give the folder itself as the path, so that nothing is written where nobody looks",
  });
}

async function lstatOrNull(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    return guarded("read", path, () => Promise.reject(error));
  }
}

/**
 * Removes what dead runs left half written in a folder of versions and in the versions themselves; returns
 * how many. What a living run is writing stays, and so does what nobody here can tell about.
 */
export async function removeDeadTemporaries(root: string): Promise<number> {
  let removed = 0;
  for (const name of await namesIn(root)) {
    if (/^[0-9a-f]{12}$/.test(name)) {
      for (const inner of await namesIn(join(root, name))) {
        removed += await removeIfDead(join(root, name), inner);
      }
    }
    removed += await removeIfDead(root, name);
  }
  return removed;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "ENOTDIR") return [];
    return guarded("list", folder, () => Promise.reject(error));
  }
}

async function removeIfDead(folder: string, name: string): Promise<0 | 1> {
  const run = temporaryRun(name);
  if (run === null || (await liveness(run)) !== "dead") return 0;
  const path = join(folder, name);
  await guarded("remove", path, () => rm(path, { recursive: true, force: true }));
  return 1;
}
