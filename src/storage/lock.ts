// SPDX-License-Identifier: Apache-2.0
import { link, readdir, readFile, rename, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { ModelpackError } from "../core/error.ts";
import { prettyJson } from "./digest.ts";
import { errnoOf, guarded } from "./failure.ts";
import { discard, makeFolder, temporaryName, writeDurable } from "./file.ts";
import { type Liveness, liveness, newRunId, ownerOf, type RunId } from "./owner.ts";

const LOCK_NAME = ".modelpack.lock";
/** Others may come and go between our look and our step; this often in a row, something else is wrong. */
const MAX_ATTEMPTS = 100;

export interface Lock {
  /** The lock's file. */
  readonly path: string;
  /**
   * Gives the lock back; again does nothing. Never rejects, so that it hides no error of the work it
   * guarded: a lock that can't be removed names a process that ends, and the next run takes it over.
   */
  release(): Promise<void>;
}

interface Holder {
  readonly run: RunId;
  readonly host: string;
  readonly purpose: string;
}

/**
 * Takes the lock of a folder, which is made where it is missing. Throws `LOCKED`, and says who holds it,
 * while another run (or this one) does; the lock of a process that is gone is taken over.
 */
export async function acquireLock(folder: string, purpose: string): Promise<Lock> {
  await makeFolder(folder);
  const lock = await acquireFile(folder, LOCK_NAME, purpose);
  await removeDeadClaims(folder);
  return lock;
}

/** Removes the lock of a process that is gone, and what it claimed; for a run that needs no lock of its own. */
export async function removeDeadLock(folder: string): Promise<void> {
  const holder = await readHolder(join(folder, LOCK_NAME)).catch(() => null);
  if (holder === null || (await liveness(holder.run)) !== "dead") return;
  const lock = await acquireLock(folder, "clean up").catch(() => null);
  await lock?.release();
}

async function acquireFile(folder: string, name: string, purpose: string): Promise<Lock> {
  const path = join(folder, name);
  const run = await newRunId();
  const temporary = join(folder, temporaryName(name, run));
  const record = { pid: process.pid, host: hostname(), purpose, run };
  try {
    // Written whole under another name first: nobody ever sees half a lock.
    await writeDurable(temporary, Buffer.from(prettyJson(record)));
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (await takeFree(temporary, path)) return lockOf(path, run);
      const holder = await readHolder(path);
      if (holder === null) continue;
      const state = await liveness(holder.run);
      if (state !== "dead") throw locked(folder, path, holder, state);
      if (await takeOver(folder, path, temporary, holder, purpose)) return lockOf(path, run);
    }
    throw new ModelpackError("LOCKED", `the lock of ${folder} keeps changing hands`, { where: path });
  } finally {
    await discard(temporary);
  }
}

function lockOf(path: string, run: RunId): Lock {
  const release = async (): Promise<void> => {
    const holder = await readHolder(path).catch(() => null);
    if (holder?.run === run) await rm(path, { force: true }).catch(() => undefined);
  };
  return { path, release };
}

async function takeFree(temporary: string, path: string): Promise<boolean> {
  try {
    await link(temporary, path);
    return true;
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return false;
    return guarded("lock", path, () => Promise.reject(error));
  }
}

/**
 * Replaces a dead holder's lock. Two contenders may both have seen that it is dead, and the slower one must
 * not replace the quicker one's lock: so only who holds the claim on the dead one's nonce may replace it,
 * and looks again first. A claim is a lock like any other, and is taken over itself when its holder dies.
 */
async function takeOver(
  folder: string,
  path: string,
  temporary: string,
  dead: Holder,
  purpose: string,
): Promise<boolean> {
  const claim = await acquireFile(folder, `${LOCK_NAME}.${dead.run.slice(-16)}.claim`, purpose);
  try {
    const holder = await readHolder(path);
    if (holder?.run !== dead.run) return false;
    await guarded("lock", path, () => rename(temporary, path));
    return true;
  } finally {
    await claim.release();
  }
}

/** Claims that outlived their run. Only for the holder of the lock: what they claim is gone for good. */
async function removeDeadClaims(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if (!name.startsWith(`${LOCK_NAME}.`) || !name.endsWith(".claim")) continue;
    const path = join(folder, name);
    const holder = await readHolder(path).catch(() => null);
    if (holder !== null && (await liveness(holder.run)) === "dead") await discard(path);
  }
}

/** Who holds a lock; null where nobody does. */
async function readHolder(path: string): Promise<Holder | null> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return null;
    return guarded("read the lock", path, () => Promise.reject(error));
  }
  const holder = parseHolder(text);
  if (holder !== null) return holder;
  throw new ModelpackError("LOCKED", `${path} is no lock that this modelpack can read`, {
    where: path,
    hint: `if no other run is at work there, delete ${path}`,
  });
}

function parseHolder(text: string): Holder | null {
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof record !== "object" || record === null) return null;
  const { run, host, purpose } = record as Record<string, unknown>;
  if (typeof run !== "string" || typeof host !== "string" || typeof purpose !== "string") return null;
  return ownerOf(run) === null ? null : { run, host, purpose };
}

function locked(folder: string, path: string, holder: Holder, state: Liveness): ModelpackError {
  const who = `${holder.purpose} (pid ${ownerOf(holder.run)?.pid} on ${holder.host})`;
  const hint =
    state === "alive"
      ? "wait until it ends, or stop it"
      : `that is another machine or container, so nobody here can tell whether it still runs: if it does not, delete ${path}`;
  return new ModelpackError("LOCKED", `${folder} is in use by another run: ${who}`, { where: path, hint });
}
