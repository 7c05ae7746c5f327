// SPDX-License-Identifier: Apache-2.0
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  commitVersion,
  probeWritable,
  removeDeadTemporaries,
  verifyVersion,
} from "../../src/storage/commit.ts";
import { temporaryName } from "../../src/storage/file.ts";
import { canMount, childScript, isRoot, run } from "../support/child.ts";
import { deadRunId, type RunIdParts, runIdWith } from "../support/run-ids.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { OLD, POINTER, request } from "../support/version.ts";

/** A user that owns nothing: root may write where the mode says that nobody may. */
const NOBODY = 65534;
/** That user may not be allowed to read this checkout, or the node under test. */
const canBeNobody =
  isRoot && run(process.execPath, [childScript("run-id-child.mjs")], { uid: NOBODY }).status === 0;

describe("probeWritable", () => {
  it("makes the folder and leaves nothing in it", async () => {
    const folder = join(temporaryFolder(), "a", "b");
    await probeWritable(folder);
    await probeWritable(folder);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("refuses a file, and a path through a file", async () => {
    const file = join(temporaryFolder(), "out");
    writeFileSync(file, "mine");
    for (const path of [file, join(file, "below"), join(file, "far", "below")]) {
      await expect(probeWritable(path)).rejects.toMatchObject({
        code: "STORAGE",
        message: expect.stringMatching(/ENOTDIR|EEXIST/),
        where: path,
        hint: expect.any(String),
      });
    }
    expect(readFileSync(file, "utf8")).toBe("mine");
  });

  it("refuses a link that leads elsewhere, or nowhere, and writes nothing there", async () => {
    const elsewhere = temporaryFolder();
    const folder = temporaryFolder();
    symlinkSync(elsewhere, join(folder, "elsewhere"));
    symlinkSync("..", join(folder, "above"));
    symlinkSync("missing", join(folder, "nowhere"));
    symlinkSync("circle", join(folder, "circle"));
    for (const name of ["elsewhere", "above", "nowhere", "circle"]) {
      const path = join(folder, name);
      const error = { code: "PATH_UNSAFE", message: expect.stringContaining(path), where: path };
      await expect(probeWritable(path), name).rejects.toMatchObject(error);
    }
    expect(readdirSync(elsewhere)).toEqual([]);
  });

  it("takes a link that stays where it is, and a folder below one", async () => {
    const folder = temporaryFolder();
    const elsewhere = temporaryFolder();
    mkdirSync(join(folder, "out-2", "in"), { recursive: true });
    symlinkSync("out-2", join(folder, "out"));
    symlinkSync("out-2/in", join(folder, "inner"));
    symlinkSync(elsewhere, join(folder, "disk"));
    for (const name of ["out", "inner", "disk/out"]) await probeWritable(join(folder, name));
    writeFileSync(join(folder, "file"), "");
    symlinkSync("file", join(folder, "to-file"));
    await expect(probeWritable(join(folder, "to-file"))).rejects.toMatchObject({ code: "STORAGE" });
  });

  it.skipIf(!canBeNobody)("refuses another user's folder (needs root, and a node that all may run)", () => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o755);
    for (const path of [folder, join(folder, "below")]) {
      const { lines } = run(process.execPath, [childScript("probe-child.mjs"), path], { uid: NOBODY });
      const hint = expect.stringContaining("permissions");
      expect(lines).toMatchObject([{ code: "STORAGE", message: expect.stringContaining("EACCES"), hint }]);
      expect(lines).toEqual([expect.not.objectContaining({ message: expect.stringContaining(".probe") })]);
    }
    chmodSync(folder, 0o777);
    const { lines } = run(process.execPath, [childScript("probe-child.mjs"), folder], { uid: NOBODY });
    expect(lines).toEqual([{ code: null }]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it.skipIf(!canMount)("refuses a read-only mount (needs root that may mount)", () => {
    const folder = temporaryFolder();
    const mount = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && exec "$0" "$2" "$1"';
    const args = ["--mount", "sh", "-c", mount, process.execPath, folder, childScript("probe-child.mjs")];
    const { lines } = run("unshare", args);
    const message = `cannot write to the folder ${folder} (4096 bytes): the file system is read-only (EROFS)`;
    expect(lines).toMatchObject([{ code: "STORAGE", message }]);
  });
});

describe("removeDeadTemporaries", () => {
  it("is 0 for a folder that is missing or empty", async () => {
    const folder = temporaryFolder();
    expect(await removeDeadTemporaries(folder)).toBe(0);
    expect(await removeDeadTemporaries(join(folder, "missing"))).toBe(0);
  });

  it("removes folders and files of dead runs, in the root and in its versions", async () => {
    const root = temporaryFolder();
    const folder = await commitVersion(request(root, OLD));
    const half = join(root, temporaryName("fedcba987654", await deadRunId()));
    mkdirSync(join(half, "report"), { recursive: true });
    writeFileSync(join(half, "report", "b.txt"), "half");
    writeFileSync(join(root, temporaryName(POINTER, await deadRunId())), "{");
    writeFileSync(join(folder, temporaryName("run.json", await deadRunId())), "{");
    expect(await removeDeadTemporaries(root)).toBe(3);
    expect(readdirSync(root).sort()).toEqual([OLD, POINTER]);
    expect(readdirSync(folder).sort()).toEqual(["a.bin", "manifest.json", "report", "run.json"]);
    expect(await verifyVersion(folder)).toEqual([]);
  });

  const kept: readonly [string, Partial<RunIdParts>][] = [
    ["of a living run", {}],
    ["of another container", { namespace: "1", start: "1" }],
    ["of another machine", { boot: "00000000", host: "00000000" }],
  ];
  it.each(kept)("leaves alone what is %s", async (_, parts) => {
    const root = temporaryFolder();
    mkdirSync(join(root, temporaryName(OLD, await runIdWith(parts))));
    expect(await removeDeadTemporaries(root)).toBe(0);
    expect(readdirSync(root)).toHaveLength(1);
  });

  it("leaves alone what is not its own, whatever it is called", async () => {
    const root = temporaryFolder();
    const dead = await deadRunId();
    const names = [
      ".x.tmp",
      "..tmp",
      `${OLD}.${dead}.tmp`,
      `.${OLD}.${dead}`,
      `.${OLD}.${dead}x.tmp`,
      "notes.tmp",
    ];
    for (const name of names) writeFileSync(join(root, name), "");
    expect(await removeDeadTemporaries(root)).toBe(0);
    expect(readdirSync(root).sort()).toEqual([...names].sort());
  });

  it("removes a link, and not what it leads to", async () => {
    const root = temporaryFolder();
    const elsewhere = temporaryFolder();
    writeFileSync(join(elsewhere, "mine"), "");
    symlinkSync(elsewhere, join(root, temporaryName(OLD, await deadRunId())));
    expect(await removeDeadTemporaries(root)).toBe(1);
    expect(readdirSync(elsewhere)).toEqual(["mine"]);
  });
});
