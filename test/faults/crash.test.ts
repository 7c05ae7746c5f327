// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  commitVersion,
  readPointer,
  removeDeadTemporaries,
  verifyVersion,
} from "../../src/storage/commit.ts";
import { childScript, countCalls, flushesAndRenames, hasStrace, runInjected } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { bytesOf, NEW, OLD, POINTER, request } from "../support/version.ts";

const SCRIPT = childScript("commit-child.mjs");
/**
 * Everything by which a commit changes the disk. Not `write`: node's threads wake each other by it, so its
 * count differs from run to run; the stage's own files are written between the first mkdir and fsync.
 */
const CALLS = ["mkdir", "pwrite64", "fsync", "rename", "unlink", "rmdir"];

function child(root: string): readonly string[] {
  return [SCRIPT, JSON.stringify({ root, version: NEW })];
}

/** What an unbroken run leaves; the same bytes whether this process or a child made them. */
async function unbroken(versions: readonly string[]): Promise<Record<string, string>> {
  const root = temporaryFolder();
  for (const version of versions) await commitVersion(request(root, version));
  return bytesOf(root);
}

/** A reader's promise after a crash: each version is whole or not there, and the pointer never dangles. */
async function expectWhole(root: string, versions: readonly string[], at: string): Promise<void> {
  for (const name of readdirSync(root)) {
    if (/^[0-9a-f]{12}$/.test(name)) expect(await verifyVersion(join(root, name)), at).toEqual([]);
  }
  const pointer = await readPointer(root, POINTER);
  expect(pointer === null ? versions.length <= 1 : versions.includes(pointer), at).toBe(true);
  if (pointer !== null) expect(await verifyVersion(join(root, pointer)), at).toEqual([]);
}

/** What the next run does: sweeps, and commits the same again. */
async function finish(root: string): Promise<void> {
  await removeDeadTemporaries(root);
  await commitVersion(request(root, NEW));
}

interface Scene {
  readonly versions: readonly string[];
  prepare(root: string): Promise<unknown>;
  /** Checks what the crash left, before the next run. */
  check(root: string, at: string): Promise<void>;
}

const scenes: Readonly<Record<string, Scene>> = {
  "the first version": {
    versions: [NEW],
    prepare: async () => undefined,
    check: (root, at) => expectWhole(root, [NEW], at),
  },
  "a second version": {
    versions: [OLD, NEW],
    prepare: (root) => commitVersion(request(root, OLD)),
    check: async (root, at) => {
      await expectWhole(root, [OLD, NEW], at);
      expect(await verifyVersion(join(root, OLD)), at).toEqual([]);
    },
  },
  "a version in the place of a damaged one": {
    versions: [OLD, NEW],
    prepare: async (root) => {
      await commitVersion(request(root, NEW));
      writeFileSync(join(root, NEW, "a.bin"), "damaged");
      await commitVersion(request(root, OLD));
    },
    check: async (root, at) => {
      const pointer = await readPointer(root, POINTER);
      expect(pointer === OLD || pointer === NEW, at).toBe(true);
      expect(await verifyVersion(join(root, pointer ?? "")), at).toEqual([]);
    },
  },
};

describe.skipIf(!hasStrace)("kill -9 at every system call of a commit (needs strace)", () => {
  it.each(Object.entries(scenes))(
    "of %s",
    async (_, scene) => {
      const whole = await unbroken(scene.versions);
      const counted = join(temporaryFolder(), "root");
      mkdirSync(counted);
      await scene.prepare(counted);
      const counts = countCalls(CALLS, child(counted), temporaryFolder());
      expect(bytesOf(counted)).toEqual(whole);
      for (const call of ["mkdir", "pwrite64", "fsync", "rename"])
        expect(counts.get(call), call).toBeGreaterThan(0);
      for (const [call, count] of counts) {
        for (let when = 1; when <= count; when++) {
          const at = `${call} ${when} of ${count}`;
          const root = join(temporaryFolder(), "root");
          mkdirSync(root);
          await scene.prepare(root);
          const { signal } = runInjected(`${call}:signal=SIGKILL:when=${when}`, child(root));
          expect(signal, at).toBe("SIGKILL");
          await scene.check(root, at);
          await finish(root);
          expect(bytesOf(root), at).toEqual(whole);
          rmSync(root, { recursive: true });
        }
      }
    },
    300_000,
  );
});

// A kill loses nothing that was written; a power cut loses what was not flushed. So the order is the test.
describe.skipIf(!hasStrace)("a power cut during a commit (needs strace)", () => {
  it("finds every byte on the disk before the step that makes it count", async () => {
    const root = temporaryFolder();
    await commitVersion(request(root, OLD));
    const log = flushesAndRenames(child(root), temporaryFolder());
    const shown = log.map((line) => line.replaceAll(/(?<=\.)[0-9]+(?:-[0-9a-f]+){5}(?=\.tmp)/g, "RUN"));
    const temporary = `${root}/.${NEW}.RUN.tmp`;
    expect(shown).toEqual([
      `fsync ${temporary}/a.bin`,
      `fsync ${temporary}/report/b.txt`,
      `fsync ${temporary}/run.json`,
      `fsync ${temporary}/manifest.json`,
      `fsync ${temporary}/report`,
      `fsync ${temporary}`,
      `rename ${temporary} ${root}/${NEW}`,
      `fsync ${root}`,
      `fsync ${root}`,
      `fsync ${root}/.${POINTER}.RUN.tmp`,
      `rename ${root}/.${POINTER}.RUN.tmp ${root}/${POINTER}`,
      `fsync ${root}`,
    ]);
  });
});

describe("kill -9 at random moments", () => {
  it("of a process that commits one version after the other", async () => {
    for (let i = 0; i < 20; i++) {
      const root = temporaryFolder();
      const process_ = spawn(process.execPath, [childScript("commit-loop-child.mjs"), root]);
      const exit = new Promise((resolve) => process_.once("exit", resolve));
      await new Promise((resolve) => process_.stdout.once("data", resolve));
      await new Promise((resolve) => setTimeout(resolve, (i * 37) % 101));
      process_.kill("SIGKILL");
      await exit;
      const versions = readdirSync(root).filter((name) => /^[0-9a-f]{12}$/.test(name));
      await expectWhole(root, versions, `kill ${i}`);
      await finish(root);
      expect(readdirSync(root).sort()).toEqual([...versions, NEW, POINTER].sort());
      await expectWhole(root, [NEW], `after kill ${i}`);
    }
  });
});
