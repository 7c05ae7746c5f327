// SPDX-License-Identifier: Apache-2.0
import { readdirSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { commitVersion, readPointer, writeFileAtomic } from "../../src/storage/commit.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { bytesOf, NEW, OLD, POINTER, request } from "../support/version.ts";

/** How many files close well before one does not; null for no failure. */
const closes = vi.hoisted(() => ({ untilFailure: null as number | null, errno: "" }));

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  const open = async (...args: Parameters<typeof real.open>): Promise<FileHandle> => {
    const handle = await real.open(...args);
    const close = handle.close.bind(handle);
    handle.close = async () => {
      await close();
      if (closes.untilFailure === null || closes.untilFailure-- > 0) return;
      closes.untilFailure = null;
      throw Object.assign(new Error(closes.errno), { code: closes.errno, syscall: "close" });
    };
    return handle;
  };
  return { ...real, open };
});

function failClose(errno: string, after: number): void {
  closes.errno = errno;
  closes.untilFailure = after;
}

describe("a close that fails, as a network disk may report a lost write", () => {
  it("fails the commit at any file, and the same process can try again", async () => {
    const counted = temporaryFolder();
    await commitVersion(request(counted, OLD));
    failClose("EIO", 1000);
    await commitVersion(request(counted, NEW));
    const count = 1000 - (closes.untilFailure ?? 0);
    expect(count).toBeGreaterThan(8);
    const whole = bytesOf(counted);
    for (let after = 0; after < count; after++) {
      const root = temporaryFolder();
      await commitVersion(request(root, OLD));
      failClose("EIO", after);
      await commitVersion(request(root, NEW)).then(
        // Only the close of the old pointer, which is being replaced, does not matter.
        () => expect(after).toBe(count - 3),
        (error: unknown) =>
          expect(error).toMatchObject({ code: "STORAGE", message: expect.stringContaining("EIO") }),
      );
      expect(
        readdirSync(root)
          .filter((name) => name !== NEW)
          .sort(),
      ).toEqual([OLD, POINTER]);
      await commitVersion(request(root, NEW));
      expect(await readPointer(root, POINTER)).toBe(NEW);
      expect(bytesOf(root)).toEqual(whole);
    }
  });

  it("fails the write of a single file and keeps the old one", async () => {
    const folder = temporaryFolder();
    await writeFileAtomic(join(folder, "a"), "old");
    failClose("EDQUOT", 0);
    const message = expect.stringContaining("(3 bytes)");
    await expect(writeFileAtomic(join(folder, "a"), "new")).rejects.toMatchObject({
      code: "STORAGE",
      message,
    });
    expect(bytesOf(folder)).toEqual({ a: "old" });
  });
});
