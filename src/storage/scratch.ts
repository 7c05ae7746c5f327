// SPDX-License-Identifier: Apache-2.0
import { mkdir, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { guarded } from "./failure.ts";
import { discard, temporaryName, temporaryRun } from "./file.ts";
import { liveness, newRunId } from "./owner.ts";

const PREFIX = "modelpack-scratch";

/**
 * Makes a folder for what is not to stay, in the system's folder of temporary files, for this user alone;
 * removes those of runs that died.
 */
export async function makeScratch(): Promise<string> {
  const parent = tmpdir();
  await removeDeadScratch(parent);
  const path = join(parent, temporaryName(PREFIX, await newRunId()));
  await guarded("make the folder", path, () => mkdir(path, { mode: 0o700 }));
  return path;
}

/** Removes it, or leaves that to a later run; never rejects. */
export function removeScratch(path: string): Promise<void> {
  return discard(path);
}

async function removeDeadScratch(parent: string): Promise<void> {
  for (const name of await readdir(parent).catch(() => [])) {
    const run = name.startsWith(`.${PREFIX}.`) ? temporaryRun(name) : null;
    // What another user left there can't be removed, and is not in the way.
    if (run === null || (await liveness(run)) !== "dead") continue;
    await rm(join(parent, name), { recursive: true, force: true }).catch(() => undefined);
  }
}
