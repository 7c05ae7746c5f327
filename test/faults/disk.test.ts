// SPDX-License-Identifier: Apache-2.0
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { canMount, childScript, isRoot, run } from "../support/child.ts";
import {
  digests,
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

const NOBODY = 65534;
const canBeNobody =
  isRoot && run(process.execPath, [childScript("run-id-child.mjs")], { uid: NOBODY }).status === 0;

/** A trained workspace, and what its stages made. */
const whole = join(sharedFolder(), "whole");

beforeAll(async () => {
  makeWorkspace(whole, tinyConfig());
  for (const stage of STAGES) await succeed(whole, [stage.command]);
});

/** A workspace in which the stage is the next to run. */
function ready(stage: Stage): string {
  const workspace = temporaryFolder();
  cpSync(whole, workspace, { recursive: true });
  rmSync(join(workspace, stage.folder), { recursive: true });
  return workspace;
}

async function expectWhole(stage: Stage, workspace: string, at: string): Promise<void> {
  expect(digests(join(workspace, stage.folder)), at).toEqual(digests(join(whole, stage.folder)));
  expect(leftovers(workspace), at).toEqual([]);
}

describe("a disk that is too small", () => {
  it.skipIf(!canMount).each(STAGES)(
    "for $command, at every size (needs root that may mount)",
    async (stage) => {
      const workspace = ready(stage);
      const root = join(workspace, stage.folder);
      mkdirSync(root, { recursive: true });
      // Runs on the small disk, shows what it left, makes room, runs again, and brings out what that made.
      const script = `mount -t tmpfs -o size=$1k tmpfs "$2" || exit 99; shift; root=$1; shift
      "$0" "$@"; echo "status $?" >&2; ls -A "$root" >&2
      mount -o remount,size=64m "$root"; "$0" "$@" && cp -a "$root" "$root.after"`;
      let failed = 0;
      for (const kilobytes of [4, 12, 20, 36, 52, 68, 84, 132]) {
        const prefix = ["unshare", "--mount", "sh", "-c", script];
        const args = [process.execPath, String(kilobytes), root];
        const at = `${kilobytes} kB for ${stage.command}`;
        // The prefix's "$0" is Node, and the command's own path and arguments follow.
        const { status, stderr } = await modelpack(workspace, [stage.command], {
          prefix: [...prefix, ...args],
          bare: true,
        });
        expect(status, `${at}: ${stderr}`).toBe(0);
        const first = stderr.slice(0, stderr.indexOf("status "));
        const [, code, left] = /^status (\d+)\n((?:\S*\n)*?)(?=[a-z_]+:? |\S+ epoch|$)/m.exec(stderr) ?? [];
        if (code === "1") {
          failed++;
          expect(first, at).toMatch(/error: cannot [a-z ]+ \/.*: no space is left on the disk \(ENOSPC\)/);
          expect(left, at).not.toMatch(/\.tmp|\.lock|^[0-9a-f]{12}/m);
        } else expect(code, at).toBe("0");
        rmSync(root, { recursive: true });
        renameSync(`${root}.after`, root);
        await expectWhole(stage, workspace, at);
        rmSync(root, { recursive: true });
        mkdirSync(root);
      }
      expect(failed).toBeGreaterThan(3);
    },
  );

  it.each(STAGES)("for $command's files, by the limit of the shell", async (stage) => {
    for (const kilobytes of [1, 4, 5, 8, 16]) {
      const workspace = ready(stage);
      const prefix = ["bash", "-c", `ulimit -f ${kilobytes}; exec "$0" "$@"`];
      const { status, stderr } = await modelpack(workspace, [stage.command], { prefix });
      const at = `${kilobytes} kB for ${stage.command}: ${stderr}`;
      if (status !== 0) {
        expect(status, at).toBe(1);
        expect(stderr, at).toMatch(
          /error: cannot write (?:to the folder )?\/.*: the file is larger than is allowed \(EFBIG\)/,
        );
        expect(await wholeVersion(workspace, stage), at).toBeNull();
        expect(leftovers(workspace), at).toEqual([]);
      } else expect(kilobytes, at).toBeGreaterThan(5);
      await succeed(workspace, [stage.command]);
      await expectWhole(stage, workspace, at);
    }
  });
});

describe("an output that can't be written to", () => {
  it.each(STAGES)("a file in the place of $command's folder", async (stage) => {
    const workspace = ready(stage);
    writeFileSync(join(workspace, stage.folder), "mine");
    const { status, stderr } = await modelpack(workspace, [stage.command]);
    expect(status).toBe(1);
    expect(stderr).toContain(
      `error: ${join(workspace, stage.folder)} is a file, and a folder is needed there`,
    );
    expect(stderr).not.toContain("epoch");
    expect(readFileSync(join(workspace, stage.folder), "utf8")).toBe("mine");
  });

  it.each(STAGES)("a link to elsewhere in the place of $command's folder", async (stage) => {
    const workspace = ready(stage);
    const elsewhere = temporaryFolder();
    symlinkSync(elsewhere, join(workspace, stage.folder));
    const { status, stderr } = await modelpack(workspace, [stage.command]);
    expect(status).toBe(1);
    expect(stderr).toContain(`${join(workspace, stage.folder)} is a symbolic link to ${elsewhere}`);
    expect(stderr).not.toContain("epoch");
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  it.skipIf(!canBeNobody).each(STAGES)("another user's folder, for $command (needs root)", async (stage) => {
    const workspace = ready(stage);
    const root = join(workspace, stage.folder);
    mkdirSync(root);
    for (const path of [workspace, join(workspace, "tmp")]) chmodSync(path, 0o755);
    chownSync(join(workspace, "tmp"), NOBODY, NOBODY);
    const { status, stderr } = await modelpack(workspace, [stage.command], { uid: NOBODY });
    expect(status).toBe(1);
    expect(stderr).toMatch(/error: cannot write to the folder \/.*: permission is denied \(EACCES\)/);
    expect(stderr).toContain("hint: choose a folder that this user may write to");
    expect(stderr).not.toMatch(/epoch|train rows for/);
    chownSync(root, NOBODY, NOBODY);
    const again = await modelpack(workspace, [stage.command], { uid: NOBODY });
    expect(again.status, again.stderr).toBe(0);
    await expectWhole(stage, workspace, "as nobody");
  });

  it.skipIf(!canMount).each(STAGES)(
    "a read-only disk, for $command (needs root that may mount)",
    async (stage) => {
      const workspace = ready(stage);
      const root = join(workspace, stage.folder);
      mkdirSync(root);
      const script = `mount --bind "${root}" "${root}" && mount -o remount,ro,bind "${root}" && exec "$0" "$@"`;
      const { status, stderr } = await modelpack(workspace, [stage.command], {
        prefix: ["unshare", "--mount", "sh", "-c", script],
      });
      expect(status).toBe(1);
      expect(stderr).toMatch(
        /error: cannot write to the folder \/.*: the file system is read-only \(EROFS\)/,
      );
      expect(stderr).not.toMatch(/epoch|train rows for/);
      expect(readdirSync(root)).toEqual([]);
    },
  );

  it.skipIf(!canMount)(
    "a version that is there serves from a read-only disk (needs root that may mount)",
    async () => {
      const workspace = temporaryFolder();
      cpSync(whole, workspace, { recursive: true });
      const script = `mount --bind "${workspace}" "${workspace}" && mount -o remount,ro,bind "${workspace}" && cd / && cd "${workspace}" && exec "$0" "$@"`;
      const prefix = ["unshare", "--mount", "sh", "-c", script];
      for (const args of [["prepare"], ["train"], ["predict", "hello"], ["status"]]) {
        const env = { TMPDIR: "/tmp" };
        const { status, stderr } = await modelpack(workspace, args, { prefix, env });
        expect({ status, stderr: args[0] === "predict" ? stderr : "" }, args[0]).toEqual({
          status: 0,
          stderr: "",
        });
      }
    },
  );
});

describe("a folder for temporary files", () => {
  it("that is missing is named", async () => {
    const workspace = ready(PREPARE);
    const env = { TMPDIR: join(workspace, "no-such-folder") };
    const { status, stderr } = await modelpack(workspace, ["prepare"], { env });
    expect(status).toBe(1);
    expect(stderr).toContain(`error: cannot make the folder ${env.TMPDIR}/`);
    expect(existsSync(join(workspace, PREPARE.folder, PREPARE.pointer))).toBe(false);
    expect(leftovers(workspace)).toEqual([]);
    await succeed(workspace, ["prepare"]);
    await expectWhole(PREPARE, workspace, "after");
    expect(await wholeVersion(workspace, TRAIN)).not.toBeNull();
  });
});
