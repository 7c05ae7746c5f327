// SPDX-License-Identifier: Apache-2.0
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { hasStrace } from "../support/child.ts";
import {
  digests,
  type Ended,
  leftovers,
  makeWorkspace,
  modelpack,
  PREPARE,
  STAGES,
  type Stage,
  succeed,
  TRAIN,
  tinyConfig,
  wholeVersion,
} from "../support/pipeline-run.ts";
import { sharedFolder, temporaryFolder } from "../support/temporary-folder.ts";

/** One thread for files, since strace counts the calls of each thread by itself. */
const env = { UV_THREADPOOL_SIZE: "1" };

interface Scene {
  /** An older version is there, made with another seed; the stage is the next to run. */
  readonly before: string;
  readonly old: string;
  readonly whole: Readonly<Record<string, string>>;
  /** How often an unbroken run makes each call. */
  readonly counts: ReadonlyMap<string, number>;
}

const CALLS = ["mkdir", "pwrite64", "fsync", "rename", "link", "unlink", "rmdir"];
const scenes = new Map<Stage, Scene>();
const kept = sharedFolder();

async function sceneOf(stage: Stage): Promise<Scene> {
  const before = makeWorkspace(join(kept, stage.command), tinyConfig());
  await succeed(before, ["prepare", ...(stage === PREPARE ? ["--seed", "1"] : [])]);
  if (stage === TRAIN) await succeed(before, ["train", "--max-iter", "1"]);
  const after = join(kept, `${stage.command}-whole`);
  cpSync(before, after, { recursive: true });
  const log = join(kept, `${stage.command}.log`);
  const prefix = ["strace", "-f", "-qq", "-o", log, "-e", `trace=${CALLS.join(",")}`];
  await succeed(after, [stage.command], { prefix, env });
  const threads = new Map<string, number>();
  for (const line of readFileSync(log, "utf8").split("\n")) {
    const [, thread, call] = /^([0-9]+) +([a-z0-9_]+)\(/.exec(line) ?? [];
    if (thread && call) threads.set(`${call} ${thread}`, (threads.get(`${call} ${thread}`) ?? 0) + 1);
  }
  const most = (call: string) =>
    Math.max(0, ...[...threads].filter(([key]) => key.startsWith(`${call} `)).map(([, count]) => count));
  return {
    before,
    old: (await wholeVersion(before, stage)) ?? "",
    whole: digests(join(after, stage.folder)),
    counts: new Map(CALLS.map((call) => [call, most(call)])),
  };
}

/** At most `most` numbers from 1 to `count`, the first and the last among them. */
function spread(count: number, most: number): number[] {
  const step = most === 1 ? 0 : Math.max(1, (count - 1) / (most - 1));
  const numbers = Array.from({ length: Math.min(count, most) }, (_, i) => Math.round(1 + i * step));
  return [...new Set(numbers)];
}

async function injected(
  stage: Stage,
  what: string,
): Promise<{ readonly workspace: string; readonly ended: Ended }> {
  const { before } = scenes.get(stage) as Scene;
  const workspace = temporaryFolder();
  cpSync(before, workspace, { recursive: true });
  const call = what.slice(0, what.indexOf(":"));
  const prefix = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", `trace=${call}`, "-e", `inject=${what}`];
  return { workspace, ended: await modelpack(workspace, [stage.command], { prefix, env }) };
}

/** The old version is whole, the pointer names a whole one, and the next run ends as an unbroken one. */
async function expectRecovery(stage: Stage, workspace: string, at: string): Promise<void> {
  const { before, old, whole } = scenes.get(stage) as Scene;
  const folder = join(workspace, stage.folder);
  expect(digests(join(folder, old)), at).toEqual(digests(join(before, stage.folder, old)));
  expect(await wholeVersion(workspace, stage), at).not.toBeNull();
  const again = await modelpack(workspace, [stage.command]);
  expect({ status: again.status, stderr: again.stderr }, at).toMatchObject({ status: 0 });
  expect(digests(folder), at).toEqual(whole);
  expect(leftovers(workspace), at).toEqual([]);
}

describe.skipIf(!hasStrace)("at a system call (needs strace)", () => {
  beforeAll(async () => {
    for (const stage of STAGES) scenes.set(stage, await sceneOf(stage));
  });

  it.each(STAGES)("kill -9 of $command leaves the old version or the new one", async (stage) => {
    const { counts } = scenes.get(stage) as Scene;
    for (const [call, most] of [
      ["fsync", 5],
      ["rename", 3],
      ["mkdir", 3],
      ["link", 1],
      ["unlink", 2],
    ] as const) {
      expect(counts.get(call), call).toBeGreaterThan(0);
      for (const when of spread(counts.get(call) ?? 0, most)) {
        const at = `${stage.command}: SIGKILL at ${call} ${when} of ${counts.get(call)}`;
        const { workspace, ended } = await injected(stage, `${call}:signal=SIGKILL:when=${when}`);
        expect(ended.signal, at).toBe("SIGKILL");
        await expectRecovery(stage, workspace, at);
      }
    }
  });

  const failures = [
    ["fsync", "ENOSPC", "no space is left on the disk"],
    ["fsync", "EIO", "the disk reports a fault"],
    ["pwrite64", "ENOSPC", "no space is left on the disk"],
    ["pwrite64", "EDQUOT", "the disk quota is used up"],
    ["rename", "ENOSPC", "no space is left on the disk"],
    ["mkdir", "ENOSPC", "no space is left on the disk"],
  ] as const;

  it.each(STAGES)("a failure in $command is an error with the path, and nothing else", async (stage) => {
    const { counts } = scenes.get(stage) as Scene;
    for (const [call, errno, says] of failures) {
      expect(counts.get(call), call).toBeGreaterThan(0);
      for (const when of spread(counts.get(call) ?? 0, 3)) {
        const at = `${stage.command}: ${errno} at ${call} ${when} of ${counts.get(call)}`;
        const { workspace, ended } = await injected(stage, `${call}:error=${errno}:when=${when}`);
        // mkdir of a folder that is there, and the removal of a temporary, may fail without harm.
        if (ended.status !== 0) {
          expect(ended, at).toMatchObject({ status: 1, signal: null });
          expect(ended.stderr, at).toMatch(new RegExp(`error: cannot [a-z ]+ /.*: ${says} \\(${errno}\\)`));
          expect(ended.stderr, at).toMatch(/\n {2}--> .+\n {3}= hint: /);
          expect(leftovers(workspace), at).toEqual([]);
        } else expect(call, at).toBe("mkdir");
        await expectRecovery(stage, workspace, at);
      }
    }
  });
});
