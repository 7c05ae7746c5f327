// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { replaceFile } from "../../src/storage/replacement.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

describe("replaceFile", () => {
  it("puts in place what is written, whole, and returns what the writer says", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "sub", "a.csv");
    const rows = await replaceFile(path, async (temporary) => {
      expect(temporary).not.toBe(path);
      await writeFile(temporary, "new");
      return 7;
    });
    expect([rows, readFileSync(path, "utf8"), readdirSync(join(folder, "sub"))]).toEqual([
      7,
      "new",
      ["a.csv"],
    ]);
  });

  it("leaves the old file and nothing else where the writer fails half way", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "a.csv");
    writeFileSync(path, "old");
    const failing = replaceFile(path, async (temporary) => {
      await writeFile(temporary, "ha");
      throw new Error("disk");
    });
    await expect(failing).rejects.toThrow("disk");
    expect([readFileSync(path, "utf8"), readdirSync(folder)]).toEqual(["old", ["a.csv"]]);
  });

  it("replaces a link, not what it leads to", async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "target"), "kept");
    symlinkSync(join(folder, "target"), join(folder, "link"));
    await replaceFile(join(folder, "link"), (temporary) => writeFile(temporary, "new"));
    expect(readFileSync(join(folder, "target"), "utf8")).toBe("kept");
    expect(readFileSync(join(folder, "link"), "utf8")).toBe("new");
  });
});
