// SPDX-License-Identifier: Apache-2.0
import { realpath } from "node:fs/promises";
import { probeWritable, removeDeadTemporaries } from "../storage/commit.ts";
import { acquireLock, type Lock } from "../storage/lock.ts";

/** The folder of prepared datasets, which one run at a time may write to. */
export class PrepareOutput {
  readonly #root: string;
  #lock: Promise<Lock> | null = null;
  #ready: Promise<void> | null = null;

  constructor(root: string) {
    this.#root = root;
  }

  /**
   * Makes sure, before work that costs anything, that the folder can be written to and that no other run
   * does; again does nothing.
   *
   * @throws ModelpackError STORAGE, PATH_UNSAFE or LOCKED
   */
  async take(): Promise<void> {
    this.#lock ??= this.#acquire();
    await this.#lock;
  }

  /**
   * The same before downloads, for the folders that they and the lock go to as well. One of these may be a
   * link to another disk.
   */
  async takeWith(folders: readonly string[]): Promise<void> {
    this.#ready ??= this.take().then(async () => {
      for (const folder of folders) await probeWritable(await realpath(folder).catch(() => folder));
    });
    await this.#ready;
  }

  async #acquire(): Promise<Lock> {
    await probeWritable(this.#root);
    const lock = await acquireLock(this.#root, "prepare");
    await removeDeadTemporaries(this.#root);
    return lock;
  }

  /** Gives the folder back; never rejects. */
  async release(): Promise<void> {
    const lock = await this.#lock?.catch(() => null);
    await lock?.release();
  }
}
