// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { ModelpackError } from "../../src/core/error.ts";
import { commitVersion, readPointer, verifyVersion, writeFileAtomic } from "../../src/storage/commit.ts";
import { sha256 } from "../../src/storage/digest.ts";
import { temporaryName } from "../../src/storage/file.ts";
import { newRunId } from "../../src/storage/owner.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { bytesOf, NEW, OLD, POINTER, request } from "../support/version.ts";

describe("commitVersion", () => {
  it("puts the version in place, moves the pointer, leaves nothing else", async () => {
    const root = join(temporaryFolder(), "deep", "trained_models");
    const folder = await commitVersion(request(root, OLD));
    expect(folder).toBe(join(root, OLD));
    expect(readdirSync(root).sort()).toEqual([OLD, POINTER]);
    expect(readFileSync(join(root, POINTER), "utf8")).toBe(`{"version": "${OLD}"}\n`);
    expect(await verifyVersion(folder)).toEqual([]);
  });

  it("lists every file but run.json in the manifest, sorted by code unit", async () => {
    const root = temporaryFolder();
    const names = ["b", "B", "a/z", "a.b", "é", "10", "9", "__proto__", "run.json"];
    const write = async (folder: string): Promise<void> => {
      mkdirSync(join(folder, "a"));
      for (const name of names) writeFileSync(join(folder, name), name);
    };
    const folder = await commitVersion(request(root, OLD, { write }));
    const manifest: unknown = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
    const listed = ["10", "9", "B", "__proto__", "a.b", "a/z", "b", "é"];
    expect(manifest).toEqual({
      files: listed.map((name) => ({ name, sha256: sha256(name), bytes: Buffer.byteLength(name) })),
      manifest_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it("writes the same bytes in any folder and under any umask", async () => {
    const [a, b] = [temporaryFolder(), temporaryFolder()];
    await commitVersion(request(a, OLD));
    const umask = process.umask(0o077);
    onTestFinished(() => void process.umask(umask));
    await commitVersion(request(b, OLD));
    expect(bytesOf(b)).toEqual(bytesOf(a));
    expect(statSync(join(b, OLD, "manifest.json")).mode & 0o777).toBe(0o600);
  });

  it("keeps a whole version untouched, writes nothing, and moves only the pointer", async () => {
    const root = temporaryFolder();
    await commitVersion(request(root, OLD));
    await commitVersion(request(root, NEW));
    const before = statSync(join(root, OLD, "a.bin"));
    const write = () => Promise.reject(new Error("written again"));
    await commitVersion(request(root, OLD, { write }));
    expect(statSync(join(root, OLD, "a.bin"))).toMatchObject({ ino: before.ino, mtimeMs: before.mtimeMs });
    expect(await readPointer(root, POINTER)).toBe(OLD);
  });

  it("changes nothing at all when the pointer is right as well", async () => {
    const root = temporaryFolder();
    await commitVersion(request(root, OLD));
    const before = [statSync(root), statSync(join(root, POINTER))];
    await commitVersion(request(root, OLD));
    const after = [statSync(root), statSync(join(root, POINTER))];
    expect(after.map(({ ino, mtimeMs }) => [ino, mtimeMs])).toEqual(
      before.map(({ ino, mtimeMs }) => [ino, mtimeMs]),
    );
  });

  it.each<[string, (folder: string) => void]>([
    ["a changed byte", (folder) => writeFileSync(join(folder, "a.bin"), Buffer.alloc(3000, 7))],
    ["a missing file", (folder) => rmSync(join(folder, "report"), { recursive: true })],
    ["no manifest", (folder) => rmSync(join(folder, "manifest.json"))],
    ["a file too many", (folder) => writeFileSync(join(folder, "more"), "")],
    [
      "nothing in it",
      (folder) => {
        rmSync(folder, { recursive: true });
        mkdirSync(folder);
      },
    ],
    [
      "a file in its place",
      (folder) => {
        rmSync(folder, { recursive: true });
        writeFileSync(folder, "");
      },
    ],
    [
      "a dangling link in its place",
      (folder) => {
        rmSync(folder, { recursive: true });
        symlinkSync("nowhere", folder);
      },
    ],
  ])("replaces a damaged version: %s", async (_, damage) => {
    const root = temporaryFolder();
    await commitVersion(request(root, OLD));
    const whole = bytesOf(root);
    damage(join(root, OLD));
    await commitVersion(request(root, OLD));
    expect(bytesOf(root)).toEqual(whole);
    expect(readdirSync(root).sort()).toEqual([OLD, POINTER]);
  });

  it("replaces a pointer that can't be read", async () => {
    const root = temporaryFolder();
    writeFileSync(join(root, POINTER), "{");
    await commitVersion(request(root, OLD));
    expect(await readPointer(root, POINTER)).toBe(OLD);
  });

  it("is one run's whole when eight commit the same version at once", async () => {
    const root = temporaryFolder();
    const folders = await Promise.all(Array.from({ length: 8 }, () => commitVersion(request(root, OLD))));
    expect(new Set(folders)).toEqual(new Set([join(root, OLD)]));
    expect(await verifyVersion(join(root, OLD))).toEqual([]);
    expect(readdirSync(root).sort()).toEqual([OLD, POINTER]);
  });

  it("is one run's whole when eight replace the same damaged version at once", async () => {
    const root = temporaryFolder();
    await commitVersion(request(root, OLD));
    rmSync(join(root, OLD, "a.bin"));
    await Promise.all(Array.from({ length: 8 }, () => commitVersion(request(root, OLD))));
    expect(await verifyVersion(join(root, OLD))).toEqual([]);
    expect(readdirSync(root).sort()).toEqual([OLD, POINTER]);
  });
});

describe("a commit that fails", () => {
  const stop = new ModelpackError("TASK_UNTRAINABLE", "no rows");
  const full = Object.assign(new Error("ENOSPC: no space"), { code: "ENOSPC", syscall: "write" });
  const bug = new TypeError("a bug");

  it.each<[string, Parameters<typeof request>[2], object]>([
    ["in the stage", { write: () => Promise.reject(stop) }, stop],
    ["by a full disk in the stage", { write: () => Promise.reject(full) }, { code: "STORAGE", cause: full }],
    ["by a bug", { write: () => Promise.reject(bug) }, bug],
    [
      "in the manifest",
      {
        manifest: () => {
          throw bug;
        },
      },
      bug,
    ],
    ["by a manifest without files", { manifest: () => ({}) }, { code: "INTERNAL" }],
    ["by a manifest with other files", { manifest: () => ({ files: [] }) }, { code: "INTERNAL" }],
    [
      "by a manifest of NaN",
      { manifest: (files) => ({ files, x: Number.NaN }) },
      { code: "INTERNAL", where: "$.x" },
    ],
    [
      "by a manifest with a seal of its own",
      { manifest: (files) => ({ manifest_sha256: "", files }) },
      { code: "INTERNAL" },
    ],
    [
      "by a stage that writes the manifest",
      { write: async (f) => writeFileSync(join(f, "manifest.json"), "{}") },
      { code: "INTERNAL" },
    ],
    ["by a link", { write: async (f) => symlinkSync("/etc/passwd", join(f, "a")) }, { code: "INTERNAL" }],
    [
      "by a name that is unsafe elsewhere",
      { write: async (f) => writeFileSync(join(f, "con.txt"), "") },
      { code: "PATH_UNSAFE" },
    ],
    ["by an unsafe version", { version: "../../../../x" }, { code: "PATH_UNSAFE" }],
    ["by a version in capitals", { version: "0123456789AB" }, { code: "PATH_UNSAFE" }],
    ["by an unsafe pointer", { pointer: "../latest.json" }, { code: "PATH_UNSAFE" }],
    ["by an abort before", { signal: AbortSignal.abort("why") }, { code: "INTERRUPTED", cause: "why" }],
  ])("%s leaves everything as it was", async (_, more, error) => {
    const root = temporaryFolder();
    await commitVersion(request(root, OLD));
    const before = bytesOf(root);
    await expect(commitVersion(request(root, NEW, more))).rejects.toMatchObject(error);
    expect(bytesOf(root)).toEqual(before);
    expect(readdirSync(root).sort()).toEqual([OLD, POINTER]);
    await commitVersion(request(root, NEW));
    expect(await readPointer(root, POINTER)).toBe(NEW);
  });

  it("says INTERRUPTED whatever the stage throws on an abort, and stops a stage that does not look", async () => {
    const root = temporaryFolder();
    for (const reaction of [() => Promise.reject(new Error("aborted")), () => Promise.resolve()]) {
      const controller = new AbortController();
      const write = (): Promise<void> => {
        controller.abort();
        return reaction();
      };
      const commit = commitVersion(request(root, OLD, { write, signal: controller.signal }));
      await expect(commit).rejects.toMatchObject({ code: "INTERRUPTED" });
      expect(readdirSync(root)).toEqual([]);
    }
  });

  it("by a file in the place of the root, says so", async () => {
    const root = join(temporaryFolder(), "file");
    writeFileSync(root, "mine");
    await expect(commitVersion(request(root, OLD))).rejects.toMatchObject({ code: "STORAGE", where: root });
    await expect(commitVersion(request(join(root, "x"), OLD))).rejects.toMatchObject({ code: "STORAGE" });
    expect(readFileSync(root, "utf8")).toBe("mine");
  });
});

describe("writeFileAtomic", () => {
  it("makes the folder, writes text or bytes, replaces what was there", async () => {
    const path = join(temporaryFolder(), "a", "b", "run.json");
    await writeFileAtomic(path, "é\n");
    expect(readFileSync(path)).toEqual(Buffer.from("é\n"));
    await writeFileAtomic(path, Uint8Array.of(0, 255));
    expect(readFileSync(path)).toEqual(Buffer.from([0, 255]));
    await writeFileAtomic(path, "");
    expect(readFileSync(path, "utf8")).toBe("");
    expect(readdirSync(join(path, ".."))).toEqual(["run.json"]);
  });

  it("takes names of any length that the file system takes", async () => {
    const folder = temporaryFolder();
    for (const name of ["a".repeat(255), "語".repeat(85)]) {
      await writeFileAtomic(join(folder, name), "x");
      expect(readFileSync(join(folder, name), "utf8")).toBe("x");
    }
    await expect(writeFileAtomic(join(folder, "a".repeat(256)), "x")).rejects.toMatchObject({
      code: "STORAGE",
    });
    expect(readdirSync(folder)).toHaveLength(2);
  });

  it("replaces a link, and not what it leads to", async () => {
    const folder = temporaryFolder();
    const elsewhere = join(temporaryFolder(), "mine");
    writeFileSync(elsewhere, "mine");
    symlinkSync(elsewhere, join(folder, "out"));
    await writeFileAtomic(join(folder, "out"), "new");
    expect(readFileSync(elsewhere, "utf8")).toBe("mine");
    expect(readFileSync(join(folder, "out"), "utf8")).toBe("new");
  });

  it("leaves no temporary where the target is a folder", async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, "out", "in"), { recursive: true });
    await expect(writeFileAtomic(join(folder, "out"), "x")).rejects.toMatchObject({ code: "STORAGE" });
    expect(readdirSync(folder)).toEqual(["out"]);
  });

  it("never shows a reader anything but one of the two contents", async () => {
    const path = join(temporaryFolder(), "file");
    const contents = ["a".repeat(100_000), "b".repeat(50_000)] as const;
    await writeFileAtomic(path, contents[0]);
    let writing = true;
    const writer = (async () => {
      for (let i = 0; i < 60; i++) await writeFileAtomic(path, contents[i % 2 === 0 ? 1 : 0]);
      writing = false;
    })();
    while (writing) {
      expect(contents).toContain(readFileSync(path, "utf8"));
      await new Promise(setImmediate);
    }
    await writer;
  });
});

describe("a version that a run is writing into", () => {
  it("verifies all the while, as only run.json changes", async () => {
    const root = temporaryFolder();
    const folder = await commitVersion(request(root, OLD));
    writeFileSync(join(folder, temporaryName("run.json", await newRunId())), "{");
    expect(await verifyVersion(folder)).toEqual([]);
    writeFileSync(join(folder, ".run.json.tmp"), "{");
    expect(await verifyVersion(folder)).toEqual([
      { file: ".run.json.tmp", problem: "is not in the manifest" },
    ]);
  });
});
