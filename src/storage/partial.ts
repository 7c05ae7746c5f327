// SPDX-License-Identifier: Apache-2.0
import { constants } from "node:fs";
import { type FileHandle, lstat, open, readdir, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { guarded } from "./failure.ts";
import { discard, makeFolder, syncFolder, temporaryName, temporaryRun } from "./file.ts";
import { liveness, newRunId } from "./owner.ts";
import { safeName } from "./path.ts";

/** What a partial is called that no run writes to. */
const FREE = ".part";

/**
 * A file that comes in pieces, over several runs where need be. While a run writes to it, its name is that
 * run's: nobody else touches it, and when the run is killed the next one takes it over, by a rename that
 * only one can win. Two runs at a time thus make two, and need no lock.
 */
export class PartialFile {
  readonly path: string;
  readonly #folder: string;
  readonly #key: string;
  readonly #file: FileHandle;
  #bytes: number;

  private constructor(folder: string, key: string, path: string, file: FileHandle, bytes: number) {
    this.#folder = folder;
    this.#key = key;
    this.path = path;
    this.#file = file;
    this.#bytes = bytes;
  }

  /** Opens what is there of the file that `key` names, or begins it; `folder` is made where it is missing. */
  static async open(folder: string, key: string): Promise<PartialFile> {
    await makeFolder(folder);
    const path = join(folder, temporaryName(safeName(key), await newRunId()));
    const adopted = await adopt(folder, key, path);
    // Never through a link: what is there may have been put there.
    const flags = constants.O_RDWR | (constants.O_NOFOLLOW ?? 0);
    const create = adopted ? 0 : constants.O_CREAT | constants.O_EXCL;
    const file = await guarded("write", path, () => open(path, flags | create));
    const { size } = await file.stat();
    return new PartialFile(folder, key, path, file, size);
  }

  /** Bytes that are there. */
  get bytes(): number {
    return this.#bytes;
  }

  async append(data: Uint8Array): Promise<void> {
    const write = async (): Promise<void> => {
      for (let at = 0; at < data.length; ) {
        const { bytesWritten } = await this.#file.write(data, at, data.length - at, this.#bytes);
        at += bytesWritten;
        this.#bytes += bytesWritten;
      }
    };
    await guarded("write", this.path, write, data.length);
  }

  /** Begins anew. */
  async restart(): Promise<void> {
    await guarded("write", this.path, () => this.#file.truncate(0));
    this.#bytes = 0;
  }

  /** Flushes the file and gives it its final name, on the same file system; whole when this returns. */
  async commit(target: string): Promise<void> {
    await guarded("flush", this.path, () => this.#file.sync());
    await this.#file.close();
    await makeFolder(dirname(target));
    await guarded("replace", target, () => rename(this.path, target));
    await syncFolder(dirname(target));
  }

  /** Leaves what is there to a later run; nothing is left of an empty one. Never rejects. */
  async keep(): Promise<void> {
    await this.#file.close().catch(() => undefined);
    const kept = this.#bytes > 0 && rename(this.path, join(this.#folder, this.#key + FREE));
    if (kept === false) await discard(this.path);
    else await kept.catch(() => discard(this.path));
  }
}

/** Renames the longest partial that no living run writes to; removes the others. */
async function adopt(folder: string, key: string, path: string): Promise<boolean> {
  const found: { readonly path: string; readonly bytes: number }[] = [];
  for (const name of await guarded("list", folder, () => readdir(folder))) {
    if (!(await isFree(name, key))) continue;
    const stats = await lstat(join(folder, name)).catch(() => null);
    if (stats?.isFile()) found.push({ path: join(folder, name), bytes: stats.size });
  }
  found.sort((a, b) => b.bytes - a.bytes);
  let adopted = false;
  for (const one of found) {
    if (adopted) await discard(one.path);
    // Another run may have been quicker.
    else
      adopted = await rename(one.path, path).then(
        () => true,
        () => false,
      );
  }
  return adopted;
}

async function isFree(name: string, key: string): Promise<boolean> {
  if (name === key + FREE) return true;
  const run = temporaryRun(name);
  return run !== null && name === temporaryName(key, run) && (await liveness(run)) === "dead";
}
