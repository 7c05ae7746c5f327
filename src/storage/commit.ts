// SPDX-License-Identifier: Apache-2.0
import { mkdir, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ModelpackError } from "../core/error.ts";
import { digestFile } from "./digest.ts";
import { errnoOf, guarded } from "./failure.ts";
import {
  discard,
  isThere,
  listFiles,
  makeFolder,
  syncFile,
  syncFolder,
  temporaryName,
  writeDurable,
} from "./file.ts";
import { assertManifest, MANIFEST_NAME, type ManifestFile, sealManifest, UNHASHED } from "./manifest.ts";
import { newRunId } from "./owner.ts";
import { safeName } from "./path.ts";
import { checkedVersion, movePointer } from "./pointer.ts";
import { verifyVersion } from "./verify.ts";

export { writeFileAtomic } from "./file.ts";

export { movePointer, readPointer } from "./pointer.ts";
export { probeWritable, removeDeadTemporaries } from "./probe.ts";
export { type VersionProblem, verifyVersion } from "./verify.ts";

/** Others may put the same version in place between our look and our step, but not for ever. */
const MAX_ATTEMPTS = 8;

export interface CommitRequest {
  /** The folder of versions, such as `trained_models`; made where it is missing. */
  readonly root: string;
  /** 12 hex digits of the digest of the inputs. */
  readonly version: string;
  /** Writes the version's files into the temporary folder that it is given. */
  readonly write: (folder: string) => Promise<void>;
  /** The body of `manifest.json`; has a member `files` with the list that it is given, as it is. */
  readonly manifest: (files: readonly ManifestFile[]) => unknown;
  /** Files that no manifest covers; `run.json` where nothing is said. */
  readonly unhashed?: readonly string[];
  /** `current.json` or `latest.json`. */
  readonly pointer: string;
  /** Ends the commit with `INTERRUPTED`, as long as the version is not in place. */
  readonly signal?: AbortSignal;
}

/**
 * Puts a version in place whole or not at all, then moves the pointer; returns the version's folder. A
 * version that is there and verifies is kept without a call of `write`; a damaged one is replaced. Whatever
 * fails, the temporary folder is gone, the versions and the pointer are as they were, and the same process
 * can try again.
 */
export async function commitVersion(request: CommitRequest): Promise<string> {
  const { root, pointer, unhashed = UNHASHED } = request;
  const version = checkedVersion(request.version);
  safeName(pointer);
  stopIfAborted(request);
  await makeFolder(root);
  const final = join(root, version);
  if (!(await isThere(final)) || (await verifyVersion(final, unhashed)).length > 0) {
    const temporary = join(root, temporaryName(version, await newRunId()));
    try {
      await fill(request, temporary, unhashed);
      stopIfAborted(request);
      await place(temporary, final, unhashed);
    } catch (error) {
      throw interruptionOr(error, request);
    } finally {
      await discard(temporary);
    }
  }
  await movePointer(root, pointer, version);
  return final;
}

/** Writes all of a version into the temporary folder, on the disk when this returns; the manifest last. */
async function fill(request: CommitRequest, temporary: string, unhashed: readonly string[]): Promise<void> {
  await guarded("make the folder", temporary, () => mkdir(temporary));
  await guarded("write", temporary, () => request.write(temporary));
  const files: ManifestFile[] = [];
  const folders = new Set<string>();
  for (const { name, regular } of await listFiles(temporary)) {
    stopIfAborted(request);
    refuseUnfit(name, regular);
    const path = join(temporary, name);
    await syncFile(path);
    if (!unhashed.includes(name)) files.push({ name, ...(await digestFile(path)) });
    for (let at = dirname(name); at !== "."; at = dirname(at)) folders.add(at);
  }
  const manifest = sealManifest(request.manifest(files));
  assertManifest(manifest, files);
  await writeDurable(join(temporary, MANIFEST_NAME), manifest);
  for (const folder of folders) await syncFolder(join(temporary, folder));
  await syncFolder(temporary);
}

function refuseUnfit(name: string, regular: boolean): void {
  for (const part of name.split("/")) safeName(part);
  if (!regular) throw new ModelpackError("INTERNAL", `${name} is no regular file`);
  if (name === MANIFEST_NAME) throw new ModelpackError("INTERNAL", `${name} is not the stage's to write`);
}

/** Renames the temporary folder to the final one, unless another run was quicker with the same version. */
async function place(temporary: string, final: string, unhashed: readonly string[]): Promise<void> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    if (!(await isThere(final))) {
      if (await renameUnlessTaken(temporary, final)) return;
    } else if ((await verifyVersion(final, unhashed)).length === 0) {
      return;
    } else if (await replaceDamaged(temporary, final)) {
      return;
    }
  }
  throw new ModelpackError("LOCKED", `other runs keep writing ${final}`, { where: final });
}

async function renameUnlessTaken(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOTEMPTY" || errno === "EEXIST") return false;
    return guarded("rename to", to, () => Promise.reject(error));
  }
  await syncFolder(dirname(to));
  return true;
}

/** Moves the damaged version aside under a temporary name, so that a crash leaves nothing that stays. */
async function replaceDamaged(temporary: string, final: string): Promise<boolean> {
  const aside = join(dirname(final), temporaryName("damaged", await newRunId()));
  try {
    await rename(final, aside);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false; // another run did the same
    return guarded("move aside", final, () => Promise.reject(error));
  }
  try {
    return await renameUnlessTaken(temporary, final);
  } catch (error) {
    // A reader may still do with what is whole of the damaged version: better than none.
    await rename(aside, final).catch(() => undefined);
    throw error;
  } finally {
    await discard(aside);
  }
}

function stopIfAborted({ signal, version }: CommitRequest): void {
  if (!signal?.aborted) return;
  throw new ModelpackError("INTERRUPTED", `interrupted before version ${version} was in place`, {
    hint: "run the same command again: nothing is half written",
    cause: signal.reason,
  });
}

/** A writer that stops on the signal throws what it likes: the caller is told that it was interrupted. */
function interruptionOr(error: unknown, request: CommitRequest): unknown {
  if (error instanceof ModelpackError) return error;
  try {
    stopIfAborted(request);
    return error;
  } catch (interruption) {
    return interruption;
  }
}
