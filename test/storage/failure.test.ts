// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ModelpackError } from "../../src/core/error.ts";
import { commitVersion, verifyVersion } from "../../src/storage/commit.ts";
import { errnoOf, guarded, storageFailure } from "../../src/storage/failure.ts";
import { canMount, childScript, countCalls, hasStrace, run, runInjected } from "../support/child.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { bytesOf, NEW, OLD, POINTER, request } from "../support/version.ts";

const SCRIPT = childScript("commit-child.mjs");

function refused(errno: string): Error {
  return Object.assign(new Error(`${errno}: refused`), { code: errno, syscall: "write" });
}

describe("storageFailure", () => {
  it.each<[string, string]>([
    ["ENOSPC", "free some space"],
    ["EDQUOT", "free some space"],
    ["EIO", "check the disk"],
    ["EMFILE", "ulimit -n"],
    ["EFBIG", "ulimit -f"],
    ["EROFS", "permissions"],
    ["EACCES", "permissions"],
    ["ENOTDIR", "another path"],
    ["EWHATEVER", "run the same command again"],
  ])("says the path, the errno, the bytes and what to do: %s", (errno, hint) => {
    const cause = refused(errno);
    const error = storageFailure(cause, "write", "/out/a", 1234);
    expect(error).toBeInstanceOf(ModelpackError);
    expect(error).toMatchObject({
      code: "STORAGE",
      message: expect.stringMatching(new RegExp(`^cannot write /out/a \\(1234 bytes\\): .+ \\(${errno}\\)$`)),
      where: "/out/a",
      hint: expect.stringContaining(hint),
      cause,
    });
  });

  it("leaves other errors as they are", async () => {
    const bug = new TypeError("bug");
    const abort = Object.assign(new Error("aborted"), { code: "ABORT_ERR" });
    for (const error of [bug, abort, "text", undefined, new ModelpackError("INTERNAL", "x")]) {
      expect(storageFailure(error, "write", "/out")).toBe(error);
      expect(errnoOf(error)).toBeNull();
    }
    await expect(guarded("write", "/out", () => Promise.reject(bug))).rejects.toBe(bug);
  });
});

interface Attempt {
  readonly code?: string;
  readonly message: string;
  readonly hint?: string;
  readonly folder?: string;
  readonly left: readonly string[];
}

function expectAsBefore(attempt: Attempt, errno: string, root: string, at: string): void {
  expect(attempt, at).toMatchObject({ code: "STORAGE", hint: expect.any(String) });
  expect(attempt.message, at).toContain(errno);
  expect(attempt.message, at).toContain(root);
  // Only a failure after the rename leaves the new version, and then it is whole.
  expect(attempt.left.filter((name) => name !== NEW).sort(), at).toEqual([OLD, POINTER]);
}

function child(root: string, more: object = {}): readonly string[] {
  return [SCRIPT, JSON.stringify({ root, version: NEW, ...more })];
}

const failing: readonly [string, readonly string[]][] = [
  ["mkdir", ["EACCES", "EROFS", "ENOSPC"]],
  ["pwrite64", ["ENOSPC", "EDQUOT", "EFBIG", "EIO"]],
  ["fsync", ["EIO", "ENOSPC", "EDQUOT"]],
  ["rename", ["EIO", "EACCES", "ENOSPC"]],
];

describe.skipIf(!hasStrace)("a system call that fails (needs strace)", () => {
  it.each(failing)(
    "%s, at each call: all is as before, and the same process can try again",
    async (call, errnos) => {
      const counted = temporaryFolder();
      await commitVersion(request(counted, OLD));
      const count = countCalls([call], child(counted), temporaryFolder()).get(call) ?? 0;
      expect(count).toBeGreaterThan(0);
      const whole = bytesOf(counted);
      for (let when = 1; when <= count; when++) {
        const errno = errnos[when % errnos.length] ?? "";
        const at = `${call} ${when} of ${count} with ${errno}`;
        const root = temporaryFolder();
        await commitVersion(request(root, OLD));
        // Each thread has a count of its own, and two of them make folders: two attempts may fail.
        const { lines } = runInjected(`${call}:error=${errno}:when=${when}`, child(root, { attempts: 3 }));
        const attempts = lines as readonly Attempt[];
        const failed = attempts.filter((attempt) => attempt.code !== undefined);
        expect(failed.length, at).toBeGreaterThan(0);
        for (const attempt of failed) expectAsBefore(attempt, errno, root, at);
        expect(attempts[2]?.folder, at).toBe(join(root, NEW));
        expect(bytesOf(root), at).toEqual(whole);
      }
    },
  );
});

describe("a real limit", () => {
  it.skipIf(!canMount)(
    "a full disk: resumes in the same process when there is space (needs root that may mount)",
    () => {
      const disk = temporaryFolder();
      // The first attempt meets a full disk; it removes `filler` before the second.
      const script = `
      mount -t tmpfs -o size=256k tmpfs "$1" || exit 9
      head -c 220k /dev/zero > "$1/filler"
      exec "$0" "$2" "$3"`;
      const options = {
        root: join(disk, "out"),
        version: NEW,
        attempts: 2,
        fileBytes: 60_000,
        free: join(disk, "filler"),
      };
      const { lines } = run("unshare", [
        "--mount",
        "sh",
        "-c",
        script,
        process.execPath,
        disk,
        SCRIPT,
        JSON.stringify(options),
      ]);
      expect(lines).toMatchObject([
        { code: "STORAGE", message: expect.stringContaining("ENOSPC"), left: [] },
        { folder: join(disk, "out", NEW), left: [NEW, POINTER] },
      ]);
    },
  );

  it.each(["before", "after"])(
    "too many open files, %s the first look at this process: goes on when some are closed",
    async (openFiles) => {
      const root = temporaryFolder();
      const limited = 'ulimit -n 64 && exec "$0" "$@"';
      const { lines } = run("sh", [
        "-c",
        limited,
        process.execPath,
        ...child(root, { attempts: 2, openFiles }),
      ]);
      expect(lines).toMatchObject([
        {
          code: "STORAGE",
          message: expect.stringContaining("EMFILE"),
          hint: expect.stringContaining("ulimit -n"),
        },
        { folder: join(root, NEW), left: [NEW, POINTER] },
      ]);
      expect(await verifyVersion(join(root, NEW))).toEqual([]);
    },
  );

  it("a file larger than is allowed", () => {
    const root = temporaryFolder();
    const limited = 'ulimit -f 8 && exec "$0" "$@"';
    const { lines } = run("sh", ["-c", limited, process.execPath, ...child(root, { fileBytes: 100_000 })]);
    expect(lines).toMatchObject([{ code: "STORAGE", message: expect.stringContaining("EFBIG"), left: [] }]);
  });
});
